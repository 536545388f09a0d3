#ifndef LINE_H
#define LINE_H

/*
 * Reads a file or pipe line by line. The length of a line is limited by memory
 * only.
 */
#include <stddef.h>
#include <stdint.h>

struct line_reader {
	int fd;
	char *buf;
	size_t cap;
	size_t start;		/* index of the first unread byte in buf */
	size_t end;		/* index after the last byte in buf */
	size_t seen;		/* bytes from start known to have no newline */
	uint64_t offset;	/* offset of buf[start] in the stream */
	int eof;
	int eager;		/* 1: return LINE_LATER instead of blocking */
	size_t number;		/* number of the line last read, from 1 */
};

struct line {
	const char *p;		/* text without the newline, then a NUL */
	size_t n;		/* length of the text in bytes */
	uint64_t offset;	/* offset of the text in the stream */
	int whole;		/* 1: it ended in a newline */
};

/* Starts reading fd, which the caller closes. */
void line_init(struct line_reader *r, int fd);
void line_release(struct line_reader *r);

/*
 * Reads the next line, which is borrowed until the next call. A byte-order mark
 * at the beginning of the stream is skipped. Returns 1; 0 at the end; -1 with
 * errno set; or, if eager is set, LINE_LATER when no whole line is available
 * yet.
 */
#define LINE_LATER 2
int line_next(struct line_reader *r, struct line *l);

/* Whether the next line has been read already, so that line_next cannot block. */
int line_is_here(const struct line_reader *r);

#endif
