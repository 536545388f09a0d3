#ifndef REORDER_H
#define REORDER_H

/*
 * A reorder buffer: puts lines that come in any order into the order of their
 * numbers 0, 1, 2 and so on. Zeroed memory is an empty one.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

struct reorder {
	struct buf *early;	/* a ring: number n is at n modulo cap */
	size_t cap;
	uint64_t next;		/* the number to write next */
	size_t held;		/* bytes of waiting lines */
	size_t waiting;		/* number of waiting lines */
};

/*
 * Takes over the contents of line, which is then empty, and appends to out all
 * lines whose turn has come.
 */
void reorder_add(struct reorder *r, uint64_t number, struct buf *line,
    struct buf *out);

/* Appends all waiting lines in order, skipping missing numbers, and frees. */
void reorder_end(struct reorder *r, struct buf *out);

#endif
