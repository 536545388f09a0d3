#ifndef LINESTORE_H
#define LINESTORE_H

/*
 * Lines that are kept until they are read, in the order in which they were
 * added: in memory or, once they are many, in a temporary file (spill.h).
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "line.h"

struct linestore {
	int dir;		/* folder of the temporary file (spill.h) */
	int fd;			/* temporary file; -1: none */
	uint64_t written;	/* bytes in the file */
	struct buf tail;	/* the lines after those */
	struct line_reader in;
};

void linestore_init(struct linestore *s, int dir);
void linestore_release(struct linestore *s);

/*
 * Adds a line of n bytes, none of which is a newline. Returns 0, or -1 with
 * errno set.
 */
int linestore_add(struct linestore *s, const void *line, size_t n);

/*
 * Ends the adding; then linestore_next reads line after line, as line_next
 * does. Returns 0, or -1 with errno set.
 */
int linestore_end(struct linestore *s);
int linestore_next(struct linestore *s, struct line *l);

#endif
