#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "text.h"

#define QUOTED 80		/* bytes of a text that a reason quotes */

void
text_lower(struct buf *b, const char *s, size_t n)
{
	uint32_t c;
	size_t i = 0;

	while (i < n) {
		if (!(s[i] & 0x80)) {
			buf_byte(b, s[i] >= 'A' && s[i] <= 'Z' ?
			    (char)(s[i] | 0x20) : s[i]);
			i++;
			continue;
		}
		i += utf8_decode(s + i, n - i, &c);
		utf8_put(b, unicode_lower(c));
	}
}

int
text_has(const char *s, size_t n, const char *part, size_t m)
{
	const char *at, *end = s + n;

	if (!m)
		return 1;
	for (at = s; (size_t)(end - at) >= m &&
	    (at = memchr(at, *part, (size_t)(end - at) - m + 1)); at++)
		if (!memcmp(at, part, m))
			return 1;
	return 0;
}

void
text_quote(struct buf *b, const char *s, size_t n)
{
	size_t cut = utf8_cut(s, n, QUOTED);

	buf_byte(b, '\'');
	buf_add(b, s, cut);
	buf_puts(b, cut < n ? "...'" : "'");
}

struct json_span
text_trim(const char *s, size_t n)
{
	while (n && strchr(" \t\r\n\f\v", *s) && *s) {
		s++;
		n--;
	}
	while (n && s[n - 1] && strchr(" \t\r\n\f\v", s[n - 1]))
		n--;
	return (struct json_span){ s, n };
}

struct json_span
text_last_line(const struct buf *text)
{
	size_t from, end = text->len;

	while (end && text->p[end - 1] == '\n')
		end--;
	for (from = end; from && text->p[from - 1] != '\n'; from--)
		;
	return (struct json_span){ text->len ? text->p + from : "",
	    end - from };
}

void
value_text(struct json_span value, struct buf *b)
{
	if (json_is(value, JSON_STRING))
		json_text(b, value);
	else if (value.p)
		json_compact(b, value);
}

int
value_number(struct json_span value, double *d)
{
	struct buf text = { 0 };
	char *end;
	double n;
	int got;

	if (!value.p)
		return 0;
	if (json_double(value, &n)) {
		*d = n;
		return 1;
	}
	if (!json_is(value, JSON_STRING))
		return 0;
	json_text(&text, value);
	n = strtod(buf_str(&text), &end);
	got = text.len && !*end && isfinite(n);
	if (got)
		*d = n;
	buf_release(&text);
	return got;
}

/* Whether a bare address would become a link at its byte i. */
static int
begins_link(const char *s, size_t n, size_t i)
{
	if (s[i] == ':')
		return n - i > 2 && s[i + 1] == '/' && s[i + 2] == '/';
	return s[i] == '.' && i >= 3 && strncasecmp(s + i - 3, "www", 3) == 0;
}

void
text_put_md(struct buf *b, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (begins_link(s, n, i))
			buf_puts(b, "&#8203;");
		if (s[i] == '\n' || s[i] == '\r')
			buf_byte(b, ' ');
		else if (s[i] && strchr("&<>\"|\\`*_[]@#~$", s[i]))
			buf_printf(b, "&#%d;", s[i]);
		else
			buf_byte(b, s[i]);
		/* a mention or a reference is not one before this space */
		if (s[i] == '@' || s[i] == '#')
			buf_puts(b, "&#8203;");
	}
}
