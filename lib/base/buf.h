#ifndef BUF_H
#define BUF_H

/*
 * Growing buffers of bytes, which may include NULs. Zeroed memory is an empty
 * buffer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *p;		/* contents, with room for one more byte */
	size_t len;		/* bytes used */
	size_t cap;		/* bytes allocated */
};

/* Frees the memory and makes the buffer empty. */
void buf_release(struct buf *b);

/* Makes the buffer empty, and frees memory that is slow (large.h). */
void buf_reset(struct buf *b);

/*
 * Makes the buffer empty and returns its contents, which the caller frees, with
 * a NUL added. *len is their length; len may be NULL.
 */
char *buf_detach(struct buf *b, size_t *len);

/* Reallocates for n more bytes. Called by buf_room only. */
void buf_grow(struct buf *b, size_t n);

/* Makes room for n more bytes and returns where they go; len is unchanged. */
static inline char *
buf_room(struct buf *b, size_t n)
{
	if (b->cap - b->len <= n)
		buf_grow(b, n);
	return b->p + b->len;
}

/* Appends a byte. */
static inline void
buf_byte(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->len++;
}

/* Appends a string; the length of a literal is known to the compiler. */
static inline void
buf_puts(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	memcpy(buf_room(b, n), s, n);
	b->len += n;
}

/* Append n bytes, n times the same byte, formatted text. */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_fill(struct buf *b, char c, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Append a number as %llu, %lld and %.2f do, but faster. */
void buf_uint(struct buf *b, unsigned long long n);
void buf_int(struct buf *b, long long n);
void buf_fixed2(struct buf *b, double d);

/* Append the last width decimal or hexadecimal digits of n, zeros included. */
void buf_digits(struct buf *b, unsigned long long n, unsigned width);
void buf_hex(struct buf *b, uint64_t n, unsigned width);

/* Replaces the n bytes at offset at by the m bytes at p. */
void buf_splice(struct buf *b, size_t at, size_t n, const void *p, size_t m);

/* Replaces the n > 0 bytes at p by a string wherever they are after from. */
void buf_replace(struct buf *b, size_t from, const void *p, size_t n,
    const char *by);

/* Returns the contents with a NUL added, borrowed until the next change. */
char *buf_str(struct buf *b);

#endif
