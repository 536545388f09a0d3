#ifndef BUF_H
#define BUF_H

/*
 * A growing run of bytes. Zeroed memory is an empty one. The bytes may hold
 * NULs; there is always room for one more byte, and buf_str puts a NUL there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *p;
	size_t len;
	size_t cap;
};

/* Frees the memory and makes it empty. */
void buf_release(struct buf *b);

/* Hands the memory over, NUL-terminated, to a caller who frees it. */
char *buf_detach(struct buf *b, size_t *len);

/* Makes room for n more bytes, which it does not have. For buf_room. */
void buf_grow(struct buf *b, size_t n);

/* Makes room for n more bytes and returns where they go; len is unchanged. */
static inline char *
buf_room(struct buf *b, size_t n)
{
	if (b->cap - b->len <= n)
		buf_grow(b, n);
	return b->p + b->len;
}

/* Append one byte, n bytes, a string, n times the same byte, formatted text. */
static inline void
buf_byte(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->len++;
}

void buf_add(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_fill(struct buf *b, char c, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/*
 * The same as buf_printf with %llu, %lld and %.2f, but quicker; the last width
 * decimal digits of n, with zeros in front; the last width hexadecimal ones.
 */
void buf_uint(struct buf *b, unsigned long long n);
void buf_int(struct buf *b, long long n);
void buf_fixed2(struct buf *b, double d);
void buf_digits(struct buf *b, unsigned long long n, unsigned width);
void buf_hex(struct buf *b, uint64_t n, unsigned width);

/* Replaces the n bytes at offset at by m others. */
void buf_splice(struct buf *b, size_t at, size_t n, const void *p, size_t m);

/* The contents as a C string, borrowed until the next change. */
char *buf_str(struct buf *b);

#endif
