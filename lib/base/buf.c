#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "large.h"
#include "util.h"
#include "buf.h"

#define SMALLEST 128		/* bytes; most records then grow once or twice */

void
buf_release(struct buf *b)
{
	large_free(b->p, b->cap);
	memset(b, 0, sizeof(*b));
}

void
buf_reset(struct buf *b)
{
	if (b->cap >= LARGE_LEAST && large_is_mapped(b->p))
		buf_release(b);
	b->len = 0;
}

char *
buf_detach(struct buf *b, size_t *len)
{
	char *p;

	/* the caller may keep it for long: free the spare memory */
	buf_str(b);
	if (len)
		*len = b->len;
	if (b->cap >= LARGE_LEAST) {
		p = xmemdup(b->p, b->len);
		buf_release(b);
		return p;
	}
	p = xrealloc(b->p, b->len + 1);
	memset(b, 0, sizeof(*b));
	return p;
}

void
buf_grow(struct buf *b, size_t n)
{
	if (n >= SIZE_MAX - b->len)
		die_memory(n);
	if (b->len + n + 1 >= LARGE_LEAST || b->cap >= LARGE_LEAST / 2) {
		b->p = large_grow(b->p, b->len, &b->cap, b->len + n + 1);
		return;
	}
	b->cap = grow(b->cap ? b->cap : SMALLEST / 2, b->len + n + 1);
	b->p = xrealloc(b->p, b->cap);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!n)
		return;
	memcpy(buf_room(b, n), p, n);
	b->len += n;
}

void
buf_fill(struct buf *b, char c, size_t n)
{
	if (!n)
		return;
	memset(buf_room(b, n), c, n);
	b->len += n;
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	buf_room(b, 64);
	va_copy(again, ap);
	n = vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
	if (n < 0)
		die_memory(0);
	if ((size_t)n >= b->cap - b->len) {
		buf_room(b, (size_t)n);
		vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	b->len += (size_t)n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_uint(struct buf *b, unsigned long long n)
{
	char text[24], *p = text + sizeof(text);

	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void
buf_int(struct buf *b, long long n)
{
	if (n < 0)
		buf_byte(b, '-');
	buf_uint(b, n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n);
}

void
buf_digits(struct buf *b, unsigned long long n, unsigned width)
{
	char *p = buf_room(b, width) + width;

	b->len += width;
	for (; width > 0; width--, n /= 10)
		*--p = (char)('0' + n % 10);
}

void
buf_hex(struct buf *b, uint64_t n, unsigned width)
{
	hex_write(buf_room(b, width), n, width);
	b->len += width;
}

void
buf_fixed2(struct buf *b, double d)
{
	unsigned long long n;
	double rest;

	/* near a half, rounding needs all digits: leave that to printf */
	if (!signbit(d) && d < 1e7) {
		n = (unsigned long long)(d * 100);
		rest = d * 100 - (double)n;
		if (rest < 0.499 || rest > 0.501) {
			n += rest > 0.5;
			buf_uint(b, n / 100);
			buf_byte(b, '.');
			buf_digits(b, n, 2);
			return;
		}
	}
	buf_printf(b, "%.2f", d);
}

void
buf_splice(struct buf *b, size_t at, size_t n, const void *p, size_t m)
{
	if (m > n)
		buf_room(b, m - n);
	memmove(b->p + at + m, b->p + at + n, b->len - at - n);
	if (m)
		memcpy(b->p + at, p, m);
	b->len = b->len - n + m;
}

void
buf_replace(struct buf *b, size_t from, const void *p, size_t n,
    const char *by)
{
	const unsigned char first = *(const unsigned char *)p;
	const char *at;
	size_t m = strlen(by);

	while (b->len - from >= n && (at = memchr(b->p + from, first,
	    b->len - from - n + 1))) {
		from = (size_t)(at - b->p);
		if (memcmp(at, p, n)) {
			from++;
		} else {
			buf_splice(b, from, n, by, m);
			from += m;
		}
	}
}

char *
buf_str(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return b->p;
}
