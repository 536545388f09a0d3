#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/eight.h"
#include "base/utf8.h"
#include "block.h"
#include "escape.h"
#include "json.h"

void
json_comma(struct buf *b)
{
	char last = b->len ? b->p[b->len - 1] : '[';

	/* a newline or NUL ends an earlier record */
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

/*
 * Appends a number of at most 15 digits, three of them after the point: the
 * quotient is rounded once, so it is the number that these digits are read as,
 * and no others of 15 or fewer are read as it. Returns 0 for all other numbers.
 */
static int
put_short(struct buf *b, double d)
{
	unsigned long long n;
	unsigned width = 3;

	if (FLT_EVAL_METHOD != 0 || fabs(d) >= 1e12 || (d == 0 && signbit(d)))
		return 0;
	n = (unsigned long long)(fabs(d) * 1000 + 0.5);
	if ((double)n / 1000 != fabs(d))
		return 0;
	if (d < 0)
		buf_byte(b, '-');
	buf_uint(b, n / 1000);
	n %= 1000;
	if (!n)
		return 1;
	for (; n % 10 == 0; n /= 10)
		width--;
	buf_byte(b, '.');
	buf_digits(b, n, width);
	return 1;
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
	json_key(b, key);
	if (put_short(b, d))
		return;
	/* the fewest digits that read back as the same number */
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
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
	b->len = (size_t)(escape_put_char(buf_room(b, 6), escape_is_half(c) ?
	    0xfffd : c) - b->p);
	return len;
}

static int
is_plain(uint64_t w)
{
	return !(eight_high(w) | eight_below(w, ' ') | eight_has(w, '"') |
	    eight_has(w, '\\'));
}

/* How many bytes from the start are ASCII that stands in a string as it is. */
static size_t
plain(const char *s, size_t n)
{
	char last[8];
	size_t i;

	for (i = 0; i + 8 <= n && is_plain(eight_load(s + i)); )
		i += 8;
	/* the last four to seven bytes, with some before them */
	if (i + 4 <= n && n < i + 8) {
		memcpy(last, s + i, 4);
		memcpy(last + 4, s + n - 4, 4);
		if (is_plain(eight_load(last)))
			return n;
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
	char *p = buf_room(b, n + 2);

	*p = '"';
	if (i)
		memcpy(p + 1, s, i);
	b->len += i + 1;
	while (i < n) {
		good = i + utf8_check(s + i, n - i);
		while (i < good) {
			stop = (size_t)(json_string_stop(s + i, s + good) - s);
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

static void
put_raw(struct buf *b, struct json_span v)
{
	buf_add(b, v.p, v.n);
}

/* Adds fields of an object, their keys and values by put. */
static void
add_others(struct buf *b, struct json_span object, const char *const *not,
    size_t n, void (*put)(struct buf *b, struct json_span v))
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
		put(b, key);
		buf_byte(b, ':');
		put(b, value);
	}
}

void
json_add_others(struct buf *b, struct json_span object,
    const char *const *not, size_t n)
{
	add_others(b, object, not, n, json_compact);
}

void
json_copy_others(struct buf *b, struct json_span object,
    const char *const *not, size_t n)
{
	add_others(b, object, not, n, put_raw);
}
