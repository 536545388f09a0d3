#ifndef EIGHT_H
#define EIGHT_H

/*
 * Eight bytes of text in a word, looked at at once. The result of a test is 0 if
 * it holds for none of them. (Alan Mycroft's test for a zero byte, as in "Bit
 * Twiddling Hacks" by Sean Eron Anderson.)
 */
#include <stdint.h>
#include <string.h>

#define EIGHT_ONES UINT64_C(0x0101010101010101)
#define EIGHT_TOPS UINT64_C(0x8080808080808080)

static inline uint64_t
eight_load(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Whether a byte is not ASCII. */
static inline uint64_t
eight_high(uint64_t w)
{
	return w & EIGHT_TOPS;
}

/* Whether a byte is less than c, which is at most 0x80. */
static inline uint64_t
eight_below(uint64_t w, char c)
{
	return (w - EIGHT_ONES * (unsigned char)c) & ~w & EIGHT_TOPS;
}

static inline uint64_t
eight_has(uint64_t w, char c)
{
	return eight_below(w ^ EIGHT_ONES * (unsigned char)c, 1);
}

/* Whether a byte is neither a space nor a character of ASCII that is shown. */
static inline uint64_t
eight_hidden(uint64_t w)
{
	return ((w + EIGHT_ONES) & EIGHT_TOPS) | eight_high(w) |
	    eight_below(w, ' ');
}

#endif
