#include <string.h>

#include "buf.h"
#include "unicode.h"
#include "utf8.h"
#include "visible.h"

/* The ways to write text. */
enum visible_way { VISIBLE_LINE, VISIBLE_LINES, VISIBLE_JSON };

void
visible_put_escape(struct buf *b, uint32_t c)
{
	static const char from[] = "\t\n\r", to[] = "tnr";
	const char *q = c && c < 0x80 ? strchr(from, (int)c) : NULL;

	if (q)
		buf_printf(b, "\\%c", to[q - from]);
	else
		buf_printf(b, c < 0x10000 ? "\\u%04x" : "\\U%08x",
		    (unsigned)c);
}

static void
put_json_escape(struct buf *b, uint32_t c)
{
	if (c >= 0x10000)
		buf_printf(b, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (c >> 10)),
		    (unsigned)(0xdc00 + (c & 0x3ff)));
	else
		buf_printf(b, "\\u%04x", (unsigned)c);
}

/* 1 for the bytes that only begin characters that are shown, or continue one */
static int
is_innocent(unsigned char c)
{
	return c < 0x7f ? c >= 0x20 : (c >= 0x80 && c < 0xc2) ||
	    (c > 0xc2 && c < 0xd8) || (c > 0xd8 && c < 0xe1) ||
	    (c > 0xe2 && c < 0xed);
}

/*
 * The number of bytes from the start that stay as they are. JSON is known to
 * be UTF-8, so most bytes need no decoding.
 */
static size_t
shown_run(const char *s, size_t n, enum visible_way way)
{
	size_t i = 0, len;
	uint32_t c;

	while (i < n) {
		if (way == VISIBLE_JSON && is_innocent((unsigned char)s[i])) {
			i++;
			continue;
		}
		len = utf8_decode(s + i, n - i, &c);
		if (unicode_is_hidden(c) ? way == VISIBLE_LINE ||
		    (c != '\n' && c != '\t') : len == 1 && c >= 0x80)
			break;
		i += len;
	}
	return i;
}

static void
visible_put_way(struct buf *b, const char *s, size_t n, enum visible_way way)
{
	size_t run, len;
	uint32_t c;

	while (n) {
		run = shown_run(s, n, way);
		buf_add(b, s, run);
		s += run;
		n -= run;
		if (!n)
			break;
		len = utf8_decode(s, n, &c);
		if (c == 0xfffd)
			buf_printf(b, "\\x%02x", (unsigned)(unsigned char)*s);
		else if (way == VISIBLE_JSON)
			put_json_escape(b, c);
		else
			visible_put_escape(b, c);
		s += len;
		n -= len;
	}
}

void
visible_put(struct buf *b, const char *s, size_t n)
{
	visible_put_way(b, s, n, VISIBLE_LINE);
}

/* Replaces the text from offset at on. */
static void
visible_replace(struct buf *b, size_t at, enum visible_way way)
{
	struct buf text = { 0 };

	at += shown_run(b->p + at, b->len - at, way);
	if (at == b->len)
		return;
	visible_put_way(&text, b->p + at, b->len - at, way);
	b->len = at;
	buf_add(b, text.p, text.len);
	buf_release(&text);
}

void
visible_lines(struct buf *b, size_t at)
{
	visible_replace(b, at, VISIBLE_LINES);
}

void
visible_json(struct buf *b, size_t at)
{
	visible_replace(b, at, VISIBLE_JSON);
}
