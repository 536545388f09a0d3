#ifndef FEED_H
#define FEED_H

/*
 * The text of a file or pipe, of which only a part is in memory. gzip is
 * decompressed; UTF-16 with a byte-order mark becomes UTF-8, with U+FFFD for
 * what is not a character. Positions count the bytes of the text, from 0,
 * without a byte-order mark.
 */
#include <stddef.h>
#include <stdint.h>

struct feed_gzip;

enum feed_kind {
	FEED_PLAIN,
	FEED_GZIP,
	FEED_UTF16_LE,
	FEED_UTF16_BE
};

/* A place in the text, for messages. */
struct feed_place {
	uint64_t pos;
	size_t line;		/* number of its line, from 1 */
	uint64_t line_start;	/* position of the line's first byte */
};

struct feed {
	int fd;			/* the caller closes it */
	enum feed_kind kind;	/* known after the first call of feed_more */
	char *p;		/* the part in memory, then a NUL */
	size_t len;		/* bytes in memory */
	size_t cap;
	uint64_t base;		/* position of p[0] */
	struct feed_place mark;	/* counted so far; not before base */
	int eof;		/* 1: nothing follows */
	int error;		/* errno of a failed read, or 0 */
	const char *damage;	/* why the text ends too early, or NULL */
	char *raw;		/* bytes before conversion */
	size_t raw_len;
	size_t raw_at;		/* index of the first byte not converted */
	unsigned high;		/* first half of a surrogate pair, or 0 */
	struct feed_gzip *gzip;
};

void feed_init(struct feed *f, int fd);
void feed_release(struct feed *f);

/*
 * Reads more, and forgets the text before keep. Pointers into the text become
 * invalid. Returns 1, or 0 with f->eof set at the end, which may be early:
 * f->error and f->damage say why.
 */
int feed_more(struct feed *f, uint64_t keep);

/* The text at pos, and the number of its bytes that are in memory. */
static inline const char *
feed_at(const struct feed *f, uint64_t pos)
{
	return f->p + (pos - f->base);
}

static inline size_t
feed_has(const struct feed *f, uint64_t pos)
{
	return f->len - (size_t)(pos - f->base);
}

/* The place of pos, which is in memory and not before f->mark. */
struct feed_place feed_locate(const struct feed *f, uint64_t pos);

#endif
