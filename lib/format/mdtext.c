#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/visible.h"
#include "mdtext.h"

/* What a byte may mean in Markdown. 0: only itself. */
enum { WORD = 1, MARKUP, JOINT, ADDRESS, HIDDEN };

/* Returns the meaning of a byte. Bytes beyond ASCII are parts of words. */
static int
byte_kind(unsigned char c)
{
	static const unsigned char kinds[0x80] = {
		['\\'] = MARKUP, ['`'] = MARKUP, ['*'] = MARKUP,
		['['] = MARKUP, [']'] = MARKUP, ['<'] = MARKUP,
		['>'] = MARKUP, ['|'] = MARKUP, ['&'] = MARKUP,
		['#'] = MARKUP, ['_'] = JOINT, ['.'] = ADDRESS,
		[':'] = ADDRESS, [0x7f] = HIDDEN
	};

	if (c < 0x20)
		return HIDDEN;
	if (c >= 0x80 || (c >= '0' && c <= '9') ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
		return WORD;
	return kinds[c];
}

/* Whether the run of '_' at i is within a word: no emphasis. */
static int
is_joint(const char *s, size_t n, size_t i)
{
	size_t from = i, end = i;

	while (from > 0 && s[from - 1] == '_')
		from--;
	while (end < n && s[end] == '_')
		end++;
	return from > 0 && end < n &&
	    byte_kind((unsigned char)s[from - 1]) == WORD &&
	    byte_kind((unsigned char)s[end]) == WORD;
}

/* Whether an address begins with the ':' or the '.' at i: "://", "www.". */
static int
is_address(const char *s, size_t n, size_t i)
{
	if (s[i] == ':')
		return n - i > 2 && s[i + 1] == '/' && s[i + 2] == '/';
	return i >= 3 && (s[i - 1] | 0x20) == 'w' && (s[i - 2] | 0x20) == 'w'
	    && (s[i - 3] | 0x20) == 'w';
}

/* The number of bytes from i on that are shown as they are. */
static size_t
markdown_run(const char *s, size_t n, size_t i)
{
	size_t start = i;
	int kind;

	for (; i < n; i++) {
		kind = byte_kind((unsigned char)s[i]);
		if (kind > WORD && (kind == MARKUP || kind == HIDDEN ||
		    (kind == JOINT ? !is_joint(s, n, i) :
		    is_address(s, n, i))))
			break;
	}
	return i - start;
}

/* Appends text without hidden characters. */
static void
mdtext_put_shown(struct buf *b, const char *s, size_t n, size_t run)
{
	size_t i = 0;

	for (;;) {
		buf_add(b, s + i, run);
		i += run;
		if (i == n)
			break;
		buf_byte(b, '\\');
		buf_byte(b, s[i++]);
		run = markdown_run(s, n, i);
	}
}

void
mdtext_put(struct buf *b, const char *s, size_t n)
{
	struct buf text = { 0 };
	size_t run, i;

	if (!n)			/* s may be NULL */
		return;
	run = markdown_run(s, n, 0);
	for (i = 0; i < n && s[i] > 0x1f && s[i] < 0x7f; i++)
		;
	if (i == n) {
		mdtext_put_shown(b, s, n, run);
		return;
	}
	visible_put(&text, s, n);
	mdtext_put_shown(b, text.p, text.len, markdown_run(text.p, text.len,
	    0));
	buf_release(&text);
}
