#ifndef BLOCK_H
#define BLOCK_H

/*
 * The bytes of JSON text that matter, found many at a time: with SSE2, with
 * NEON, or, where there is neither or JSON_PORTABLE is defined, in words of
 * eight bytes.
 */
#include <stdint.h>
#include <string.h>

#include "base/eight.h"
#ifdef __SSE2__
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

static inline int
json_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline const char *
json_skip_space(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ' && json_is_space(*p))
		p++;
	return p;
}

/*
 * A quotation mark, a backslash or a control character ends a run of plain
 * text in a string. json_stop_in returns how many of the JSON_BLOCK bytes at p
 * come before the first of them; json_stops_in returns a bit for each of the
 * JSON_WIDE bytes at p, the lowest for the first. *high is set when a byte is
 * not ASCII.
 */
#if defined(JSON_PORTABLE) || !(defined(__SSE2__) || defined(__aarch64__))
#define JSON_BLOCK 8
#define JSON_WIDE 8
static inline unsigned
json_stop_in(const char *p, unsigned *high)
{
	const uint64_t w = eight_load(p);
	unsigned i;

	*high |= eight_high(w) != 0;
	if (!(eight_has(w, '"') | eight_has(w, '\\') | eight_below(w, ' ')))
		return JSON_BLOCK;
	for (i = 0; p[i] != '"' && p[i] != '\\' &&
	    (unsigned char)p[i] >= 0x20; i++)
		;
	return i;
}

static inline uint64_t
json_stops_in(const char *p, unsigned *high)
{
	uint64_t stops = 0;
	unsigned i = json_stop_in(p, high);

	for (; i < JSON_WIDE; i++)
		stops |= (uint64_t)(p[i] == '"' || p[i] == '\\' ||
		    (unsigned char)p[i] < 0x20) << i;
	return stops;
}
#elif defined(__SSE2__)
#define JSON_BLOCK 16
#define JSON_WIDE 64
static inline unsigned
json_stops_16(const char *p, unsigned *high)
{
	const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i space = _mm_set1_epi8(0x1f);
	__m128i stop;

	stop = _mm_or_si128(_mm_or_si128(
	    _mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
	    _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
	    _mm_cmpeq_epi8(_mm_min_epu8(v, space), v));
	*high |= (unsigned)_mm_movemask_epi8(v);
	return (unsigned)_mm_movemask_epi8(stop);
}

static inline unsigned
json_stop_in(const char *p, unsigned *high)
{
	return (unsigned)__builtin_ctz(json_stops_16(p, high) | 1U <<
	    JSON_BLOCK);
}

static inline uint64_t
json_stops_in(const char *p, unsigned *high)
{
	return json_stops_16(p, high) | (uint64_t)json_stops_16(p + 16, high)
	    << 16 | (uint64_t)json_stops_16(p + 32, high) << 32 |
	    (uint64_t)json_stops_16(p + 48, high) << 48;
}
#else
#define JSON_BLOCK 16
#define JSON_WIDE 64
static inline uint8x16_t
json_stops_16(const char *p, unsigned *high)
{
	const uint8x16_t v = vld1q_u8((const uint8_t *)p);

	*high |= vmaxvq_u8(v) & 0x80U;
	return vorrq_u8(vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')),
	    vceqq_u8(v, vdupq_n_u8('\\'))), vcltq_u8(v, vdupq_n_u8(0x20)));
}

static inline unsigned
json_stop_in(const char *p, unsigned *high)
{
	/* four bits for each byte, the first one lowest */
	const uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(
	    vreinterpretq_u16_u8(json_stops_16(p, high)), 4)), 0);

	return mask ? (unsigned)__builtin_ctzll(mask) / 4 : JSON_BLOCK;
}

static inline uint64_t
json_stops_in(const char *p, unsigned *high)
{
	/* a bit for each byte of eight, added up pair by pair */
	const uint8x16_t bit = vreinterpretq_u8_u64(
	    vdupq_n_u64(0x8040201008040201u));
	uint8x16_t a = vpaddq_u8(vandq_u8(json_stops_16(p, high), bit),
	    vandq_u8(json_stops_16(p + 16, high), bit));
	uint8x16_t b = vpaddq_u8(vandq_u8(json_stops_16(p + 32, high), bit),
	    vandq_u8(json_stops_16(p + 48, high), bit));

	a = vpaddq_u8(a, b);
	a = vpaddq_u8(a, a);
	return vgetq_lane_u64(vreinterpretq_u64_u8(a), 0);
}
#endif

static inline int
json_is_plain(char c)
{
	return c != '"' && c != '\\' && (unsigned char)c >= 0x20;
}

