#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "buf.h"
#include "utf8.h"

/*
 * What may follow a lead byte, from RFC 3629 section 4: how long the whole is
 * and the range of the second byte. Every later byte is 80..BF.
 */
static size_t
lead(unsigned char c, unsigned char *lo, unsigned char *hi)
{
	*lo = 0x80;
	*hi = 0xbf;
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (c < 0xe0)
		return 2;
	if (c == 0xe0)
		*lo = 0xa0;
	else if (c == 0xed)
		*hi = 0x9f;
	else if (c == 0xf0)
		*lo = 0x90;
	else if (c == 0xf4)
		*hi = 0x8f;
	return c < 0xf0 ? 3 : 4;
}

/* Returns the length of the valid character at s, 0 if there is none. */
static size_t
valid(const unsigned char *s, size_t n)
{
	unsigned char lo, hi;
	size_t len, i;

	len = lead(s[0], &lo, &hi);
	if (len < 2)
		return len;
	if (len > n || s[1] < lo || s[1] > hi)
		return 0;
	for (i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* Returns the number of ASCII bytes at the start, by steps of eight. */
static size_t
ascii_run(const char *s, size_t n)
{
	uint64_t w;
	size_t i;

	for (i = 0; n - i >= 8; i += 8) {
		memcpy(&w, s + i, 8);
		if (w & 0x8080808080808080u)
			break;
	}
	while (i < n && !(s[i] & 0x80))
		i++;
	return i;
}

/* utf8_check character by character, from i on, where one begins. */
static size_t
check_slowly(const char *s, size_t n, size_t i)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len;

	for (;;) {
		i += ascii_run(s + i, n - i);
		/* runs of one script stay here */
		while (i < n && u[i] & 0x80) {
			if (n - i >= 3 && u[i] > 0xe0 && u[i] < 0xf0 &&
			    u[i] != 0xed && (u[i + 1] & 0xc0) == 0x80 &&
			    (u[i + 2] & 0xc0) == 0x80) {
				i += 3;
				continue;
			}
			len = valid(u + i, n - i);
			if (!len)
				return i;
			i += len;
		}
		if (i == n)
			return n;
	}
}

#if defined(__SSE2__) && !defined(JSON_PORTABLE)
/* A bit for each byte of v that is at least c, the lowest for the first. */
static inline unsigned
at_least(__m128i v, unsigned char c)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v,
	    _mm_max_epu8(v, _mm_set1_epi8((char)c))));
}

static inline unsigned
equal(__m128i v, unsigned char c)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v,
	    _mm_set1_epi8((char)c)));
}

/*
 * Checks 16 bytes at a time, as sets of bits: the continuation bytes must be
 * those that the lead bytes require, and some lead bytes restrict the byte
 * after them (lead). The bits above 16 carry over to the next block.
 */
size_t
utf8_check(const char *s, size_t n)
{
	unsigned c0, e0, f0, a0, x90, wanted = 0, bad;
	unsigned low3 = 0, high3 = 0, low4 = 0, high4 = 0;
	__m128i v;
	size_t i;

	for (i = 0; n - i >= 16; i += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
		if (!((unsigned)_mm_movemask_epi8(v) | wanted))
			continue;
		c0 = at_least(v, 0xc0);
		e0 = at_least(v, 0xe0);
		f0 = at_least(v, 0xf0);
		a0 = at_least(v, 0xa0);
		wanted |= c0 << 1 | e0 << 2 | f0 << 3;
		bad = (wanted & 0xffff) ^ ((unsigned)_mm_movemask_epi8(v) &
		    ~c0);
		bad |= equal(_mm_and_si128(v, _mm_set1_epi8((char)0xfe)),
		    0xc0) | at_least(v, 0xf5);
		low3 |= equal(v, 0xe0) << 1;
		high3 |= equal(v, 0xed) << 1;
		bad |= (low3 & ~a0 & 0xffff) | (high3 & a0);
		low3 >>= 16;
		high3 >>= 16;
		/* few characters have four bytes */
		if (f0 | low4 | high4) {
			x90 = at_least(v, 0x90);
			low4 |= equal(v, 0xf0) << 1;
			high4 |= equal(v, 0xf4) << 1;
			bad |= (low4 & ~x90 & 0xffff) | (high4 & x90);
			low4 >>= 16;
			high4 >>= 16;
		}
		if (bad)
			break;
		wanted >>= 16;
	}
	while (i > 0 && (s[i - 1] & 0xc0) == 0x80)
		i--;
	if (i > 0 && (s[i - 1] & 0x80))
		i--;
	return check_slowly(s, n, i);
}
#else
size_t
utf8_check(const char *s, size_t n)
{
	return check_slowly(s, n, 0);
}
#endif

int
utf8_is_cut(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned char lo, hi;
	size_t len, i;

	len = n ? lead(u[0], &lo, &hi) : 0;
	if (n >= len || (n > 1 && (u[1] < lo || u[1] > hi)))
		return 0;
	for (i = 2; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return 1;
}

size_t
utf8_decode(const char *s, size_t n, uint32_t *c)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len, i;

	len = valid(u, n);
	if (!len && n >= 3 && u[0] == 0xed && u[1] >= 0xa0 && u[1] <= 0xbf &&
	    (u[2] & 0xc0) == 0x80)
		len = 3;
	if (!len) {
		*c = 0xfffd;
		return 1;
	}
	*c = len == 1 ? u[0] : u[0] & (0xffU >> (len + 1));
	for (i = 1; i < len; i++)
		*c = *c << 6 | (u[i] & 0x3f);
	return len;
}

size_t
utf8_cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max && (s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

size_t
utf8_encode(char *s, uint32_t c)
{
	static const unsigned char mark[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len, i;

	len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (i = len - 1; i > 0; i--) {
		s[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	s[0] = (char)(len == 1 ? c : mark[len] | c);
	return len;
}

void
utf8_put(struct buf *b, uint32_t c)
{
	b->len += utf8_encode(buf_room(b, 4), c);
}

size_t
utf8_len(const char *s, size_t n)
{
	uint32_t c;
	size_t i, count = 0;

	for (i = 0; i < n; count++)
		i += utf8_decode(s + i, n - i, &c);
	return count;
}
