#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "span.h"
#include "strategy.h"

/* Texts at the limits of an agent's input, each once. */
static const struct {
	const char *text;	/* NULL: the user's text, repeated */
	size_t length;		/* its characters if it is NULL */
	const char *note;
} boundaries[] = {
	{ "", 0, "empty" },
	{ NULL, 8000, "8,000 characters" },
	{ "?", 0, "one character" },
	{ "🙏🙂📦❓", 0, "only emoji" },
	{ "...", 0, "only punctuation" },
	{ NULL, 100000, "100,000 characters" },
	{ "a", 0, "one character" },
	{ "👍", 0, "one emoji" },
	{ "?!?!?!", 0, "only punctuation" },
	{ "。", 0, "one character" },
	{ "😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡😡", 0, "only emoji" },
	{ "- - -", 0, "only punctuation" },
	{ "0", 0, "one character" },
	{ " ", 0, "one space" },
	{ "\n", 0, "one line break" },
};

/* Appends the text repeatedly, n characters in all. */
static void
boundary_fill(struct buf *out, struct span text, size_t n)
{
	size_t i = 0;
	const char *from;

	if (!text.n)
		text = span_str("Hello?");
	while (n--) {
		if (i >= text.n) {
			buf_byte(out, ' ');
			i = 0;
			continue;
		}
		from = text.p + i;
		span_char(text, i, &i);
		buf_add(out, from, (size_t)(text.p + i - from));
	}
}

int
boundary_make(struct work *w)
{
	if (w->k >= LEN(boundaries))
		return 0;
	if (boundaries[w->k].text)
		buf_puts(w->out, boundaries[w->k].text);
	else
		boundary_fill(w->out, w->t.all, boundaries[w->k].length);
	work_note(w, boundaries[w->k].note);
	return 1;
}
