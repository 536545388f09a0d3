#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "block.h"
#include "escape.h"
#include "json.h"

#define HOT static inline __attribute__((always_inline))

unsigned json_depth = 1000;

/* How the scanner prints what it checks. */
enum { SCAN_CHECK, SCAN_PRETTY, SCAN_COMPACT };

/* No word and no escape is longer than this. */
#define LONGEST 12

/* While printing there is room for the rest of the text and for this. */
#define SPARE 128

struct scan {
	const char *p;
	const char *end;
	unsigned take;
	int met;
	const char *msg;
	unsigned high;		/* not 0: a string was not all ASCII */
	int decoded;		/* 1: \u was printed as a character */
	unsigned depth;
	unsigned limit;		/* greatest depth */
	struct buf *out;	/* buffer that it prints to, or NULL */
	size_t indent;
	char open[JSON_DEPTH_MAX];	/* what closes the brackets outside */
};

static const char not_closed[] = "the string is not closed";

static const char *
fault(struct scan *s, const char *at, const char *msg)
{
	s->p = at;
	s->msg = msg;
	return NULL;
}

/* Ends the printed text at o and makes room for n more bytes. */
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

/* Reads "\uXXXX" at p, or two that are a surrogate pair. */
HOT const char *
scan_unicode(struct scan *s, const char *p, char **o, const int print)
{
	int c, low;

	if (s->end - p < 6 || (c = escape_hex4(p + 2)) < 0)
		return fault(s, p, "\\u needs four hexadecimal digits");
	if (escape_is_high(c) && (low = escape_low_half(p, s->end))) {
		s->decoded = 1;
		if (print == SCAN_PRETTY)
			*o += utf8_encode(*o, escape_join_halves(c, low));
		else if (print)
			*o = (char *)memcpy(*o, p, 12) + 12;
		return p + 12;
	}
	if (escape_is_half((uint32_t)c)) {
		if (!(s->take & JSON_LONE))
			return fault(s, p, "half a surrogate pair");
		s->met |= JSON_LONE;
		if (print)
			*o = (char *)memcpy(*o, print == SCAN_PRETTY ? p :
			    "\\ufffd", 6) + 6;
	} else if (print == SCAN_PRETTY) {
		*o = escape_put_char(*o, (uint32_t)c);
		s->decoded = 1;
	} else if (print) {
		*o = (char *)memcpy(*o, p, 6) + 6;
	}
	return p + 6;
}

/* See escape.h: n is the value of a digit, in each of the four places. */
#define FIRST(n) (((n) == 0 ? 0x0f0000e0U : (n) == 13 ? 0x110000e0U : \
	0x100000e0U) + (n))
#define SECOND(n) (((n) < 8 ? 0x10008000U : 0x11008000U) + ((n) << 10))
#define THIRD(n) (0x10800000U + ((n) >> 2 << 8) + (((n) & 3U) << 20))
#define FOURTH(n) (0x10000000U + ((n) << 16))
#define DIGITS(X) { \
	['0'] = X(0U), ['1'] = X(1U), ['2'] = X(2U), ['3'] = X(3U), \
	['4'] = X(4U), ['5'] = X(5U), ['6'] = X(6U), ['7'] = X(7U), \
	['8'] = X(8U), ['9'] = X(9U), ['a'] = X(10U), ['b'] = X(11U), \
	['c'] = X(12U), ['d'] = X(13U), ['e'] = X(14U), ['f'] = X(15U), \
	['A'] = X(10U), ['B'] = X(11U), ['C'] = X(12U), ['D'] = X(13U), \
	['E'] = X(14U), ['F'] = X(15U) }
const uint32_t escape_places[4][256] = {
	DIGITS(FIRST), DIGITS(SECOND), DIGITS(THIRD), DIGITS(FOURTH)
};

/* Characters that may follow a backslash. SHORT: printed as they stand. */
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
		return fault(s, p, not_closed);
	if (p[1] == 'u')
		return scan_unicode(s, p, o, print);
	if (!escapes[(unsigned char)p[1]])
		return fault(s, p, "not an escape");
	if (print == SCAN_PRETTY && p[1] == '/')
		*(*o)++ = '/';
	else if (print)
		*o = (char *)memcpy(*o, p, 2) + 2;
	return p + 2;
}

/* A \u with its digits. */
#define UNICODE 6

/*
 * Writes the character of an escape_sum, and a byte or two more. Returns the
 * bytes it has, 0 if it has to be looked at.
 */
