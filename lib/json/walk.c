#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "block.h"
#include "escape.h"
#include "json.h"

struct json_span
json_trim(struct json_span text)
{
	while (text.n && json_is_space(*text.p)) {
		text.p++;
		text.n--;
	}
	while (text.n && json_is_space(text.p[text.n - 1]))
		text.n--;
	return text;
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

#ifdef JSON_MARKS
/*
 * The end of a checked array or object that starts at p. Sets *most to its
 * deepest nesting.
 */
static JSON_ALIGNED const char *
past_brackets(const char *p, size_t *most)
{
	unsigned skip = (unsigned)((uintptr_t)p % JSON_MARKS), i;
	uint64_t keep = ~UINT64_C(0) << skip, carry = 0, string = 0, marks;
	const char *block = p - skip;
	struct json_marks m;
	size_t depth = 0;

	*most = 0;
	for (;; block += JSON_MARKS, keep = ~UINT64_C(0)) {
		json_mark_all(&m, block);
		m.quote &= keep;
		m.slash &= keep;
		if (m.slash | carry)
			m.quote &= ~json_escaped(m.slash, &carry);
		/* in a string, with its first quote: after an odd number */
		for (i = 1; i < JSON_MARKS; i *= 2)
			m.quote ^= m.quote << i;
		string ^= m.quote;
		marks = (m.open | m.close) & ~string & keep;
		for (; marks; marks &= marks - 1) {
			if (m.open & marks & -marks)
				depth++;
			else if (!--depth)
				return block + __builtin_ctzll(marks) + 1;
			*most = depth > *most ? depth : *most;
		}
		/* the next block begins as this one ends */
		string = UINT64_C(0) - (string >> (JSON_MARKS - 1));
	}
}
#else
static const char *
past_brackets(const char *p, size_t *most)
{
	size_t depth = 0;

	*most = 0;
	do {
		if (*p == '"') {
			p = json_past_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		*most = depth > *most ? depth : *most;
		p++;
	} while (depth);
	return p;
}
#endif

/* Whether c is part of a bare word or of a number. */
static int
is_bare(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <=
	    'z') || c == '+' || c == '-' || c == '.';
}

/* The end of a checked value that starts at p. */
static const char *
past_value(const char *p)
{
	size_t most;

	if (*p == '"')
		return json_past_string(p);
	if (*p == '{' || *p == '[')
		return past_brackets(p, &most);
	for (p++; is_bare(*p); p++)
		;
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
	const char *p = it->p, *q, *end;

	while (json_is_space(*p) || *p == ',')
		p++;
	it->p = p + 1;
	if (*p == '}' || *p == ']')
		return 0;
	it->p = p;
	if (*p != '"')
		return 1;
	/* a string that a colon follows is a key */
	end = json_past_string(p);
	for (q = end; json_is_space(*q); q++)
		;
	if (*q != ':')
		return 1;
	key->p = p;
	key->n = (size_t)(end - p);
	for (q++; json_is_space(*q); q++)
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
		it->p--;	/* further calls return 0, too */
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
	size_t most = 0;

	if (*v.p == '{' || *v.p == '[')
		past_brackets(v.p, &most);
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
	c = escape_hex4(p + 2);
	low = escape_is_high(c) ? escape_low_half(p, end) : 0;
	*o += utf8_encode(*o, low ? escape_join_halves(c, low) : (uint32_t)c);
	return p + (low ? 12 : 6);
}

void
json_text(struct buf *b, struct json_span string)
{
	const char *p = string.p + 1, *end = string.p + string.n - 1;
	char *o = buf_room(b, string.n);
	const char *q;

	while (p < end) {
		q = json_string_stop(p, end);
		memcpy(o, p, (size_t)(q - p));
		o += q - p;
		p = q;
		while (p < end && *p == '\\')
			p = text_escape(&o, p, end);
	}
	b->len = (size_t)(o - b->p);
}

/*
 * Reads a number of at most 15 digits and no exponent: both sides of the
 * quotient are exact, so it is rounded once (W. D. Clinger, "How to read
 * floating point numbers accurately", 1990). Returns 0 for all other numbers.
 */
static int
read_short(struct json_span v, double *d)
{
	static const double powers[] = {
		1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15
	};
	const char *p = v.p, *end = v.p + v.n, *point = NULL;
	int64_t n = 0;

	if (FLT_EVAL_METHOD != 0 || v.n > 15)
		return 0;
	p += *p == '-';
	for (; p < end; p++) {
		if (*p == '.')
			point = p + 1;
		else if (*p < '0' || *p > '9')
			return 0;
		else
			n = n * 10 + (*p - '0');
	}
	*d = (double)n / powers[point ? end - point : 0];
	if (*v.p == '-')
		*d = -*d;
	return 1;
}

int
json_double(struct json_span v, double *d)
{
	char small[64], *text = small;

	if (!json_is(v, JSON_NUMBER))
		return 0;
	if (read_short(v, d))
		return 1;
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

int
json_equal(struct json_span string, const char *name, size_t n)
{
	struct buf b = { 0 };
	int same;

	/* escapes make a string longer */
	if (!string.p || string.n < n + 2)
		return 0;
	if (string.n == n + 2)
		return !memcmp(string.p + 1, name, n) && !memchr(name, '\\', n);
	if (!memchr(string.p, '\\', string.n))
		return 0;
	json_text(&b, string);
	buf_str(&b);
	same = b.len == n && !memcmp(b.p, name, n);
	buf_release(&b);
	return same;
}
