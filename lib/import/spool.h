#ifndef SPOOL_H
#define SPOOL_H

/*
 * Pieces of text that are put away and fetched later, in a temporary file
 * (spill.h) as soon as there are many. Pieces can be linked into chains, so that what
 * belongs together is found again without an index of all pieces. First all
 * pieces are put, then they are fetched.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

struct spool {
	int fd;			/* of the temporary file; 0: none yet */
	uint64_t flushed;	/* bytes that are in it */
	struct buf *tail;	/* those behind them */
	char *window;		/* a part of the file, for reading */
	uint64_t window_at;
	size_t window_len;
	int error;		/* errno of the first thing that failed, or 0 */
};

/* Zeroed memory is an empty chain. */
struct chain {
	uint64_t first;
	uint64_t last;
};

/* Zeroed memory is an empty shelf; release removes its file. */
void spool_release(struct spool *s);

/*
 * Puts n bytes away. Returns their place, never 0, or 0 with s->error set.
 * With a chain they become its last piece.
 */
uint64_t spool_put(struct spool *s, struct chain *c, const void *p, size_t n);

/*
 * Appends the piece at that place to b. Returns 0, with *next set to the place
 * of the next piece of its chain or 0, or -1 with s->error set.
 */
int spool_get(struct spool *s, uint64_t place, struct buf *b, uint64_t *next);

#endif
