#ifndef TOKENS_H
#define TOKENS_H

/*
 * Adds the tokens of a trace up, each once: those of a span that has counts,
 * unless a span below it has some. Agents sum their calls up, and two libraries
 * often record the same call.
 *
 * The facts about the spans wait in a spool. Adding them up takes 32 bytes for
 * each span of the trace, and only if more than one has counts.
 */
#include <stddef.h>

#include "spool.h"

struct otlpspan;

enum { TOKENS_COUNTS = 3 };	/* prompt, completion, total */

/* Zeroed memory is an empty one. */
struct tokens {
	struct chain facts;
	size_t spans;		/* spans in the chain */
	size_t counted;		/* spans in it with counts above 0 */
	int known;		/* 1: a span has counts */
	double sum[TOKENS_COUNTS];	/* sums over all spans with counts */
};

/*
 * Notes a span, in place of what was noted of the one with the same id before.
 * Returns 0, or -1 if the spool failed.
 */
int tokens_add(struct tokens *t, struct spool *s, const struct otlpspan *span);

/*
 * Sets t->sum to the sum over the spans that count. Returns 0, or -1 if the
 * spool failed.
 */
int tokens_finish(struct tokens *t, struct spool *s);

#endif
