#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "util.h"
#include "buf.h"
#include "utf8.h"
#include "json.h"

unsigned json_depth = 1000;

struct scan {
	const char *p;
	const char *end;
	unsigned take;
	int met;
	const char *msg;
	unsigned depth;
	unsigned char object[JSON_DEPTH_MAX];	/* for each open bracket: is it '{' */
};

static int
fault(struct scan *s, const char *at, const char *msg)
{
	s->p = at;
	s->msg = msg;
	return -1;
}

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* The first '"', '\' or control character from p on, or end. */
#ifdef __SSE2__
static const char *
string_stop(const char *p, const char *end)
{
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(0x1f);
	__m128i v, stop;
	int mask;

	for (; end - p >= 16; p += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)p);
		stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
		    _mm_cmpeq_epi8(v, slash)),
		    _mm_cmpeq_epi8(_mm_min_epu8(v, space), v));
		mask = _mm_movemask_epi8(stop);
		if (mask)
			return p + __builtin_ctz((unsigned)mask);
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}
#else
static const char *
string_stop(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101u, high = ones * 0x80;
	uint64_t w, quote, slash;

	for (; end - p >= 8; p += 8) {
		memcpy(&w, p, 8);
		quote = w ^ ones * '"';
		slash = w ^ ones * '\\';
		/* a byte's high bit: it was zero, or below a space */
		if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
		    ((w - ones * 0x20) & ~w)) & high)
			break;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}
#endif

/* The value of four hexadecimal digits, or -1. */
static int
hex4(const char *p)
{
	int i, c, v = 0;

	for (i = 0; i < 4; i++) {
		c = (unsigned char)p[i];
		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v |= (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return v;
}

static int
is_high(int c)
{
	return c >= 0xd800 && c <= 0xdbff;
}

static int
is_low(int c)
{
	return c >= 0xdc00 && c <= 0xdfff;
}

/* Reads the escape at s->p. */
static int
scan_escape(struct scan *s)
{
	int c, d;

	if (s->end - s->p < 2)
		return fault(s, s->p, "the string is not closed");
	if (s->p[1] != 'u') {
		if (!s->p[1] || !strchr("\"\\/bfnrt", s->p[1]))
			return fault(s, s->p, "not an escape");
		s->p += 2;
		return 0;
	}
	if (s->end - s->p < 6 || (c = hex4(s->p + 2)) < 0)
		return fault(s, s->p, "\\u needs four hexadecimal digits");
	if (is_high(c) && s->end - s->p >= 12 && s->p[6] == '\\' &&
	    s->p[7] == 'u' && (d = hex4(s->p + 8)) >= 0 && is_low(d)) {
		s->p += 12;
		return 0;
	}
	if (is_high(c) || is_low(c)) {
		if (!(s->take & JSON_LONE))
			return fault(s, s->p, "half a surrogate pair");
		s->met |= JSON_LONE;
	}
	s->p += 6;
	return 0;
}

static int
scan_string(struct scan *s)
{
	const char *start = s->p;

	s->p++;
	for (;;) {
		s->p = string_stop(s->p, s->end);
		if (s->p == s->end)
			return fault(s, start, "the string is not closed");
		if (*s->p == '"') {
			s->p++;
			return 0;
		}
		if (*s->p != '\\')
			return fault(s, s->p,
			    "a control character in a string");
		while (s->p < s->end && *s->p == '\\')
			if (scan_escape(s))
				return -1;
	}
}

static const char *
digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static int
scan_number(struct scan *s)
{
	const char *p = s->p, *q;

	if (*p == '-')
		p++;
	q = digits(p, s->end);
	if (q == p)
		return fault(s, s->p, "not a number");
	if (*p == '0' && q - p > 1)
		return fault(s, s->p, "a number begins with 0");
	p = q;
	if (p < s->end && *p == '.') {
		q = digits(++p, s->end);
		if (q == p)
			return fault(s, s->p, "a digit is missing after '.'");
		p = q;
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		q = digits(p, s->end);
		if (q == p)
			return fault(s, s->p, "a digit is missing after 'e'");
		p = q;
	}
	s->p = p;
	return 0;
}

static int
scan_word(struct scan *s, const char *word, unsigned needs)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0 ||
	    (s->take & needs) != needs)
		return fault(s, s->p, "not a JSON value");
	s->met |= (int)needs;
	s->p += n;
	return 0;
}