HOT size_t
put_sum(char *o, uint32_t sum)
{
	size_t n = 3;

	if (sum >> 25 != ESCAPE_THREE >> 1) {
		sum >>= 8;
		/* 0x82: that of U+0080 */
		if (sum >> 16 != ESCAPE_TWO || (sum & 0xff) < 0x82)
			return 0;
		sum ^= 0x40;	/* the second byte leads */
		n = 2;
	}
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	sum = __builtin_bswap32(sum);
#endif
	memcpy(o, &sum, sizeof(sum));
	return n;
}

/* How far a string was read and printed. */
struct wide {
	const char *p;
	char *o;
};

/*
 * Skips text with escapes in it, JSON_WIDE bytes at a time, copying it to o,
 * until the string stops for another reason, or near the end of all: there are
 * enough bytes to read an escape that begins in those at p, and to copy as many
 * again.
 */
HOT struct wide
pass_wide(struct scan *s, const char *p, char *o, const int print)
{
	size_t k = 0, n, past;
	unsigned high = 0;
	uint64_t stops;
	uint32_t sum;

	while (s->end - p > 2 * JSON_WIDE + UNICODE) {
		stops = json_stops_in(p, &high);
		if (print)
			memcpy(o, p, JSON_WIDE);
		/* what is at p + k goes to o + k, also after an escape */
		for (past = 0; stops; stops &= stops - 1) {
			k = (size_t)__builtin_ctzll(stops);
			if (p[k] != '\\')
				goto stop;
			if (escapes[(unsigned char)p[k + 1]] == SHORT) {
				past = k + 2;
				stops &= ~((uint64_t)2 << k);
				/* it may be the first after the block */
				if (print)
					o[k + 1] = p[k + 1];
				continue;
			}
			if (p[k + 1] != 'u')
				goto stop;
			past = k + UNICODE;
			sum = escape_sum(p + k + 2);
			if (print != SCAN_PRETTY) {
				if (sum >> 24 < ESCAPE_TWO || sum >> 24 >=
				    ESCAPE_HALF)
					goto stop;
				if (print)
					memcpy(o + k, p + k, UNICODE);
				continue;
			}
			if (!(n = put_sum(o + k, sum)))
				goto stop;
			s->decoded = 1;
			o -= UNICODE - n;
			memcpy(o + past, p + past, JSON_WIDE);
		}
		k = past > JSON_WIDE ? past : JSON_WIDE;
		p += k;
		if (print)
			o += k;
	}
	k = 0;
stop:
	s->high |= high;
	return (struct wide){ p + k, print ? o + k : NULL };
}

/* Functions of their own, for which the registers suffice. */
static __attribute__((noinline)) struct wide
check_wide(struct scan *s, const char *p)
{
	return pass_wide(s, p, NULL, SCAN_CHECK);
}

static __attribute__((noinline)) struct wide
pretty_wide(struct scan *s, const char *p, char *o)
{
	return pass_wide(s, p, o, SCAN_PRETTY);
}

static __attribute__((noinline)) struct wide
compact_wide(struct scan *s, const char *p, char *o)
{
	return pass_wide(s, p, o, SCAN_COMPACT);
}

