#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "base/utf8.h"
#include "base/util.h"
#include "json.h"

#define HOT static inline __attribute__((always_inline))

unsigned json_depth = 1000;

/* What the scanner does with what it reads, beside checking it. */
enum { CHECK, PRETTY, COMPACT };

/* While printing there is always room for the rest of the text, and for this. */
#define SPARE 128

struct scan {
	const char *p;
	const char *end;
	unsigned take;
	int met;
	const char *msg;
	unsigned high;		/* not 0: a string was not all ASCII */
	unsigned depth;
	struct buf *out;	/* where it prints */
	size_t indent;
	char open[JSON_DEPTH_MAX];	/* what closes the brackets outside */
};

static const char *
fault(struct scan *s, const char *at, const char *msg)
{
	s->p = at;
	s->msg = msg;
	return NULL;
}

static inline int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ' && is_space(*p))
		p++;
	return p;
}

/*
 * The text in strings is passed over in blocks. What stops is '"', '\' and
 * control characters. stop_in returns how many of the BLOCK bytes at p come
 * before the first of them; stops_in returns a bit for each of the WIDE bytes
 * at p, the lowest for the first. *high is set when a byte is not ASCII.
 */
#if defined(JSON_PORTABLE) || !(defined(__SSE2__) || defined(__aarch64__))
#define BLOCK 8
#define WIDE 8
static inline unsigned
stop_in(const char *p, unsigned *high)
{
	const uint64_t ones = 0x0101010101010101u, tops = ones * 0x80;
	uint64_t w, quote, slash;
	unsigned i;

	memcpy(&w, p, BLOCK);
	quote = w ^ ones * '"';
	slash = w ^ ones * '\\';
	*high |= (w & tops) != 0;
	/* a byte's top bit: it was zero, or below a space (Mycroft's test) */
	if (!((((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
	    ((w - ones * 0x20) & ~w)) & tops))
		return BLOCK;
	for (i = 0; p[i] != '"' && p[i] != '\\' &&
	    (unsigned char)p[i] >= 0x20; i++)
		;
	return i;
}

static inline uint64_t
stops_in(const char *p, unsigned *high)
{
	uint64_t stops = 0;
	unsigned i = stop_in(p, high);

	for (; i < WIDE; i++)
		stops |= (uint64_t)(p[i] == '"' || p[i] == '\\' ||
		    (unsigned char)p[i] < 0x20) << i;
	return stops;
}
#elif defined(__SSE2__)
#define BLOCK 16
#define WIDE 64
static inline unsigned
stops_16(const char *p, unsigned *high)
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
stop_in(const char *p, unsigned *high)
{
	return (unsigned)__builtin_ctz(stops_16(p, high) | 1U << BLOCK);
}

static inline uint64_t
stops_in(const char *p, unsigned *high)
{
	return stops_16(p, high) | (uint64_t)stops_16(p + 16, high) << 16 |
	    (uint64_t)stops_16(p + 32, high) << 32 |
	    (uint64_t)stops_16(p + 48, high) << 48;
}
#else
#define BLOCK 16
#define WIDE 64
static inline uint8x16_t
stops_16(const char *p, unsigned *high)
{
	const uint8x16_t v = vld1q_u8((const uint8_t *)p);

	*high |= vmaxvq_u8(v) & 0x80U;
	return vorrq_u8(vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')),
	    vceqq_u8(v, vdupq_n_u8('\\'))), vcltq_u8(v, vdupq_n_u8(0x20)));
}

static inline unsigned
stop_in(const char *p, unsigned *high)
{
	/* four bits for each byte, the first one lowest */
	const uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(
	    vreinterpretq_u16_u8(stops_16(p, high)), 4)), 0);

	return mask ? (unsigned)__builtin_ctzll(mask) / 4 : BLOCK;
}