static int
scan_scalar(struct scan *s)
{
	switch (*s->p) {
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true", 0);
	case 'f':
		return scan_word(s, "false", 0);
	case 'n':
		return scan_word(s, "null", 0);
	case 'N':
		return scan_word(s, "NaN", JSON_NAN);
	case 'I':
		return scan_word(s, "Infinity", JSON_NAN);
	case '-':
		if (s->end - s->p > 1 && s->p[1] == 'I')
			return scan_word(s, "-Infinity", JSON_NAN);
		return scan_number(s);
	case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return scan_number(s);
	case ']':
	case '}':
	case ',':
		return fault(s, s->p, "a value is missing");
	default:
		return fault(s, s->p, "not a JSON value");
	}
}

static int
push(struct scan *s, int object)
{
	if (s->depth >= json_depth || s->depth >= JSON_DEPTH_MAX)
		return fault(s, s->p, "nested too deeply");
	s->object[s->depth++] = (unsigned char)object;
	return 0;
}

/* Reads a key and its colon, leaving s->p at the value. */
static int
scan_key(struct scan *s, struct json_span *key)
{
	const char *start;

	s->p = start = skip_space(s->p, s->end);
	if (s->p == s->end || *s->p != '"')
		return fault(s, s->p, "a key in quotes is missing");
	if (scan_string(s))
		return -1;
	key->p = start;
	key->n = (size_t)(s->p - start);
	s->p = skip_space(s->p, s->end);
	if (s->p == s->end || *s->p != ':')
		return fault(s, s->p, "a ':' is missing");
	s->p++;
	return 0;
}

/*
 * Reads what may stand behind a value while brackets are open: closes those
 * that end here. Returns 1 when another value follows, 0 when the depth base
 * is reached, -1 on a mistake.
 */
static int
scan_after(struct scan *s, unsigned base)
{
	struct json_span key;
	int object;

	while (s->depth > base) {
		object = s->object[s->depth - 1];
		s->p = skip_space(s->p, s->end);
		if (s->p == s->end)
			return fault(s, s->p, object ?
			    "the object is not closed" :
			    "the array is not closed");
		if (*s->p == ',') {
			s->p++;
			return object && scan_key(s, &key) ? -1 : 1;
		}
		if (*s->p != (object ? '}' : ']'))
			return fault(s, s->p, object ?
			    "a comma or '}' is missing" :
			    "a comma or ']' is missing");
		s->p++;
		s->depth--;
	}
	return 0;
}

