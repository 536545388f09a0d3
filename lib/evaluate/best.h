#ifndef BEST_H
#define BEST_H

/*
 * select-best: a model compares the outputs of all runs of an input. Their
 * texts are in memory until the last trace was read.
 */
#include <stddef.h>

struct assertion;
struct best;
struct buf;
struct subject;

struct best *best_new(void);
void best_free(struct best *b);

/* Takes the output of a trace for an assertion of this type, and its parts. */
void best_add(struct best *b, struct assertion *a, struct subject *s);

/* Appends a request for each input that has several runs. */
void best_put_requests(struct best *b, const struct subject *s,
    struct buf *out);

#endif
