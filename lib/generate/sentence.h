#ifndef SENTENCE_H
#define SENTENCE_H

/* Sentences of a text. */
#include "span.h"

/*
 * Takes the next sentence off the front of rest, without the white space
 * around it. Returns 0 when there is none.
 */
int sentence_next(struct span *rest, struct span *one);

/* The sentence without its stops; sets *query when one is a question mark. */
struct span sentence_without_stop(struct span s, int *query);

#endif
