#ifndef PURPOSE_H
#define PURPOSE_H

/* What a whole message is for. */
#include "kind.h"

/* The purpose, a PURPOSE_ of phrases.h, of a message with its main sentence. */
char purpose_of(const struct user_text *t);

#endif
