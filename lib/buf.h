#ifndef BUF_H
#define BUF_H

/*
 * A growing run of bytes. Zeroed memory is an empty one. The bytes may hold
 * NULs; there is always room for one more byte, and buf_str puts a NUL there.
 */
#include <stddef.h>

struct buf {
	char *p;
	size_t len;
	size_t cap;
};

/* Frees the memory and makes it empty. */
void buf_release(struct buf *b);

/* Hands the memory over, NUL-terminated, to a caller who frees it. */
char *buf_detach(struct buf *b, size_t *len);

/* Makes room for n more bytes and returns where they go; len is unchanged. */
char *buf_room(struct buf *b, size_t n);

/* Append n bytes, one byte, a string, n times the same byte, formatted text. */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_byte(struct buf *b, char c);
void buf_puts(struct buf *b, const char *s);
void buf_fill(struct buf *b, char c, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same as buf_printf with %llu and %.2f, but quicker. */
void buf_uint(struct buf *b, unsigned long long n);
void buf_fixed2(struct buf *b, double d);

/* Replaces the n bytes at offset at by m others. */
void buf_splice(struct buf *b, size_t at, size_t n, const void *p, size_t m);

/* The contents as a C string, borrowed until the next change. */
char *buf_str(struct buf *b);

#endif