static inline uint64_t
stops_in(const char *p, unsigned *high)
{
	/* a bit for each byte of eight, added up pair by pair */
	const uint8x16_t bit = vreinterpretq_u8_u64(
	    vdupq_n_u64(0x8040201008040201u));
	uint8x16_t a = vpaddq_u8(vandq_u8(stops_16(p, high), bit),
	    vandq_u8(stops_16(p + 16, high), bit));
	uint8x16_t b = vpaddq_u8(vandq_u8(stops_16(p + 32, high), bit),
	    vandq_u8(stops_16(p + 48, high), bit));

	a = vpaddq_u8(a, b);
	a = vpaddq_u8(a, a);
	return vgetq_lane_u64(vreinterpretq_u64_u8(a), 0);
}
#endif

static inline int
is_plain(char c)
{
	return c != '"' && c != '\\' && (unsigned char)c >= 0x20;
}

/* The first '"', '\' or control character from p on, or end. */
static inline const char *
string_stop(const char *p, const char *end)
{
	unsigned k, high = 0;

	for (; end - p >= BLOCK; p += BLOCK)
		if ((k = stop_in(p, &high)) < BLOCK)
			return p + k;
	while (p < end && is_plain(*p))
		p++;
	return p;
}

/* The end of a checked string that starts at p. */
static const char *
past_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

/* Moves the end of what was printed to o and makes room for n more bytes. */
static char *
more(struct scan *s, char *o, size_t n)
{
	s->out->len = (size_t)(o - s->out->p);
	return buf_room(s->out, n);
}

HOT char *
new_line(struct scan *s, char *o, const char *p, size_t indent)
{
	size_t n = (size_t)(s->end - p) + indent + SPARE;

	if ((size_t)(s->out->p + s->out->cap - o) <= n)
		o = more(s, o, n);
	*o++ = '\n';
	if (indent <= SPARE / 2)
		memset(o, ' ', SPARE / 2);
	else
		memset(o, ' ', indent);
	return o + indent;
}

