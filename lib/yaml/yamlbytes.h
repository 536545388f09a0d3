#ifndef YAMLBYTES_H
#define YAMLBYTES_H

/*
 * The bytes of a YAML file, read in pieces and checked: what is handed out is
 * UTF-8 without the characters that YAML forbids. Looking ahead is not limited;
 * bytes that were consumed are forgotten.
 */
#include <stddef.h>

#include "base/err.h"

struct yamlbytes {
	int fd;
	char *buf;
	size_t cap;
	size_t pos;		/* offset in buf of the next byte */
	size_t len;		/* checked bytes in buf */
	size_t raw;		/* bytes in buf; the last may be a cut one */
	size_t base;		/* offset in the file of buf[0] */
	size_t line;		/* line of the next byte, from 1 */
	size_t col;		/* characters of its line before counted */
	size_t counted;		/* offset in buf */
	int ended;		/* 1: read(2) returned the last bytes */
	int saw_end;		/* 1: a byte after the last was asked for */
	struct err fault;	/* why the bytes end before the file does; its
				   line is 1 if bytes are bad, 0 if read(2)
				   failed */
};

void yamlbytes_init(struct yamlbytes *b, int fd);
void yamlbytes_release(struct yamlbytes *b);

/* Makes n more bytes available; returns 0 if there are fewer. */
int yamlbytes_more(struct yamlbytes *b, size_t n);

/* The byte at i from the next, 0 after the end. */
static inline unsigned char
yamlbytes_at(struct yamlbytes *b, size_t i)
{
	if (b->len - b->pos <= i && !yamlbytes_more(b, i + 1))
		return 0;
	return (unsigned char)b->buf[b->pos + i];
}

/*
 * The length of the line break at i from the next byte, or 0. As in YAML 1.1
 * and PyYAML, U+0085, U+2028 and U+2029 are line breaks, too.
 */
size_t yamlbytes_break_at(struct yamlbytes *b, size_t i);

/* Consumes a line break of n bytes. */
void yamlbytes_newline(struct yamlbytes *b, size_t n);

/* The column of the next byte, in characters from 0. */
size_t yamlbytes_column(struct yamlbytes *b);

/* The offset in the file of the next byte. */
static inline size_t
yamlbytes_offset(const struct yamlbytes *b)
{
	return b->base + b->pos;
}

/*
 * If the end was reached and is not that of the file, sets *e to why, with its
 * place, and returns -1; else returns 0.
 */
int yamlbytes_fault(struct yamlbytes *b, struct err *e);

#endif
