#ifndef SPOOL_H
#define SPOOL_H

/*
 * An append-only store of pieces of text, in memory or, once it is large, in a
 * temporary file (spill.h). Pieces are linked into chains, so that no index of
 * all pieces is needed.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

struct spool {
	int fd;			/* temporary file; 0: none yet */
	uint64_t flushed;	/* bytes in the file */
	struct buf *tail;	/* bytes that are not in the file yet */
	char *window;		/* a part of the file, for reading */
	uint64_t window_at;	/* offset of the window in the file */
	size_t window_len;	/* bytes in the window */
	int error;		/* errno of the first failure, or 0 */
};

/* Zeroed memory is an empty chain. */
struct chain {
	uint64_t first;		/* place of the first piece, or 0 */
	uint64_t last;		/* place of the last piece, or 0 */
};

/* Zeroed memory is an empty spool. Releasing a spool removes its file. */
void spool_release(struct spool *s);

/*
 * Stores n bytes as a piece, the last one of the chain unless c is NULL.
 * Returns the place of the piece, or 0 with s->error set.
 */
uint64_t spool_put(struct spool *s, struct chain *c, const void *p, size_t n);

/*
 * Appends the piece at place to b and sets *next to the place of the next piece
 * of its chain, or 0. Returns 0, or -1 with s->error set.
 */
int spool_get(struct spool *s, uint64_t place, struct buf *b, uint64_t *next);

#endif
