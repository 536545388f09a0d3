#ifndef LINE_H
#define LINE_H

/*
 * Reads a file or pipe line by line. A line may be as long as memory allows.
 */
#include <stddef.h>
#include <stdint.h>

struct line_reader {
	int fd;
	char *buf;
	size_t cap;
	size_t start;		/* where the unread part begins */
	size_t end;
	size_t seen;		/* bytes from start without a newline */
	uint64_t offset;	/* of buf[start] in the stream */
	int eof;
	int eager;		/* set it to be told instead of to wait */
	size_t number;		/* of the line last read, from 1 */
};

struct line {
	const char *p;		/* without its newline; a NUL stands behind */
	size_t n;
	uint64_t offset;	/* where it begins in the stream */
	int whole;		/* it ended in a newline */
};

/* Starts reading fd, which stays the caller's. */
void line_init(struct line_reader *r, int fd);
void line_release(struct line_reader *r);

/*
 * Reads the next line, which is borrowed until the next call. A byte-order
 * mark at the very beginning is passed over. Returns 1, 0 at the end, -1 with
 * errno set when reading failed, or, if eager is set, LINE_LATER when a whole
 * line is not there yet.
 */
#define LINE_LATER 2
int line_next(struct line_reader *r, struct line *l);

#endif
