#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "io/source.h"
#include "feed.h"
#include "recognize.h"
#include "complaint.h"

/* Appends the text, with name for each place of word. */
static void
complaint_replace(struct buf *b, const char *what, const char *word,
    const char *name)
{
	const char *p;

	for (; (p = strstr(what, word)); what = p + strlen(word)) {
		buf_add(b, what, (size_t)(p - what));
		buf_puts(b, name);
	}
	buf_puts(b, what);
	buf_str(b);
}

char *
complaint_name(const struct complaint *c, const char *what)
{
	const char *name = c->source->file;
	struct buf kind = { 0 }, b = { 0 };

	complaint_replace(&kind, what, "KIND", c->kind);
	complaint_replace(&b, kind.p, "FILE", *name == '<' ? "FILE" : name);
	buf_release(&kind);
	return buf_detach(&b, NULL);
}

void
complaint_at(struct complaint *c, size_t line, const char *what)
{
	c->source->line = line;
	if (line != c->line)
		source_complain(c->source, "%s", what);
	c->line = line;
}

void
complaint_bad(struct complaint *c, size_t first, const struct feed_place *at,
    const char *msg, int cut)
{
	unsigned long long byte = at->pos - at->line_start;
	struct buf text = { 0 };

	if (cut)
		buf_puts(&text, at->line == first ?
		    "the last line is cut off: " :
		    "the document is cut off: ");
	buf_printf(&text, "%s (byte %llu)", msg, byte + 1);
	complaint_at(c, at->line, buf_str(&text));
	buf_release(&text);
}

int
complaint_rejects(struct complaint *c, struct feed *f)
{
	const char *what;
	char *text;

	feed_more(f, 0);
	if (f->kind == FEED_UTF16_LE || f->kind == FEED_UTF16_BE)
		source_note(c->source, "UTF-16: convert it first, such as by "
		    "iconv -f UTF-16 -t UTF-8");
	if (!f->len)
		return 0;
	what = recognize_bytes(f->p, f->len, c->kind);
	if (!what)
		return 0;
	text = complaint_name(c, what);
	source_reject(c->source, text);
	free(text);
	return 1;
}

void
complaint_end(struct complaint *c, const struct feed *f)
{
	if (f->error)
		source_fail(c->source, f->error);
	else if (f->damage)
		source_reject(c->source, f->damage);
}