/* The first '"', '\' or control character from p on, or end. */
static inline const char *
json_string_stop(const char *p, const char *end)
{
	unsigned k, high = 0;

	for (; end - p >= JSON_BLOCK; p += JSON_BLOCK)
		if ((k = json_stop_in(p, &high)) < JSON_BLOCK)
			return p + k;
	while (p < end && json_is_plain(*p))
		p++;
	return p;
}

#if defined(JSON_PORTABLE) || !(defined(__SSE2__) || defined(__aarch64__))
/* The end of a checked string that starts at p. */
static inline const char *
json_past_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}
#else
#define JSON_MARKS 64

/*
 * Checked text is read in aligned blocks, up to the one in which what is
 * searched for ends. Such a block never crosses a page, so that it can be read
 * although it may begin before the text or end after it; the bytes outside are
 * not used. Sanitizers would report them.
 */
#define JSON_ALIGNED __attribute__((no_sanitize("address"), \
    no_sanitize("thread")))

/* A bit for each byte of JSON_MARKS, the lowest for the first. */
struct json_marks {
	uint64_t quote;
	uint64_t slash;		/* backslashes */
	uint64_t open;		/* '[' and '{' */
	uint64_t close;		/* ']' and '}' */
};

#ifdef __SSE2__
typedef __m128i json_block;

/* A bit for each byte of 16 that is c. */
static inline JSON_ALIGNED unsigned
json_mark(json_block v, char c)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v,
	    _mm_set1_epi8(c)));
}

/* The same for a quotation mark or a backslash. */
static inline JSON_ALIGNED unsigned
json_mark_ends(json_block v)
{
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(
	    _mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
	    _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
}

static inline JSON_ALIGNED json_block
json_lower(json_block v)
{
	return _mm_or_si128(v, _mm_set1_epi8(0x20));
}
#else
typedef uint8x16_t json_block;

static inline JSON_ALIGNED unsigned
json_mark(json_block v, char c)
{
	/* a bit for each byte of eight, added up */
	const uint8x16_t bits = vandq_u8(vceqq_u8(v, vdupq_n_u8((uint8_t)c)),
	    vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u)));

	return (unsigned)vaddv_u8(vget_low_u8(bits)) |
	    (unsigned)vaddv_u8(vget_high_u8(bits)) << 8;
}

static inline JSON_ALIGNED unsigned
json_mark_ends(json_block v)
{
	return json_mark(v, '"') | json_mark(v, '\\');
}

static inline JSON_ALIGNED json_block
json_lower(json_block v)
{
	return vorrq_u8(v, vdupq_n_u8(0x20));
}
#endif

/* Marks 64 aligned bytes. */
static inline JSON_ALIGNED void
json_mark_all(struct json_marks *m, const char *p)
{
	const json_block *v = (const json_block *)(const void *)p;
	unsigned i;

	m->quote = m->slash = m->open = m->close = 0;
	for (i = 0; i < JSON_MARKS; i += 16, v++) {
		m->quote |= (uint64_t)json_mark(*v, '"') << i;
		m->slash |= (uint64_t)json_mark(*v, '\\') << i;
		m->open |= (uint64_t)json_mark(json_lower(*v), '{') << i;
		m->close |= (uint64_t)json_mark(json_lower(*v), '}') << i;
	}
}

/*
 * The bytes of 64 that a backslash escapes; *carry is 1 if the last of those
 * before escapes the first, and is set for the next. In a run of backslashes
 * every second one escapes: adding the run's first bit to it moves that bit
 * behind the run, at an even or at an odd place.
 */
static inline uint64_t
json_escaped(uint64_t slash, uint64_t *carry)
{
	const uint64_t even = 0x5555555555555555u;
	uint64_t after, odd, sum;

	slash &= ~*carry;
	after = slash << 1 | *carry;
	odd = slash & ~even & ~after;
	sum = odd + slash;
	*carry = sum < slash;
	return (even ^ sum << 1) & after;
}

/* The end of a checked string that starts at p. Most are short. */
static inline JSON_ALIGNED const char *
json_past_string(const char *p)
{
	const json_block *v;
	unsigned skip, ends;

	for (p++; ; p += 2) {
		skip = (unsigned)((uintptr_t)p & 15);
		v = (const json_block *)(const void *)(p - skip);
		ends = json_mark_ends(*v) >> skip;
		if (!ends) {
			do
				ends = json_mark_ends(*++v);
			while (!ends);
			p = (const char *)v;
		}
		p += __builtin_ctz(ends);
		if (*p == '"')
			return p + 1;
	}
}
#endif

#endif
