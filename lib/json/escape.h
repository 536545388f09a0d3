#ifndef ESCAPE_H
#define ESCAPE_H

/*
 * Escapes in JSON strings: \uXXXX and its surrogate pairs, and writing a
 * character as a string has to hold it.
 */
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

/* Digits have their value and the bit 0x10, other bytes are 0. */
static const unsigned char escape_hex_digit[256] = {
	['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14,
	['5'] = 0x15, ['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19,
	['a'] = 0x1a, ['b'] = 0x1b, ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e,
	['f'] = 0x1f, ['A'] = 0x1a, ['B'] = 0x1b, ['C'] = 0x1c, ['D'] = 0x1d,
	['E'] = 0x1e, ['F'] = 0x1f
};

/* The value of four hexadecimal digits, or -1. */
static inline int
escape_hex4(const char *p)
{
	unsigned a = escape_hex_digit[(unsigned char)p[0]];
	unsigned b = escape_hex_digit[(unsigned char)p[1]];
	unsigned c = escape_hex_digit[(unsigned char)p[2]];
	unsigned d = escape_hex_digit[(unsigned char)p[3]];

	if (!(a & b & c & d & 0x10))
		return -1;
	return (int)((a & 15) << 12 | (b & 15) << 8 | (c & 15) << 4 |
	    (d & 15));
}

/*
 * What each of four digits adds to a sum. Its three low bytes are the UTF-8 of
 * the character, the first byte lowest, as if it had three. Its high byte is
 *
 *	0x40, 0x41	if it has three bytes
 *	0x3f		if it has one or two
 *	0x42		if it is half a surrogate pair
 *
 * and less if not all four are digits.
 */
extern const uint32_t escape_places[4][256];
#define ESCAPE_TWO 0x3f
#define ESCAPE_THREE 0x40
#define ESCAPE_HALF 0x42

static inline uint32_t
escape_sum(const char *p)
{
	return escape_places[0][(unsigned char)p[0]] +
	    escape_places[1][(unsigned char)p[1]] +
	    escape_places[2][(unsigned char)p[2]] +
	    escape_places[3][(unsigned char)p[3]];
}

static inline int
escape_is_high(int c)
{
	return (c & ~0x3ff) == 0xd800;
}

static inline int
escape_is_low(int c)
{
	return (c & ~0x3ff) == 0xdc00;
}

static inline int
escape_is_half(uint32_t c)
{
	return (c & ~0x7ffU) == 0xd800;
}

/* Writes a character as a string has to hold it, in 6 bytes at most. */
static inline char *
escape_put_char(char *o, uint32_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	static const char hex[] = "0123456789abcdef";
	const char *q;

	if (c >= 0x800 && c < 0x10000) {
		o[0] = (char)(0xe0 | c >> 12);
		o[1] = (char)(0x80 | (c >> 6 & 0x3f));
		o[2] = (char)(0x80 | (c & 0x3f));
		return o + 3;
	}
	if (c >= 0x20 && c != '"' && c != '\\')
		return o + utf8_encode(o, c);
	*o++ = '\\';
	if (c && (q = strchr(from, (int)c))) {
		*o++ = to[q - from];
		return o;
	}
	memcpy(o, "u00", 3);
	o[3] = hex[c >> 4];
	o[4] = hex[c & 15];
	return o + 5;
}

/*
 * The low half of the surrogate pair whose high half is escaped at p; 0 if it
 * does not follow.
 */
static inline int
escape_low_half(const char *p, const char *end)
{
	int low;

	if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = escape_hex4(p + 8);
	return escape_is_low(low) ? low : 0;
}

static inline uint32_t
escape_join_halves(int high, int low)
{
	return 0x10000 + (uint32_t)((high & 0x3ff) << 10 | (low & 0x3ff));
}

#endif
