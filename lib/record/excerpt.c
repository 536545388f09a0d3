#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "excerpt.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* The number of bytes of the character at p in a checked string. */
static size_t
character_len(const char *p)
{
	size_t n = 1;

	if (*p != '\\') {
		while ((p[n] & 0xc0) == 0x80)
			n++;
		return n;
	}
	if (p[1] != 'u')
		return 2;
	/* the halves of a pair stay together */
	return strchr("dD", p[2]) && strchr("89abAB", p[3]) &&
	    p[6] == '\\' && p[7] == 'u' ? 12 : 6;
}

/*
 * Appends at most max bytes of the text from p to end in a checked string; as a
 * JSON string if quoted is 1. Returns 1 if that is all of it, else 0.
 */
static int
put_start(struct buf *b, const char *p, const char *end, size_t max,
    int quoted)
{
	const char *from = p;
	struct buf text = { 0 }, part = { 0 };
	struct json_span s;

	while (p < end && (size_t)(p - from) < max)
		p += character_len(p);
	buf_byte(&part, '"');
	buf_add(&part, from, (size_t)(p - from));
	buf_byte(&part, '"');
	s.p = part.p;
	s.n = part.len;
	json_text(&text, s);
	if (quoted)
		json_put_text(b, text.p, text.len);
	else
		buf_add(b, text.p, text.len);
	buf_release(&text);
	buf_release(&part);
	return p == end;
}

/* Whether a line of a checked string ends at p. */
static int
is_break(const char *p)
{
	return p[0] == '\\' && (p[1] == 'n' || p[1] == 'r');
}

static int
is_blank(const char *p)
{
	return *p == ' ' || is_break(p) || (p[0] == '\\' && p[1] == 't');
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(p))
		p += character_len(p);
	return p;
}

/* Appends the first line of a string that is not blank. */
static void
put_first_line(struct buf *b, struct json_span v, size_t max)
{
	const char *last = v.p + v.n - 1, *p, *end;

	p = skip_blanks(v.p + 1, last);
	for (end = p; end < last && !is_break(end); end += character_len(end))
		if ((size_t)(end - p) > max)
			break;
	if (!put_start(b, p, end, max, 0) || skip_blanks(end, last) < last)
		buf_puts(b, ELLIPSIS);
}

/* Appends the beginning of any other value. */
static void
put_first_tokens(struct buf *b, struct json_span v, size_t max)
{
	const char *p = v.p, *end = v.p + v.n, *q;

	for (; p < end && (size_t)(p - v.p) < max; p = q) {
		q = p + 1;
		if (*p == '"') {
			q = json_end(p);
			if (!put_start(b, p + 1, q - 1, max, 1))
				break;
		} else if (!strchr(" \t\r\n", *p)) {
			buf_byte(b, *p);
			if (*p == ',' || *p == ':')
				buf_byte(b, ' ');
		}
	}
	if (p < end)
		buf_puts(b, ELLIPSIS);
}

void
excerpt_put(struct buf *b, struct json_span v, size_t max)
{
	if (json_is(v, JSON_STRING))
		put_first_line(b, v, max);
	else if (v.p)
		put_first_tokens(b, v, max);
}