/* Digits have their value and the bit 0x10, other bytes are 0. */
static const unsigned char hex_digit[256] = {
	['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14,
	['5'] = 0x15, ['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19,
	['a'] = 0x1a, ['b'] = 0x1b, ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e,
	['f'] = 0x1f, ['A'] = 0x1a, ['B'] = 0x1b, ['C'] = 0x1c, ['D'] = 0x1d,
	['E'] = 0x1e, ['F'] = 0x1f
};

/* The value of four hexadecimal digits, or -1. */
static inline int
hex4(const char *p)
{
	unsigned a = hex_digit[(unsigned char)p[0]];
	unsigned b = hex_digit[(unsigned char)p[1]];
	unsigned c = hex_digit[(unsigned char)p[2]];
	unsigned d = hex_digit[(unsigned char)p[3]];

	if (!(a & b & c & d & 0x10))
		return -1;
	return (int)((a & 15) << 12 | (b & 15) << 8 | (c & 15) << 4 |
	    (d & 15));
}

static inline int
is_high(int c)
{
	return (c & ~0x3ff) == 0xd800;
}

static inline int
is_low(int c)
{
	return (c & ~0x3ff) == 0xdc00;
}

static inline int
is_half(uint32_t c)
{
	return (c & ~0x7ffU) == 0xd800;
}

/* Writes a character as it has to be written in a string, in 6 bytes at most. */
static inline char *
print_char(char *o, uint32_t c)
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
 * The low half of a surrogate pair, of whose high half the escape is at p; 0
 * when none follows it.
 */
static inline int
low_half(const char *p, const char *end)
{
	int low;

	if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = hex4(p + 8);
	return is_low(low) ? low : 0;
}

static inline uint32_t
join_halves(int high, int low)
{
	return 0x10000 + (uint32_t)((high & 0x3ff) << 10 | (low & 0x3ff));
}

/* Reads "\uXXXX" at p, or two that are a surrogate pair. */
HOT const char *
scan_unicode(struct scan *s, const char *p, char **o, const int print)
{
	int c, low;

	if (s->end - p < 6 || (c = hex4(p + 2)) < 0)
		return fault(s, p, "\\u needs four hexadecimal digits");
	if (is_high(c) && (low = low_half(p, s->end))) {
		if (print == PRETTY)
			*o += utf8_encode(*o, join_halves(c, low));
		else if (print)
			*o = (char *)memcpy(*o, p, 12) + 12;
		return p + 12;
	}
	if (is_half((uint32_t)c)) {
		if (!(s->take & JSON_LONE))
			return fault(s, p, "half a surrogate pair");
		s->met |= JSON_LONE;
		if (print)
			*o = (char *)memcpy(*o, print == PRETTY ? p :
			    "\\ufffd", 6) + 6;
	} else if (print == PRETTY) {
		*o = print_char(*o, (uint32_t)c);
	} else if (print) {
		*o = (char *)memcpy(*o, p, 6) + 6;
	}
	return p + 6;
}

/* What may stand behind a backslash. SHORT: it is printed as it stands. */
enum { SHORT = 1, NEEDLESS };
static const unsigned char escapes[256] = {
	['"'] = SHORT, ['\\'] = SHORT, ['/'] = NEEDLESS, ['b'] = SHORT,
	['f'] = SHORT, ['n'] = SHORT, ['r'] = SHORT, ['t'] = SHORT
};

/* Reads the escape at p. */
HOT const char *
scan_escape(struct scan *s, const char *p, char **o, const int print)
{
	if (s->end - p < 2)
		return fault(s, p, "the string is not closed");
	if (p[1] == 'u')
		return scan_unicode(s, p, o, print);
	if (!escapes[(unsigned char)p[1]])
		return fault(s, p, "not an escape");
	if (print == PRETTY && p[1] == '/')
		*(*o)++ = '/';
	else if (print)
		*o = (char *)memcpy(*o, p, 2) + 2;
	return p + 2;
}

/*
 * Passes over text with short escapes in it, WIDE bytes at a time, copying it
 * to *o; there are more than those at p. Returns 1 where a string stops for
 * another reason, 0 near the end of all.
 */
HOT int
pass_wide(const struct scan *s, const char **at, char **o, unsigned *high,
    const int print)
{
	const char *p = *at;
	uint64_t stops, bit;
	unsigned k;

	for (; s->end - p > WIDE; p += WIDE) {
		stops = stops_in(p, high);
		if (print)
			memcpy(*o, p, WIDE);
		for (; stops; stops &= ~(bit | bit << 1)) {
			k = (unsigned)__builtin_ctzll(stops);
			bit = (uint64_t)1 << k;
			if (p[k] != '\\' ||
			    escapes[(unsigned char)p[k + 1]] != SHORT) {
				*at = p + k;
				if (print)
					*o += k;
				return 1;
			}
			if (k == WIDE - 1) {
				/* what is escaped is the next block's first */
				if (print)
					*(*o)++ = p[0];
				if (print)
					memcpy(*o, p + 1, WIDE);
				p++;
			}
		}
		if (print)
			*o += WIDE;
	}
	*at = p;
	return 0;
}

/* Reads the string at p. Printed, it is never longer than as it is written. */
HOT const char *
scan_string(struct scan *s, const char *p, char **o, const int print)
{
	const char *start = p++, *end = s->end;
	unsigned high = 0, k;

	if (print)
		*(*o)++ = '"';
	for (;;) {
		/* most strings are short, and most others are long */
		k = BLOCK;
		if (end - p >= BLOCK) {
			k = stop_in(p, &high);
			if (print)
				memcpy(*o, p, BLOCK);
			p += k;
			if (print)
				*o += k;
		}
		if (k == BLOCK && !pass_wide(s, &p, o, &high, print))
			for (; p < end && is_plain(*p); p++) {
				high |= (unsigned char)*p & 0x80U;
				if (print)
					*(*o)++ = *p;
			}
		if (p == end)
			return fault(s, start, "the string is not closed");
		if (*p == '"')
			break;
		if (*p != '\\')
			return fault(s, p, "a control character in a string");
		do
			p = scan_escape(s, p, o, print);
		while (p && p < end && *p == '\\');
		if (!p)
			return NULL;
	}
	s->high |= high;
	if (print)
		*(*o)++ = '"';
	return p + 1;
}

/* Where the digits at p end; eight at a time, for lists of numbers. */
HOT const char *
digits(const char *p, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t w;

	for (; end - p >= 8; p += 8) {
		memcpy(&w, p, 8);
		w ^= 0x3030303030303030u;	/* a digit is 0 to 9 now */
		w = (w | (w + 0x7676767676767676u)) & 0x8080808080808080u;
		if (w)
			return p + __builtin_ctzll(w) / 8;
	}
#endif
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

HOT const char *
scan_number(struct scan *s, const char *p)
{
	const char *start = p, *end = s->end, *q;

	if (*p == '-')
		p++;
	q = digits(p, end);
	if (q == p)
		return fault(s, start, "not a number");
	if (*p == '0' && q - p > 1)
		return fault(s, start, "a number begins with 0");
	p = q;
	if (p < end && *p == '.') {
		q = digits(++p, end);
		if (q == p)
			return fault(s, start, "a digit is missing after '.'");
		p = q;
	}
	if (p < end && (*p | 0x20) == 'e') {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		q = digits(p, end);
		if (q == p)
			return fault(s, start, "a digit is missing after 'e'");
		p = q;
	}
	return p;
}

static const char *
scan_word(struct scan *s, const char *p, const char *word, unsigned needs)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - p) < n || memcmp(p, word, n) != 0 ||
	    (s->take & needs) != needs)
		return fault(s, p, "not a JSON value");
	s->met |= (int)needs;
	return p + n;
}