/* Reads one value of any depth. */
static int
scan_value(struct scan *s)
{
	unsigned base = s->depth;
	struct json_span key;
	int object, more;

	do {
		s->p = skip_space(s->p, s->end);
		if (s->p == s->end)
			return fault(s, s->p, "a value is missing");
		if (*s->p != '{' && *s->p != '[') {
			if (scan_scalar(s))
				return -1;
		} else {
			object = *s->p == '{';
			if (push(s, object))
				return -1;
			s->p = skip_space(s->p + 1, s->end);
			if (s->p < s->end && *s->p == (object ? '}' : ']')) {
				s->p++;
				s->depth--;
			} else if (object && scan_key(s, &key)) {
				return -1;
			} else {
				more = 1;
				continue;
			}
		}
		more = scan_after(s, base);
	} while (more > 0);
	return more;
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

/* Keeps the value when its key is one that was asked for. */
static void
keep(struct json_span key, struct json_span value, const char *const *names,
    struct json_span *values, size_t count)
{
	const char *p = key.p + 1;
	size_t i, n = key.n - 2;
	int plain = count && !memchr(p, '\\', n);

	for (i = 0; i < count; i++)
		if (plain ? *names[i] == *p && !strncmp(names[i], p, n) &&
		    !names[i][n] : json_equal(key, names[i],
		    strlen(names[i]))) {
			values[i] = value;
			return;
		}
}

/* Reads the object at s->p, keeping fields. */
static int
scan_record(struct scan *s, const char *const *names, struct json_span *values,
    size_t count)
{
	struct json_span key, value;
	int more;

	if (push(s, 1))
		return -1;
	s->p = skip_space(s->p + 1, s->end);
	if (s->p < s->end && *s->p == '}') {
		s->p++;
		return 0;
	}
	do {
		if (scan_key(s, &key))
			return -1;
		s->p = value.p = skip_space(s->p, s->end);
		if (scan_value(s))
			return -1;
		value.n = (size_t)(s->p - value.p);
		keep(key, value, names, values, count);
		s->p = skip_space(s->p, s->end);
		more = s->p < s->end && *s->p == ',';
		if (more)
			s->p++;
	} while (more);
	return scan_after(s, 0);
}

static int
scan_text(struct scan *s, const char *const *names, struct json_span *values,
    size_t count)
{
	s->p = skip_space(s->p, s->end);
	if (s->p == s->end)
		return fault(s, s->p, "no JSON value");
	if (*s->p == '{' ? scan_record(s, names, values, count) :
	    scan_value(s))
		return -1;
	s->p = skip_space(s->p, s->end);
	if (s->p < s->end)
		return fault(s, s->p, "more after the JSON value");
	return 0;
}

int
json_scan(const char *s, size_t n, unsigned take, const char *const *names,
    struct json_span *values, size_t count, struct json_fault *f)
{
	struct scan sc;
	size_t good, i;

	for (i = 0; i < count; i++) {
		values[i].p = NULL;
		values[i].n = 0;
	}
	sc.p = s;
	sc.end = s + n;
	sc.take = take;
	sc.met = 0;
	sc.depth = 0;
	good = utf8_check(s, n);
	if (scan_text(&sc, names, values, count)) {
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

/* The end of a checked string that starts at p. */
static const char *
past_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
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

/*
 * Reads "\uXXXX", or two that are a surrogate pair, at p. Sets *c to the
 * character, which may be half a pair, and returns what follows.
 */
static const char *
read_unicode(const char *p, const char *end, uint32_t *c)
{
	int high = hex4(p + 2), low;

	if (is_high(high) && end - p >= 12 && p[6] == '\\' && p[7] == 'u' &&
	    is_low(low = hex4(p + 8))) {
		*c = (uint32_t)(0x10000 + ((high & 0x3ff) << 10 |
		    (low & 0x3ff)));
		return p + 12;
	}
	*c = (uint32_t)high;
	return p + 6;
}

static int
is_half(uint32_t c)
{
	return c >= 0xd800 && c <= 0xdfff;
}

/* Decodes the escape at p, appends its text, and returns what follows it. */
static const char *
put_escape(struct buf *b, const char *p, const char *end)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *q;
	uint32_t c;

	if (p[1] != 'u') {
		q = strchr(from, p[1]);
		buf_byte(b, q ? to[q - from] : p[1]);
		return p + 2;
	}
	q = read_unicode(p, end, &c);
	utf8_put(b, c);
	return q;
}

void
json_text(struct buf *b, struct json_span string)
{
	const char *p = string.p + 1, *end = string.p + string.n - 1, *q;

	while (p < end) {
		q = string_stop(p, end);
		buf_add(b, p, (size_t)(q - p));
		for (p = q; p < end && *p == '\\'; )
			p = put_escape(b, p, end);
	}
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

	if (!strchr("[{:,\n", last))
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
	buf_printf(b, "%lld", i);
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

/* Appends a character as it has to be written in a string. */
static void
put_char(struct buf *b, uint32_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	static const char hex[] = "0123456789abcdef";
	const char *q = c && c < 0x80 ? strchr(from, (int)c) : NULL;
	char *p = buf_room(b, 6);

	if (q) {
		p[0] = '\\';
		p[1] = to[q - from];
		b->len += 2;
	} else if (c < 0x20) {
		memcpy(p, "\\u00", 4);
		p[4] = hex[c >> 4];
		p[5] = hex[c & 15];
		b->len += 6;
	} else {
		b->len += utf8_encode(p, c);
	}
}

/* Appends the one character at s, which cannot stand in a string as it is. */
static size_t
put_special(struct buf *b, const char *s, size_t n)
{
	uint32_t c;
	size_t len;

	len = utf8_decode(s, n, &c);
	put_char(b, is_half(c) ? 0xfffd : c);
	return len;
}

void
json_put_text(struct buf *b, const char *s, size_t n)
{
	size_t i = 0, good, stop;

	buf_byte(b, '"');
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

/*
 * Appends the escape at p with only what it needs, and returns what follows
 * it. A lone surrogate stays as it is written.
 */
static const char *
put_needed(struct buf *b, const char *p, const char *end)
{
	const char *q;
	uint32_t c;

	if (p[1] == '/') {
		buf_byte(b, '/');
		return p + 2;
	}
	if (p[1] != 'u') {
		buf_add(b, p, 2);
		return p + 2;
	}
	q = read_unicode(p, end, &c);
	if (is_half(c))
		buf_add(b, p, 6);
	else
		put_char(b, c);
	return q;
}

/* Appends the checked string that starts at p; returns what follows it. */
static const char *
put_string(struct buf *b, const char *p, const char *end)
{
	const char *q;

	buf_byte(b, *p++);
	for (;;) {
		q = string_stop(p, end);
		buf_add(b, p, (size_t)(q - p));
		if (*q == '"')
			break;
		for (p = q; *p == '\\'; )
			p = put_needed(b, p, end);
	}
	buf_byte(b, '"');
	return q + 1;
}

/* Where the number or word at p ends. */
static const char *
word_end(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p > ' ' && *p != ',' &&
	    *p != ']' && *p != '}')
		p++;
	return p;
}

static void
new_line(struct buf *b, size_t indent)
{
	char *p = buf_room(b, indent + 1);

	*p = '\n';
	memset(p + 1, ' ', indent);
	b->len += indent + 1;
}

void
json_pretty(struct buf *b, struct json_span v, size_t indent)
{
	const char *p = v.p, *end = v.p + v.n, *q;

	while (p < end) {
		switch (*p) {
		case '"':
			p = put_string(b, p, end);
			continue;
		case '{':
		case '[':
			buf_byte(b, *p);
			p = skip_space(p + 1, end);
			if (*p == '}' || *p == ']')
				buf_byte(b, *p++);
			else
				new_line(b, indent += 2);
			continue;
		case '}':
		case ']':
			new_line(b, indent -= 2);
			buf_byte(b, *p);
			break;
		case ',':
			buf_byte(b, ',');
			new_line(b, indent);
			break;
		case ':':
			buf_add(b, ": ", 2);
			break;
		case ' ':
		case '\t':
		case '\n':
		case '\r':
			break;
		default:
			q = word_end(p, end);
			buf_add(b, p, (size_t)(q - p));
			p = q;
			continue;
		}
		p++;
	}
}

/* Appends a word: NaN, Infinity and -Infinity as null, others as they are. */
static const char *
put_word(struct buf *b, const char *p, const char *end)
{
	const char *q = word_end(p, end);

	if (*p == 'N' || *p == 'I' || (*p == '-' && p[1] == 'I'))
		buf_puts(b, "null");
	else
		buf_add(b, p, (size_t)(q - p));
	return q;
}

/*
 * Appends the checked string that starts at p with \ufffd for every lone
 * surrogate, and returns what follows it.
 */
static const char *
put_whole(struct buf *b, const char *p)
{
	const char *q = past_string(p), *from = p, *next;
	uint32_t c;

	for (; (p = memchr(p, '\\', (size_t)(q - p))); p = next) {
		c = 0;
		next = p[1] == 'u' ? read_unicode(p, q, &c) : p + 2;
		if (!is_half(c))
			continue;
		buf_add(b, from, (size_t)(p - from));
		buf_puts(b, "\\ufffd");
		from = next;
	}
	buf_add(b, from, (size_t)(q - from));
	return q;
}

void
json_compact(struct buf *b, struct json_span v)
{
	const char *p = v.p, *end = v.p + v.n;

	while (p < end) {
		if (*p == '"') {
			p = put_whole(b, p);
		} else if (strchr("{}[],:", *p)) {
			buf_byte(b, *p++);
		} else if (is_space(*p)) {
			p++;
		} else {
			p = put_word(b, p, end);
		}
	}
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
			if (json_equal(key, not[i], strlen(not[i])))
				break;
		if (i < n)
			continue;
		json_add(b, NULL, key);
		buf_byte(b, ':');
		json_compact(b, value);
	}
}