/* Reads the string at p. Printed, it is never longer than as it is written. */
HOT const char *
scan_string(struct scan *s, const char *p, char **o, const int print)
{
	const char *start = p++, *end = s->end;
	unsigned high = 0, k;
	struct wide w;

	if (print)
		*(*o)++ = '"';
	for (;;) {
		/* most strings are short, and most others are long */
		k = JSON_BLOCK;
		if (end - p >= JSON_BLOCK) {
			k = json_stop_in(p, &high);
			if (print)
				memcpy(*o, p, JSON_BLOCK);
			p += k;
			if (print)
				*o += k;
		}
		if (k == JSON_BLOCK || *p == '\\') {
			w = print == SCAN_PRETTY ? pretty_wide(s, p, *o) :
			    print ? compact_wide(s, p, *o) : check_wide(s, p);
			p = w.p;
			if (print)
				*o = w.o;
			for (; p < end && json_is_plain(*p); p++) {
				high |= (unsigned char)*p & 0x80U;
				if (print)
					*(*o)++ = *p;
			}
		}
		if (p == end)
			return fault(s, start, not_closed);
		if (*p == '"')
			break;
		if (*p != '\\')
			return fault(s, p, "a control character in a string");
		if (!(p = scan_escape(s, p, o, print)))
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
	if (print == SCAN_COMPACT && (*start == 'N' || *start == 'I' ||
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
	p = json_skip_space(p, s->end);
	if (p == s->end || *p != '"')
		return fault(s, p, "a key in quotes is missing");
	key->p = p;
	if (!(p = scan_string(s, p, o, print)))
		return NULL;
	key->n = (size_t)(p - key->p);
	p = json_skip_space(p, s->end);
	if (p == s->end || *p != ':')
		return fault(s, p, "a ':' is missing");
	if (print)
		*(*o)++ = ':';
	if (print == SCAN_PRETTY)
		*(*o)++ = ' ';
	return p + 1;
}

/* The error at p, after a value, while a bracket is open. */
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
 * Reads a value of any depth from s->p on. Returns 0 or -1. Invariant: close
 * is the bracket that closes the innermost array or object, 0 outside of all;
 * s->open up to top holds those of the outer ones. In ASCII a closing bracket
 * comes two after its opening one.
 */
HOT int
scan_value(struct scan *s, const int print)
{
	const char *p = s->p, *const end = s->end;
	char *top = s->open + s->depth, *const base = top, close = 0;
	char *const limit = s->open + s->limit;
	size_t indent = s->indent;
	struct json_span key;
	char *o = print ? buf_room(s->out, (size_t)(end - p) + SPARE) : NULL;

	for (;;) {
		p = json_skip_space(p, end);
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
			p = json_skip_space(p + 1, end);
			if (p == end || *p != close) {
				if (print == SCAN_PRETTY)
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
		/* after a value: the brackets that close here */
		for (; top > base; close = *--top) {
			p = json_skip_space(p, end);
			if (p == end || *p != close)
				break;
			if (print == SCAN_PRETTY)
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
		if (print == SCAN_PRETTY)
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
	return scan_value(s, SCAN_CHECK);
}

static int
pretty_value(struct scan *s)
{
	return scan_value(s, SCAN_PRETTY);
}

static int
compact_value(struct scan *s)
{
	return scan_value(s, SCAN_COMPACT);
}

/* Sets up a scan of n bytes at p. */
static void
scan_init(struct scan *s, const char *p, size_t n, unsigned take,
    struct buf *out)
{
	unsigned limit = json_depth < JSON_DEPTH_MAX ? json_depth :
	    JSON_DEPTH_MAX;

	if (take & JSON_INSIDE)
		limit = limit > JSON_MARGIN ? limit - JSON_MARGIN : 0;
	s->p = p;
	s->end = p + n;
	s->take = take;
	s->met = 0;
	s->high = 0;
	s->decoded = 0;
	s->depth = 0;
	s->limit = limit;
	s->out = out;
	s->indent = 0;
}

/* Which field has this key, looking first after the last one; count: none. */
static size_t
find_field(const struct json_wanted *w, struct json_span key, size_t *last)
{
	const char *p = key.p + 1, *const *name;
	size_t i, n = key.n - 2;
	int plain;

	/* names may be NULL then */
	if (!w->count)
		return 0;
	plain = !memchr(p, '\\', n);
	name = w->names + *last;
	for (i = w->count; i > 0; i--) {
		name = name + 1 < w->names + w->count ? name + 1 : w->names;
		if (plain && **name != *p)
			continue;
		if (plain ? !strncmp(*name, p, n) && !(*name)[n] :
		    json_is_str(key, *name)) {
			*last = (size_t)(name - w->names);
			return *last;
		}
	}
	return w->count;
}

/* Makes all fields absent. */
static void
clear_fields(const struct json_wanted *w)
{
	size_t i;

	for (i = 0; i < w->count; i++) {
		w->values[i].p = NULL;
		w->values[i].n = 0;
	}
	for (i = 0; i < w->nprint; i++)
		w->print[i].at = w->print[i].n = 0;
}

static int scan_record(struct scan *s, const struct json_wanted *w);

/* Reads the array at s->p, and its objects as records. */
static int
scan_elements(struct scan *s, const struct json_elements *e)
{
	const struct json_wanted *w;
	const char *p;

	if (s->depth == s->limit) {
		fault(s, s->p, "nested too deeply");
		return -1;
	}
	s->depth++;
	e->open(e->arg);
	p = json_skip_space(s->p + 1, s->end);
	while (p == s->end || *p != ']') {
		s->p = p;
		if (p == s->end || *p != '{') {
			if (check_value(s))
				return -1;
		} else {
			w = e->begin(e->arg);
			clear_fields(w);
			if (scan_record(s, w))
				return -1;
			e->end(e->arg, (struct json_span){ p,
			    (size_t)(s->p - p) });
		}
		p = json_skip_space(s->p, s->end);
		if (p < s->end && *p == ']')
			break;
		if (p == s->end || *p != ',') {
			fault_after(s, p, ']');
			return -1;
		}
		p = json_skip_space(p + 1, s->end);
		/* a value has to follow */
		if (p < s->end && *p == ']') {
			scan_odd(s, p);
			return -1;
		}
	}
	s->p = p + 1;
	s->depth--;
	return 0;
}

/*
 * Reads the value of field i: prints it if w->print has the field, and passes
 * its elements on if w->elements is for it.
 */
static int
scan_field(struct scan *s, const struct json_wanted *w, size_t i)
{
	unsigned high = s->high;
	size_t k;

	if (w->elements && w->elements->field == i && s->depth == 1 &&
	    s->p < s->end && *s->p == '[')
		return scan_elements(s, w->elements);
	for (k = 0; k < w->nprint; k++)
		if (w->print[k].field == i)
			break;
	if (k == w->nprint)
		return check_value(s);
	w->print[k].at = s->out->len;
	s->high = 0;
	s->decoded = 0;
	if (pretty_value(s))
		return -1;
	w->print[k].n = s->out->len - w->print[k].at;
	w->print[k].high = s->high || s->decoded;
	s->high |= high;
	return 0;
}

/* Reads the object at s->p, keeping fields. */
static int
scan_record(struct scan *s, const struct json_wanted *w)
{
	size_t i, last = w->count ? w->count - 1 : 0;
	struct buf *out = s->out;
	struct json_span key;
	const char *p;

	if (s->depth == s->limit) {
		fault(s, s->p, "nested too deeply");
		return -1;
	}
	p = json_skip_space(s->p + 1, s->end);
	if (p < s->end && *p == '}') {
		s->p = p + 1;
		return 0;
	}
	s->depth++;
	s->out = w->out;
	for (;; p++) {
		if (!(p = scan_key(s, p, &key, NULL, SCAN_CHECK)))
			return -1;
		i = find_field(w, key, &last);
		s->p = p = json_skip_space(p, s->end);
		if (scan_field(s, w, i))
			return -1;
		if (i < w->count) {
			w->values[i].p = p;
			w->values[i].n = (size_t)(s->p - p);
		}
		p = json_skip_space(s->p, s->end);
		if (p == s->end || *p != ',')
			break;
	}
	if (p == s->end || *p != '}') {
		fault_after(s, p, '}');
		return -1;
	}
	s->p = p + 1;
	s->depth--;
	s->out = out;
	return 0;
}

static int
scan_text(struct scan *s, const struct json_wanted *w, const char **end)
{
	s->p = json_skip_space(s->p, s->end);
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
	s->p = json_skip_space(s->p, s->end);
	if (s->p < s->end) {
		fault(s, s->p, "more after the JSON value");
		return -1;
	}
	return 0;
}

int
json_scan_record(const char *s, size_t n, const struct json_wanted *w,
    const char **end, struct json_fault *f)
{
	struct scan sc;
	size_t good;
	int bad;

	clear_fields(w);
	scan_init(&sc, s, n, w->take, w->out);
	bad = scan_text(&sc, w, end);
	/* UTF-8 is checked apart: far quicker than byte by byte on the way */
	n = !bad && end ? (size_t)(*end - s) : n;
	good = bad || sc.high ? utf8_check(s, n) : n;
	if (bad) {
		f->at = (size_t)(sc.p - s);
		f->msg = sc.msg;
		f->cut = sc.msg == not_closed || n - f->at < LONGEST;
		if (good >= f->at)
			return -1;
	}
	if (good < n) {
		f->at = good;
		f->msg = "not UTF-8";
		f->cut = 0;
		return -1;
	}
	return sc.met;
}

int
json_scan(const char *s, size_t n, unsigned take, const char *const *names,
    struct json_span *values, size_t count, struct json_fault *f)
{
	const struct json_wanted w = {
		.take = take, .names = names, .values = values, .count = count
	};

	return json_scan_record(s, n, &w, NULL, f);
}

/* Reads a checked value again and prints it. Returns as json_pretty does. */
static int
print_checked(struct buf *b, struct json_span v, size_t indent,
    int (*value)(struct scan *))
{
	struct scan sc;

	scan_init(&sc, v.p, v.n, JSON_LAX, b);
	sc.indent = indent;
	value(&sc);
	return sc.high || sc.decoded;
}

int
json_pretty(struct buf *b, struct json_span v, size_t indent)
{
	return print_checked(b, v, indent, pretty_value);
}

void
json_compact(struct buf *b, struct json_span v)
{
	print_checked(b, v, 0, compact_value);
}