static const char *
scan_odd(struct scan *s, const char *p)
{
	switch (*p) {
	case 't':
		return scan_word(s, p, "true", 0);
	case 'f':
		return scan_word(s, p, "false", 0);
	case 'n':
		return scan_word(s, p, "null", 0);
	case 'N':
		return scan_word(s, p, "NaN", JSON_NAN);
	case 'I':
		return scan_word(s, p, "Infinity", JSON_NAN);
	case '-':
		return scan_word(s, p, "-Infinity", JSON_NAN);
	case ']':
	case '}':
	case ',':
		return fault(s, p, "a value is missing");
	default:
		return fault(s, p, "not a JSON value");
	}
}

/* Reads the number or word at p. */
HOT const char *
scan_bare(struct scan *s, const char *p, char **o, const int print)
{
	const char *start = p;
	size_t n;

	if ((*p >= '0' && *p <= '9') ||
	    (*p == '-' && (s->end - p < 2 || p[1] != 'I')))
		p = scan_number(s, p);
	else
		p = scan_odd(s, p);
	if (!print || !p)
		return p;
	n = (size_t)(p - start);
	if (print == COMPACT && (*start == 'N' || *start == 'I' ||
	    (*start == '-' && start[1] == 'I'))) {
		/* this may be longer than it was */
		*o = more(s, *o, (size_t)(s->end - p) + SPARE);
		memcpy(*o, "null", 4);
		*o += 4;
	} else if (n <= SPARE / 2 && s->end - start >= SPARE / 2) {
		memcpy(*o, start, SPARE / 2);
		*o += n;
	} else {
		memcpy(*o, start, n);
		*o += n;
	}
	return p;
}

/* Reads the key at p, and what stands between it and its value. */
HOT const char *
scan_key(struct scan *s, const char *p, struct json_span *key, char **o,
    const int print)
{
	p = skip_space(p, s->end);
	if (p == s->end || *p != '"')
		return fault(s, p, "a key in quotes is missing");
	key->p = p;
	if (!(p = scan_string(s, p, o, print)))
		return NULL;
	key->n = (size_t)(p - key->p);
	p = skip_space(p, s->end);
	if (p == s->end || *p != ':')
		return fault(s, p, "a ':' is missing");
	if (print)
		*(*o)++ = ':';
	if (print == PRETTY)
		*(*o)++ = ' ';
	return p + 1;
}

/* What is wrong at p, behind a value, while a bracket is open. */
static const char *
fault_after(struct scan *s, const char *p, char close)
{
	if (p == s->end)
		return fault(s, p, close == '}' ? "the object is not closed" :
		    "the array is not closed");
	return fault(s, p, close == '}' ? "a comma or '}' is missing" :
	    "a comma or ']' is missing");
}

/*
 * Reads one value of any depth, from s->p on. Returns 0 or -1. The bracket
 * that closes what is open is two characters behind the one that opens it.
 */
