#ifndef ERROR_PRONE_H
#define ERROR_PRONE_H

/* Careless writing; the strategy error_prone. */
#include "strategy.h"

/* A few slips of the fingers, as a step. */
int error_prone_slip(struct work *w, struct span in, struct buf *out);

#endif
