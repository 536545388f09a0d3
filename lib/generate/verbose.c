#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/unicode.h"
#include "base/util.h"
#include "frame.h"
#include "language.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "traits.h"
#include "verbose.h"

const struct manner *
verbose_manner(enum lang l)
{
	size_t i;

	for (i = 0; i < nmanners; i++)
		if (manners[i].lang == l)
			return &manners[i];
	return NULL;
}

int
verbose_neutral(struct work *w)
{
	static const char *const bullets[] = { "- ", "* ", "1) ", "> ", "• ",
	    "" };
	struct span rest = w->t.all, one;
	size_t k = w->k, i = 0;

	if (k >= 12)
		return 0;
	if (k < 6) {
		while (sentence_next(&rest, &one)) {
			buf_puts(w->out, i++ ? "\n" : "");
			buf_puts(w->out, bullets[k]);
			span_put(w->out, one);
		}
		if (!*bullets[k]) {
			buf_puts(w->out, "\n\n");
			span_put(w->out, w->t.main);
		}
		work_note(w, *bullets[k] ? "as a list" : "main point repeated");
		return 1;
	}
	for (i = 0; i < k - 4; i++) {
		buf_puts(w->out, i ? k & 1 ? "\n" : " " : "");
		span_put(w->out, w->t.all);
	}
	work_note(w, "said several times");
	return 1;
}

/* Our own phrases begin with no name, but in German it may be a noun. */
static void
after_comma(struct work *w, size_t at, struct span part)
{
	uint32_t c = span_first(part);
	int own = part.p < w->t.all.p || part.p >= span_end(w->t.all);
	struct span word, rest = part;

	if (own && w->t.lang != LANG_DE && span_next_word(&rest, &word) &&
	    (w->t.lang != LANG_EN || (!span_equals(word, "i") &&
	    !span_prefix(word, "i'"))))
		frame_set_char(w->out, at, unicode_lower(c));
	else
		frame_decapitalise(w->out, at);
}

/* Appends a part of a long message, and the gap before it. */
static void
add_part(struct work *w, struct span part, const char *gap)
{
	size_t at;
	uint32_t c;

	if (!part.n)
		return;
	if (w->out->len) {
		c = span_last(span_buf(w->out), &at);
		/* nothing ends "@Airline" */
		if (c != ',' && c != 0xff0c && c != 0x60c && c != ':' &&
		    (*w->out->p != '@' || w->out->len != w->t.hello.n))
			frame_end_sentence(w->out, 0, w->t.lang, 0);
		buf_puts(w->out, gap);
	}
	at = w->out->len;
	span_put(w->out, part);
	if (at && *gap == ' ') {
		c = (unsigned char)w->out->p[at - 2];
		if (c == ',')
			after_comma(w, at, part);
		else
			frame_capitalise(w->out, at);
	} else
		frame_capitalise(w->out, at);
}

const char *
verbose_pick(const char *const *list, size_t i)
{
	return list[i % phrases_count(list)];
}

/* Which parts surround the core, from left to right. */
enum { PART_HELLO = 'h', PART_BEFORE = 'b', PART_CORE = 'c',
    PART_AFTER = 'a', PART_AGAIN = 'r', PART_THANKS = 't' };

/* Whether the user had the greeting, or the end, on lines of its own. */
static int
is_apart(const struct user_text *t, int part)
{
	const char *from = part == PART_HELLO ? span_end(t->hello) :
	    span_end(t->body), *to = part == PART_HELLO ? t->body.p : t->bye.p;

	return (part == PART_HELLO ? t->hello.n : t->bye.n) && from < to &&
	    memchr(from, '\n', (size_t)(to - from)) != NULL;
}