HOT int
scan_value(struct scan *s, const int print)
{
	const char *p = s->p, *const end = s->end;
	char *top = s->open + s->depth, *const base = top, close = 0;
	char *const limit = s->open + (json_depth < JSON_DEPTH_MAX ?
	    json_depth : JSON_DEPTH_MAX);
	size_t indent = s->indent;
	struct json_span key;
	char *o = print ? buf_room(s->out, (size_t)(end - p) + SPARE) : NULL;

	for (;;) {
		p = skip_space(p, end);
		if (p == end) {
			p = fault(s, p, "a value is missing");
		} else if (*p == '"') {
			p = scan_string(s, p, &o, print);
		} else if (*p != '{' && *p != '[') {
			p = scan_bare(s, p, &o, print);
		} else if (top == limit) {
			p = fault(s, p, "nested too deeply");
		} else {
			*top++ = close;
			close = (char)(*p + 2);
			if (print)
				*o++ = *p;
			p = skip_space(p + 1, end);
			if (p == end || *p != close) {
				if (print == PRETTY)
					o = new_line(s, o, p, indent += 2);
				if (close == ']')
					continue;
				if (!(p = scan_key(s, p, &key, &o, print)))
					return -1;
				continue;
			}
			if (print)
				*o++ = *p;
			p++;
			close = *--top;
		}
		if (!p)
			return -1;
		/* what may stand behind a value while brackets are open */
		for (; top > base; close = *--top) {
			p = skip_space(p, end);
			if (p == end || *p != close)
				break;
			if (print == PRETTY)
				o = new_line(s, o, p, indent -= 2);
			if (print)
				*o++ = *p;
			p++;
		}
		if (top == base)
			break;
		if (p == end || *p != ',') {
			fault_after(s, p, close);
			return -1;
		}
		if (print)
			*o++ = ',';
		p++;
		if (print == PRETTY)
			o = new_line(s, o, p, indent);
		if (close == '}' && !(p = scan_key(s, p, &key, &o, print)))
			return -1;
	}
	s->p = p;
	if (print)
		s->out->len = (size_t)(o - s->out->p);
	return 0;
}

static int
check_value(struct scan *s)
{
	return scan_value(s, CHECK);
}

static int
pretty_value(struct scan *s)
{
	return scan_value(s, PRETTY);
}

static int
compact_value(struct scan *s)
{
	return scan_value(s, COMPACT);
}

int
json_equal(struct json_span string, const char *name, size_t n)
{
	struct buf b = { 0 };
	int same;

	if (!string.p)
		return 0;
	if (!memchr(string.p, '\\', string.n))
		return string.n == n + 2 && !memcmp(string.p + 1, name, n);
	json_text(&b, string);
	buf_str(&b);
	same = b.len == n && !memcmp(b.p, name, n);
	buf_release(&b);
	return same;
}

/* The fields that are wanted of a record. */
struct wanted {
	const char *const *names;
	struct json_span *values;
	size_t count;
	size_t last;		/* the one found last: the next may follow */
	struct json_print *print;
	size_t nprint;
};

/* Which field has this key; count for none. */
static size_t
find_field(struct wanted *w, struct json_span key)
{
	const char *p = key.p + 1;
	size_t i, at, n = key.n - 2;
	int plain = w->count && !memchr(p, '\\', n);

	for (i = 1; i <= w->count; i++) {
		at = w->last + i;
		at -= at >= w->count ? w->count : 0;
		if (plain ? *w->names[at] == *p &&
		    !strncmp(w->names[at], p, n) && !w->names[at][n] :
		    json_is_str(key, w->names[at])) {
			w->last = at;
			return at;
		}
	}
	return w->count;
}

/* Reads the value of field i, printing it if that is wanted. */
static int
scan_field(struct scan *s, struct wanted *w, size_t i)
{
	size_t k;

	for (k = 0; k < w->nprint; k++)
		if (w->print[k].field == i)
			break;
	if (k == w->nprint)
		return check_value(s);
	w->print[k].at = s->out->len;
	if (pretty_value(s))
		return -1;
	w->print[k].n = s->out->len - w->print[k].at;
	return 0;
}

