#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "markup.h"

/* The longest duration that is shown, about 30,000 years, in milliseconds. */
#define MS_SHOWN 1e15

/*
 * 1 if c is invisible or changes the direction of the text after it: a control
 * character, a line separator, an embedding or an override.
 */
static int
is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Appends the character c, the len bytes at s; see markup_put_text. */
static void
put_char(struct buf *b, uint32_t c, const char *s, size_t len, int block)
{
	if (c == '&')
		buf_puts(b, "&amp;");
	else if (c == '<')
		buf_puts(b, "&lt;");
	else if (c == '>')
		buf_puts(b, "&gt;");
	else if (c == '\n' && !block)
		buf_puts(b, "\\n");
	else if (c == '\r')
		buf_puts(b, "\\r");
	else if (c >= 0xd800 && c <= 0xdfff)
		utf8_put(b, 0xfffd);
	else if (is_hidden(c) && c != '\n' && c != '\t')
		buf_printf(b, "\\u%04x", (unsigned)c);
	else
		buf_add(b, s, len);
}

void
markup_put_text(struct buf *b, const struct buf *text, size_t max, int block)
{
	size_t i, len;
	uint32_t c;

	for (i = 0; i < text->len && max > 0; i += len, max--) {
		len = utf8_decode(text->p + i, text->len - i, &c);
		put_char(b, c, text->p + i, len, block);
	}
	if (i < text->len)
		utf8_put(b, 0x2026);
}

void
markup_put_json(struct buf *b, const char *s, size_t n)
{
	size_t i, from = 0, len;

	for (i = 0; i < n; i += len) {
		len = 1;
		if (s[i] == '<' || s[i] == '>' || s[i] == '&') {
			buf_add(b, s + from, i - from);
			buf_printf(b, "\\u%04x", (unsigned)s[i]);
		} else if (n - i > 2 && !memcmp(s + i, "\xe2\x80", 2) &&
		    (s[i + 2] & ~1) == (char)0xa8) {
			len = 3;
			buf_add(b, s + from, i - from);
			buf_puts(b, s[i + 2] & 1 ? "\\u2029" : "\\u2028");
		} else {
			continue;
		}
		from = i + len;
	}
	buf_add(b, s + from, n - from);
}

/* Appends a number rounded to three digits. */
static void
put_digits(struct buf *b, double d, const char *unit)
{
	double size = fabs(d);

	buf_printf(b, "%.*f %s", size == 0 ? 0 : size < 9.995 ? 2 :
	    size < 99.95, d, unit);
}

void
markup_put_ms(struct buf *b, double ms)
{
	double size = fabs(ms), s = floor(size / 1000 + 0.5);

	if (!isfinite(ms) || size > MS_SHOWN)
		buf_puts(b, "\xe2\x80\x93");
	else if (size > 0 && size < 0.9995)
		buf_printf(b, "%.0f \xc2\xb5s", ms * 1000);
	else if (size < 999.5)
		put_digits(b, ms, "ms");
	else if (size < 59950)
		put_digits(b, ms / 1000, "s");
	else if (s < 3600)
		buf_printf(b, "%s%.0f m %02.0f s", ms < 0 ? "-" : "",
		    floor(s / 60), fmod(s, 60));
	else
		buf_printf(b, "%s%.0f h %02.0f m", ms < 0 ? "-" : "",
		    floor(s / 3600), floor(fmod(s, 3600) / 60));
}

void
markup_begin_fact(struct buf *b, const char *label)
{
	buf_printf(b, "<div><dt>%s</dt><dd>", label);
}

void
markup_end_fact(struct buf *b)
{
	buf_puts(b, "</dd></div>\n");
}