/* Returns the body, unchanged or rephrased. */
static struct span
core_part(struct work *w, struct buf *b)
{
	const char *const *list = frame_list(w->t.lang, w->t.kind);
	size_t n = phrases_count(list), at;

	b->len = 0;
	if (n && w->t.slot.len && w->t.lang < LANG_LATIN &&
	    (w->k % 3 == 2 || w->t.kind == KIND_TOPIC)) {
		frame_put_main(b, &w->t, list[(w->k * 7) % n]);
		at = w->t.bye.n ? (size_t)(span_end(w->t.all) -
		    span_end(w->t.body)) : 0;
		b->len -= at;
		at = (size_t)(w->t.body.p - w->t.all.p);
		return span_from(span_buf(b), at);
	}
	span_put(b, w->t.body);
	frame_end_sentence(b, 0, w->t.lang, frame_ends_query(&w->t));
	return span_buf(b);
}

/* Returns the i-th phrase that fits the message; empty if too few fit. */
static struct span
fitting_part(const struct work *w, const char *const *list, size_t i)
{
	const char *phrase = phrases_pick(list, w->t.purpose, i);

	return span_str(phrase ? phrase : "");
}

static struct span
verbose_part(struct work *w, const struct manner *m, int part, size_t i,
    struct buf *b)
{
	const char *const *again;

	b->len = 0;
	switch (part) {
	case PART_HELLO:
		return w->t.hello.n ? w->t.hello :
		    span_str(verbose_pick(m->hello, i));
	case PART_BEFORE:
		return fitting_part(w, m->before, i);
	case PART_AFTER:
		return fitting_part(w, m->after, i);
	case PART_THANKS:
		return w->t.bye.n ? w->t.bye : span_str(verbose_pick(m->thanks,
		    i));
	case PART_AGAIN:
		again = frame_find(again_frames, nagain_frames, w->t.lang,
		    w->t.kind);
		if (!again)
			return fitting_part(w, m->after, i + 1);
		frame_put(b, verbose_pick(again, i), span_buf(&w->t.slot),
		    w->t.lang, FRAME_NO_STOP);
		return span_buf(b);
	default:
		return core_part(w, b);
	}
}

#define RECIPE_MAX 8
static const struct {
	const char *parts;	/* fewer than RECIPE_MAX */
	const char *note;
} recipes[] = {
	{ "hbct", "greeting, backstory and thanks" },
	{ "hcrat", "asked twice in a letter" },
	{ "bbca", "long backstory" },
	{ "hcaat", "details after the question" },
	{ "hbcrt", "backstory, question, question again" },
	{ "cbat", "question first, then the story" },
	{ "hbbcat", "everything at once" },
};

/* Whether a phrase is one of the first n; few fit some messages. */
static int
is_among(struct span part, const struct span *parts, size_t n)
{
	while (n)
		if (parts[--n].p == part.p && part.n)
			return 1;
	return 0;
}

int
verbose_make(struct work *w)
{
	const struct manner *m = verbose_manner(w->t.lang);
	size_t k = w->k, i, j, r = k % LEN(recipes);
	struct buf b = { 0 };
	struct span part, parts[RECIPE_MAX] = { { "", 0 } };
	const char *p, *gap;
	char last = 0;

	if (!w->t.all.n || traits_terse(w->v->persona) ||
	    work_is_data(w))
		return 0;
	if (!m)
		return verbose_neutral(w);
	gap = language_is_dense(w->t.lang) ? "" : " ";
	i = k < 24 ? k : rng_below(&w->rng, 5040);
	for (p = recipes[r].parts, j = 0; *p; p++, j++) {
		/* a letter has lines of its own for the first and the last */
		part = verbose_part(w, m, *p, i + (size_t)(last == *p) +
		    (*p == PART_THANKS ? k / 2 : *p == PART_BEFORE ?
		    k / 7 : 0), &b);
		if (is_among(part, parts, j))
			continue;
		parts[j] = part;
		add_part(w, part, (k % 2 && (last == PART_HELLO ||
		    *p == PART_THANKS)) ||
		    (last == PART_HELLO && is_apart(&w->t, last)) ||
		    (*p == PART_THANKS && is_apart(&w->t, *p)) ?
		    "\n\n" : gap);
		last = *p;
	}
	work_note(w, recipes[r].note);
	buf_release(&b);
	return 1;
}
