#include <string.h>

#include "buf.h"
#include "eight.h"
#include "unicode.h"
#include "utf8.h"
#include "visible.h"

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

/* 1 for characters that are not shown, but kept. */
static int
visible_is_kept(uint32_t c, enum visible_way way)
{
	if (way == VISIBLE_LINE)
		return 0;
	return c == '\n' || c == '\t' || (way == VISIBLE_JSON &&
	    (c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029));
}

/* The first bytes of the characters that JSON text needs an escape for. */
static const char leads[] = "\xc2\xd8\xe1\xe2\xef\xf0\xf3";

/*
 * The number of bytes from the start that stay as they are. JSON is UTF-8
 * without NULs, and ends in one here, so most of it need not be decoded.
 */
static size_t
shown_run(const char *s, size_t n, enum visible_way way)
{
	size_t i = 0, len;
	uint32_t c;

	while (i < n) {
		if (way == VISIBLE_JSON && (i += strcspn(s + i, leads)) >= n)
			break;
		while (i + 8 <= n && !eight_hidden(eight_load(s + i)))
			i += 8;
		if (i == n)
			break;
		if (s[i] >= ' ' && s[i] < 0x7f) {
			i++;
			continue;
		}
		len = utf8_decode(s + i, n - i, &c);
		if (unicode_is_hidden(c) ? !visible_is_kept(c, way) :
		    len == 1 && c >= 0x80)
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

void
visible_replace(struct buf *b, size_t at, enum visible_way way)
{
	struct buf text = { 0 };

	at += shown_run(buf_str(b) + at, b->len - at, way);
	if (at == b->len)
		return;
	visible_put_way(&text, b->p + at, b->len - at, way);
	b->len = at;
	buf_add(b, text.p, text.len);
	buf_release(&text);
}
