#include <stddef.h>

#include "base/buf.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "base/visible.h"
#include "termwidth.h"

/* The most marks on one character; further ones are dropped. */
#define MARKS_MAX 4

#define TAB 8			/* cells */

/* The output, and the state that the last character leaves. */
struct text {
	struct buf *b;
	unsigned last;		/* cells of the last non-mark */
	unsigned marks;		/* marks on it; MARKS_MAX if none may follow */
};

static size_t
termwidth_put_escape(struct text *t, uint32_t c)
{
	size_t before = t->b->len;

	visible_put_escape(t->b, c);
	t->last = 1;
	t->marks = MARKS_MAX;
	return t->b->len - before;
}

/*
 * Whether a character joins others to one picture: a variation selector
 * anywhere, and after a wide character a joiner or a skin colour.
 */
static int
joins(const struct text *t, uint32_t c)
{
	if (c == 0xfe0e || c == 0xfe0f)
		return 1;
	return t->last == 2 && (c == 0x200d ||
	    (c >= 0x1f3fb && c <= 0x1f3ff));
}

/* Appends a character, or its replacement; returns its cells. */
static size_t
termwidth_put_char(struct text *t, uint32_t c)
{
	unsigned w;

	if (c >= 0x20 && c < 0x7f) {
		buf_byte(t->b, (char)c);
		t->last = 1;
		t->marks = 0;
		return 1;
	}
	if (joins(t, c))
		return 0;
	w = unicode_width(c);
	if (unicode_is_hidden(c) || (!w && t->marks == MARKS_MAX))
		return termwidth_put_escape(t, c);
	utf8_put(t->b, c);
	if (w) {
		t->last = w;
		t->marks = 0;
	} else {
		t->marks++;
	}
	return w;
}

size_t
termwidth_put(struct buf *b, const char *s, size_t n, size_t max)
{
	struct text t = { .b = b, .marks = MARKS_MAX };
	size_t i, used = 0, kept = 0, end = b->len;
	uint32_t c;

	for (i = 0; i < n && used <= max; ) {
		i += utf8_decode(s + i, n - i, &c);
		used += termwidth_put_char(&t, c);
		/* up to here there is room for the mark of a cut */
		if (used < max) {
			kept = used;
			end = b->len;
		}
	}
	if (used <= max)
		return used;
	b->len = end;
	if (!max)
		return 0;
	buf_puts(b, "\xe2\x80\xa6");
	return kept + 1;
}

/* Appends a character of a line, whose tabs are blanks; returns its cells. */
static size_t
wrap_char(struct text *t, uint32_t c, size_t used)
{
	size_t blanks = TAB - used % TAB;

	if (c != '\t')
		return termwidth_put_char(t, c);
	buf_fill(t->b, ' ', blanks);
	t->last = 1;
	t->marks = MARKS_MAX;
	return blanks;
}

size_t
termwidth_wrap(struct buf *b, const char *s, size_t n, size_t max)
{
	struct text t = { .b = b, .marks = MARKS_MAX };
	size_t i = 0, next, used = 0, before;
	size_t word = 0, word_end = 0;	/* after the last blank: of s, of b */
	uint32_t c;

	while (i < n) {
		next = i + utf8_decode(s + i, n - i, &c);
		if (c == '\n')
			return next;
		before = b->len;
		used += wrap_char(&t, c, used);
		/* a blank at the end of a full line is not seen */
		if (used > max && c != ' ' && c != '\t' && i) {
			b->len = word ? word_end : before;
			return word ? word : i;
		}
		i = next;
		if (c == ' ' || c == '\t') {
			word = i;
			word_end = before;
		}
		if (used > max) {
			if (c == ' ' || c == '\t')
				b->len = before;
			return i;
		}
	}
	return n;
}