/* Reads the object at s->p, keeping fields. */
static int
scan_record(struct scan *s, struct wanted *w)
{
	struct json_span key;
	const char *p;
	size_t i;

	if (!json_depth) {
		fault(s, s->p, "nested too deeply");
		return -1;
	}
	s->depth = 1;
	p = skip_space(s->p + 1, s->end);
	if (p < s->end && *p == '}') {
		s->p = p + 1;
		return 0;
	}
	for (;; p++) {
		if (!(p = scan_key(s, p, &key, NULL, CHECK)))
			return -1;
		i = find_field(w, key);
		s->p = p = skip_space(p, s->end);
		if (scan_field(s, w, i))
			return -1;
		if (i < w->count) {
			w->values[i].p = p;
			w->values[i].n = (size_t)(s->p - p);
		}
		p = skip_space(s->p, s->end);
		if (p == s->end || *p != ',')
			break;
	}
	if (p < s->end && *p == '}') {
		s->p = p + 1;
		return 0;
	}
	fault_after(s, p, '}');
	return -1;
}

static int
scan_text(struct scan *s, struct wanted *w, const char **end)
{
	s->p = skip_space(s->p, s->end);
	if (s->p == s->end) {
		fault(s, s->p, "no JSON value");
		return -1;
	}
	if (*s->p == '{' ? scan_record(s, w) : check_value(s))
		return -1;
	if (end) {
		*end = s->p;
		return 0;
	}
	s->p = skip_space(s->p, s->end);
	if (s->p < s->end) {
		fault(s, s->p, "more after the JSON value");
		return -1;
	}
	return 0;
}

int
json_scan_print(const char *s, size_t n, unsigned take,
    const char *const *names, struct json_span *values, size_t count,
    struct json_print *print, size_t nprint, struct buf *out,
    const char **end, struct json_fault *f)
{
	struct scan sc;
	struct wanted w = { names, values, count, 0, print, nprint };
	size_t good, i;
	int bad;

	for (i = 0; i < count; i++) {
		values[i].p = NULL;
		values[i].n = 0;
	}
	for (i = 0; i < nprint; i++)
		print[i].at = print[i].n = 0;
	w.last = count ? count - 1 : 0;
	sc.p = s;
	sc.end = s + n;
	sc.take = take;
	sc.met = 0;
	sc.high = 0;
	sc.depth = 0;
	sc.out = out;
	sc.indent = 0;
	bad = scan_text(&sc, &w, end);
	/* UTF-8 is checked apart: far quicker than byte by byte on the way */
	n = !bad && end ? (size_t)(*end - s) : n;
	good = bad || sc.high ? utf8_check(s, n) : n;
	if (bad) {
		f->at = (size_t)(sc.p - s);
		f->msg = sc.msg;
		if (good >= f->at)
			return -1;
	}
	if (good < n) {
		f->at = good;
		f->msg = "not UTF-8";
		return -1;
	}
	return sc.met;
}

int
json_scan(const char *s, size_t n, unsigned take, const char *const *names,
    struct json_span *values, size_t count, struct json_fault *f)
{
	return json_scan_print(s, n, take, names, values, count, NULL, 0,
	    NULL, NULL, f);
}

/* Reads a checked value again and prints it. */
static void
print_checked(struct buf *b, struct json_span v, size_t indent,
    int (*value)(struct scan *))
{
	struct scan sc;

	sc.p = v.p;
	sc.end = v.p + v.n;
	sc.take = JSON_LAX;
	sc.met = 0;
	sc.high = 0;
	sc.depth = 0;
	sc.out = b;
	sc.indent = indent;
	value(&sc);
}

void
json_pretty(struct buf *b, struct json_span v, size_t indent)
{
	print_checked(b, v, indent, pretty_value);
}

void
json_compact(struct buf *b, struct json_span v)
{
	print_checked(b, v, 0, compact_value);
}

