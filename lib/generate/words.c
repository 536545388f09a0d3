#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/unicode.h"
#include "frame.h"
#include "language.h"
#include "span.h"
#include "words.h"

static int
is_word_char(uint32_t c)
{
	return unicode_is_letter(c) || unicode_is_extending(c) || c == '\'' ||
	    c == 0x2019;
}

int
words_next(struct word_scan *sc, struct word_token *t)
{
	struct span core;
	size_t i = 0;
	uint32_t c;

	if (!span_next_word(&sc->rest, &t->s))
		return 0;
	t->plain = !sc->quoted;
	while (i < t->s.n) {
		c = span_char(t->s, i, &i);
		if (!span_is_quote(c))
			continue;
		t->plain = 0;
		sc->quoted = c == '"' || c == '`' ? !sc->quoted :
		    c == 0xab || c == 0x201c || c == 0x300c || c == 0x300e;
	}
	core = span_bare(t->s);
	if (!core.n || memchr(t->s.p, '@', t->s.n))
		t->plain = 0;
	for (i = 0; t->plain && i < core.n; )
		if (!is_word_char(c = span_char(core, i, &i)) && c < 0x2000 &&
		    c != '-' && c != ',' && c != '.' && c != '?')
			t->plain = 0;
	/* with a dot inside it is the name of a file or host */
	if (memchr(core.p, '.', core.n))
		t->plain = 0;
	for (i = 0; t->plain && i < t->s.n; i++)
		if (span_char_in("/\\_=<>{}[]#$%&*+|~^", t->s.p[i]))
			t->plain = 0;
	return 1;
}

/*
 * Copies in to out, with phrases of the table replaced: the one with number
 * which, or, when that is SIZE_MAX, each with a chance of percent. Returns how
 * many places there are.
 */
static const struct swap *
swap_at(struct span s, const struct swap *table, size_t n, enum lang l,
    size_t *len)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (table[i].lang != l || !(*len = span_prefix(s,
		    table[i].from)))
			continue;
		if (l == LANG_ZH || l == LANG_JA || l == LANG_KO ||
		    l == LANG_AR || span_is_edge(s, *len))
			return &table[i];
	}
	return NULL;
}

static void
put_swap(struct buf *out, struct span old, const char *to)
{
	size_t at = out->len;
	uint32_t c = span_first(old);

	buf_puts(out, to);
	if (unicode_lower(c) != c)
		frame_set_char(out, at,
		    unicode_upper(span_first(span_str(to))));
}

/* The replacement of phrases of a table in a text. */
struct swapping {
	struct work *w;
	struct buf *out;
	const struct swap *table;
	size_t n;
	size_t which;
	unsigned percent;
	size_t seen;
	size_t done;
};

static const char *
swap_token(struct swapping *sw, struct span token, struct span text)
{
	const char *p = token.p, *end = span_end(token);
	const struct swap *found;
	enum lang l = sw->w->t.lang;
	int inside = language_is_dense(l) || l == LANG_KO || l == LANG_AR;
	struct span rest;
	size_t len, next;

	while (p < end) {
		rest = span_of(p, (size_t)(span_end(text) - p));
		found = p == token.p || inside ?
		    swap_at(rest, sw->table, sw->n, l, &len) : NULL;
		if (found && (sw->which == SIZE_MAX ?
		    rng_chance(&sw->w->rng, sw->percent) :
		    sw->which == sw->seen)) {
			put_swap(sw->out, span_of(p, len), found->to);
			sw->done++;
			sw->seen++;
			p += len;
			continue;
		}
		sw->seen += found != NULL;
		span_char(rest, 0, &next);
		span_put(sw->out, span_of(p, next));
		p += next;
	}
	return p;
}

/* "would like to" does not stand where "want to" does in "don't want to". */
static int
is_negated(struct span before)
{
	size_t at;

	return span_equals(before, "not") || span_equals(before, "never") ||
	    span_suffix(before, "n't", &at) ||
	    span_suffix(before, "n\342\200\231t", &at);
}

static size_t
swap_words(struct swapping *sw, struct span in)
{
	struct word_scan sc = { in, 0 };
	struct word_token t;
	struct span before = { "", 0 };
	const char *p = in.p;
	int skip;

	while (words_next(&sc, &t)) {
		skip = sw->w->t.lang == LANG_EN && is_negated(before);
		before = t.s;
		if (!t.plain || t.s.p < p || skip)
			continue;
		span_put(sw->out, span_of(p, (size_t)(t.s.p - p)));
		p = swap_token(sw, t.s, in);
	}
	if (p < span_end(in))
		span_put(sw->out, span_of(p, (size_t)(span_end(in) - p)));
	return sw->seen;
}

int
words_swap_some(struct work *w, struct span in, struct buf *out,
    const struct swap *table, size_t n, size_t which, unsigned percent)
{
	struct swapping sw = { w, out, table, n, which, percent, 0, 0 };
	size_t at = out->len;

	swap_words(&sw, in);
	if (sw.done)
		return 1;
	out->len = at;
	return 0;
}

size_t
words_swap_count(struct work *w, struct span in, const struct swap *table,
    size_t n)
{
	struct buf none = { 0 };
	struct swapping sw = { w, &none, table, n, SIZE_MAX - 1, 0, 0, 0 };

	swap_words(&sw, in);
	buf_release(&none);
	return sw.seen;
}
