#ifndef CONTENT_H
#define CONTENT_H

/*
 * Chooses the spans of a trace that its input and its output are from. They
 * are the root's. If the root has none, the question is the first input below
 * it, and the answer is the last one that a model or an agent gave: what tools
 * give back is not an answer, nor is what other steps do if the root failed.
 */
#include <stdint.h>

struct otlpspan;

/* The rank of the best span so far; zeroed memory: none yet. */
struct content {
	int class;		/* 0: no span can be it yet */
	uint64_t first;		/* nanoseconds; the later is better */
	uint64_t second;	/* likewise, of those with the same first */
	uint64_t id;		/* hash of the span's id; 0: it has none */
};

/*
 * Returns 1, and sets *c to its rank, if the span is better than those before
 * as the one with the input (side 0) or the output (side 1), or if it is the
 * same span as the best so far, with other content.
 */
int content_is_better(struct content *c, struct otlpspan *s, int side);

#endif
