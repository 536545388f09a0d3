#ifndef REORDER_H
#define REORDER_H

/*
 * Puts lines that are finished in any order into the order of their numbers,
 * 0, 1, 2 and so on. Those that come early are kept. Zeroed memory is an empty
 * one.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

struct reorder {
	struct buf *early;	/* a ring: number n is at n modulo cap */
	size_t cap;
	uint64_t next;		/* the number that comes out next */
	size_t held;		/* bytes that wait */
	size_t waiting;		/* lines that wait */
};

/*
 * Takes over the line of a number, which leaves line empty, and appends to out
 * all lines whose turn it is now.
 */
void reorder_add(struct reorder *r, uint64_t number, struct buf *line,
    struct buf *out);

/* Appends what waits, in order, though numbers are missing; frees all. */
void reorder_end(struct reorder *r, struct buf *out);

#endif