enum json_type
json_type(struct json_span v)
{
	switch (*v.p) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

const char *
json_type_name(enum json_type t)
{
	static const char *const names[] = {
		"null", "a boolean", "a number", "a string", "an array",
		"an object"
	};

	return names[t];
}

struct json_span
json_moved(struct json_span v, const char *from, const char *to)
{
	if (v.p)
		v.p = to + (v.p - from);
	return v;
}

int
json_is(struct json_span v, enum json_type t)
{
	return v.p && json_type(v) == t;
}

int
json_is_true(struct json_span v)
{
	return v.p && *v.p == 't';
}

int
json_is_null(struct json_span v)
{
	return !v.p || json_type(v) == JSON_NULL;
}

/* The end of a checked value that starts at p. */
static const char *
past_value(const char *p)
{
	size_t depth = 0;

	do {
		switch (*p) {
		case '"':
			p = past_string(p);
			break;
		case '{':
		case '[':
			depth++;
			p++;
			break;
		case '}':
		case ']':
			depth--;
			p++;
			break;
		default:
			p++;
			/* a bare word or number ends where its kind does */
			if (!depth)
				while (strchr("+-.", *p) ? *p != '\0' :
				    (*p >= '0' && *p <= '9') ||
				    ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'))
					p++;
		}
	} while (depth);
	return p;
}

struct json_iter
json_each(struct json_span v)
{
	struct json_iter it;

	it.p = v.p + 1;
	return it;
}

int
json_enter(struct json_iter *it, struct json_span *key)
{
	const char *p = it->p, *q;

	while (is_space(*p) || *p == ',')
		p++;
	it->p = p + 1;
	if (*p == '}' || *p == ']')
		return 0;
	it->p = p;
	if (*p != '"')
		return 1;
	/* a string that a colon follows is a key */
	for (q = past_string(p); is_space(*q); q++)
		;
	if (*q != ':')
		return 1;
	key->p = p;
	key->n = (size_t)(past_string(p) - p);
	for (q++; is_space(*q); q++)
		;
	it->p = q;
	return 1;
}

const char *
json_end(const char *value)
{
	return past_value(value);
}

int
json_next(struct json_iter *it, struct json_span *key, struct json_span *value)
{
	if (!json_enter(it, key)) {
		it->p--;	/* it stays at the end, however often asked */
		return 0;
	}
	value->p = it->p;
	it->p = past_value(it->p);
	value->n = (size_t)(it->p - value->p);
	return 1;
}

struct json_span
json_get(struct json_span object, const char *name)
{
	struct json_span key = { 0 }, value, found = { 0 };
	struct json_iter it;
	size_t n = strlen(name);

	if (!json_is(object, JSON_OBJECT))
		return found;
	for (it = json_each(object); json_next(&it, &key, &value); )
		if (json_equal(key, name, n))
			found = value;
	return found;
}

size_t
json_levels(struct json_span v)
{
	const char *p = v.p, *end = v.p + v.n;
	size_t levels = 0, most = 0;

	while (p < end) {
		if (*p == '"') {
			p = past_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			levels++;
		else if (*p == '}' || *p == ']')
			levels--;
		most = levels > most ? levels : most;
		p++;
	}
	return most;
}

/* Decodes the escape at p and returns what follows it. */
static const char *
text_escape(char **o, const char *p, const char *end)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *q;
	int c, low;

	if (p[1] != 'u') {
		q = strchr(from, p[1]);
		*(*o)++ = q ? to[q - from] : p[1];
		return p + 2;
	}
	c = hex4(p + 2);
	low = is_high(c) ? low_half(p, end) : 0;
	*o += utf8_encode(*o, low ? join_halves(c, low) : (uint32_t)c);
	return p + (low ? 12 : 6);
}

void
json_text(struct buf *b, struct json_span string)
{
	const char *p = string.p + 1, *end = string.p + string.n - 1;
	char *o = buf_room(b, string.n);
	const char *q;

	while (p < end) {
		q = string_stop(p, end);
		memcpy(o, p, (size_t)(q - p));
		o += q - p;
		p = q;
		while (p < end && *p == '\\')
			p = text_escape(&o, p, end);
	}
	b->len = (size_t)(o - b->p);
}

int
json_double(struct json_span v, double *d)
{
	char small[64], *text = small;

	if (!json_is(v, JSON_NUMBER))
		return 0;
	if (v.n < sizeof(small)) {
		memcpy(small, v.p, v.n);
		small[v.n] = '\0';
	} else {
		text = xmemdup(v.p, v.n);
	}
	*d = strtod(text, NULL);
	if (text != small)
		free(text);
	return 1;
}

void
json_comma(struct buf *b)
{
	char last = b->len ? b->p[b->len - 1] : '[';

	/* a newline or NUL is the end of a record before */
	if (last != '[' && last != '{' && last != ':' && last != ',' &&
	    last != '\n' && last != '\0')
		buf_byte(b, ',');
}

void
json_key(struct buf *b, const char *key)
{
	json_comma(b);
	if (!key)
		return;
	json_put_text(b, key, strlen(key));
	buf_byte(b, ':');
}

void
json_open(struct buf *b, const char *key, char bracket)
{
	json_key(b, key);
	buf_byte(b, bracket);
}

void
json_close(struct buf *b, char bracket)
{
	buf_byte(b, bracket);
}

void
json_add(struct buf *b, const char *key, struct json_span checked)
{
	json_key(b, key);
	if (checked.p)
		buf_add(b, checked.p, checked.n);
	else
		buf_puts(b, "null");
}

void
json_add_text(struct buf *b, const char *key, const char *s, size_t n)
{
	json_key(b, key);
	json_put_text(b, s, n);
}

void
json_add_str(struct buf *b, const char *key, const char *s)
{
	if (s)
		json_add_text(b, key, s, strlen(s));
	else
		json_add_null(b, key);
}

void
json_add_int(struct buf *b, const char *key, long long i)
{
	json_key(b, key);
	buf_int(b, i);
}

void
json_add_bool(struct buf *b, const char *key, int yes)
{
	json_key(b, key);
	buf_puts(b, yes ? "true" : "false");
}

void
json_add_double(struct buf *b, const char *key, double d)
{
	char text[32];
	int digits;

	if (!isfinite(d)) {
		json_add_null(b, key);
		return;
	}
	/* the fewest digits that read back as the same number */
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	json_key(b, key);
	buf_puts(b, text);
}

void
json_add_null(struct buf *b, const char *key)
{
	json_key(b, key);
	buf_puts(b, "null");
}

/* Appends the one character at s, which cannot stand in a string as it is. */
static size_t
put_special(struct buf *b, const char *s, size_t n)
{
	uint32_t c;
	size_t len;

	len = utf8_decode(s, n, &c);
	b->len = (size_t)(print_char(buf_room(b, 6), is_half(c) ? 0xfffd :
	    c) - b->p);
	return len;
}

/*
 * How many bytes from the start are ASCII that stands in a string as it is:
 * eight at a time, as in "Bit Twiddling Hacks" (Sean Eron Anderson), where a
 * byte that is zero, or less than another, sets its highest bit.
 */
static size_t
plain(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, quote, slash;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&x, s + i, 8);
		quote = x ^ ones * '"';
		slash = x ^ ones * '\\';
		if ((x | (x - ones * 0x20) | (quote - ones) |
		    (slash - ones)) & ones * 0x80)
			break;
	}
	for (; i < n; i++)
		if ((unsigned char)(s[i] - 0x20) >= 0x60 || s[i] == '"' ||
		    s[i] == '\\')
			break;
	return i;
}

void
json_put_text(struct buf *b, const char *s, size_t n)
{
	size_t i = plain(s, n), good, stop;

	buf_byte(b, '"');
	buf_add(b, s, i);
	while (i < n) {
		good = i + utf8_check(s + i, n - i);
		while (i < good) {
			stop = (size_t)(string_stop(s + i, s + good) - s);
			buf_add(b, s + i, stop - i);
			for (i = stop; i < good && (s[i] == '"' ||
			    s[i] == '\\' || (unsigned char)s[i] < 0x20); )
				i += put_special(b, s + i, good - i);
		}
		if (i < n)
			i += put_special(b, s + i, n - i);
	}
	buf_byte(b, '"');
}

void
json_add_others(struct buf *b, struct json_span object,
    const char *const *not, size_t n)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	size_t i;

	if (!json_is(object, JSON_OBJECT))
		return;
	for (it = json_each(object); json_next(&it, &key, &value); ) {
		for (i = 0; i < n; i++)
			if (json_is_str(key, not[i]))
				break;
		if (i < n)
			continue;
		json_comma(b);
		json_compact(b, key);
		buf_byte(b, ':');
		json_compact(b, value);
	}
}
