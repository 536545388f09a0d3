#ifndef VERBOSE_H
#define VERBOSE_H

/* Parts of a message at length; the strategy verbose. */
#include <stddef.h>

#include "strategy.h"

/* What surrounds a matter in the language, or NULL. */
const struct manner *verbose_manner(enum lang l);

/* The text without phrases of its language: repeated, listed, quoted. */
int verbose_neutral(struct work *w);

/* The i-th of a list, which begins anew after its end. */
const char *verbose_pick(const char *const *list, size_t i);

#endif
