#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "language.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "words.h"
#include "edit.h"

int
edit_pick_word(struct work *w, struct span in, size_t min, struct span *word)
{
	struct word_scan sc = { in, 0 };
	struct word_token t;
	size_t n = 0;

	while (words_next(&sc, &t))
		n += t.plain && utf8_len(span_bare(t.s).p, span_bare(t.s).n) >=
		    min;
	if (!n)
		return 0;
	n = rng_below(&w->rng, n);
	sc.rest = in;
	sc.quoted = 0;
	while (words_next(&sc, &t)) {
		if (!t.plain || utf8_len(span_bare(t.s).p, span_bare(t.s).n) <
		    min)
			continue;
		if (!n--)
			break;
	}
	*word = span_bare(t.s);
	return 1;
}

size_t
edit_clusters(struct span word, size_t *at, size_t max)
{
	size_t i = 0, n = 0;

	while (i < word.n && n + 1 < max) {
		at[n++] = i;
		i = span_cluster(word, i);
	}
	at[n] = i;
	return n;
}

void
edit_put(struct buf *out, struct span in, const char *p, size_t n,
    struct span by)
{
	span_put(out, span_of(in.p, (size_t)(p - in.p)));
	span_put(out, by);
	p += n;
	span_put(out, span_of(p, (size_t)(span_end(in) - p)));
}

int
edit_is_loose(uint32_t c)
{
	enum lang l = language_script(c);

	return l == LANG_EN || l == LANG_EL || l == LANG_RU || l == LANG_KO ||
	    l == LANG_JA || l == LANG_ZH || l == LANG_AR || l == LANG_HE;
}

int
edit_pick_char(struct work *w, struct span in, size_t min, struct span *word,
    size_t *at, size_t *n, size_t *i)
{
	if (!edit_pick_word(w, in, min, word) ||
	    !edit_is_loose(span_first(*word)))
		return 0;
	*n = edit_clusters(*word, at, 48);
	if (*n < 2)
		return 0;
	*i = 1 + rng_below(&w->rng, *n - 1);
	return 1;
}

size_t
edit_min_word(struct work *w)
{
	return language_is_dense(w->t.lang) || w->t.lang == LANG_KO ? 2 : 4;
}

int
edit_pick_space(struct work *w, struct span in, struct span *left,
    struct span *right)
{
	struct word_scan sc = { in, 0 };
	struct word_token a, b;
	size_t n = 0, pass, which = 0;

	for (pass = 0; pass < 2; pass++) {
		sc.rest = in;
		sc.quoted = 0;
		n = 0;
		if (!words_next(&sc, &a))
			return 0;
		for (; words_next(&sc, &b); a = b) {
			if (!a.plain || !b.plain ||
			    span_end(span_bare(a.s)) != span_end(a.s) ||
			    span_end(a.s) + 1 != b.s.p || *span_end(a.s) != ' ')
				continue;
			if (pass && n == which) {
				*left = a.s;
				*right = b.s;
				return 1;
			}
			n++;
		}
		if (!n)
			return 0;
		which = rng_below(&w->rng, n);
	}
	return 0;
}

static void
put_cased(struct buf *out, struct span s, int mode)
{
	size_t i = 0;
	uint32_t c;

	for (; i < s.n; ) {
		c = span_char(s, i, &i);
		if (mode == EDIT_UPPER || (mode == EDIT_TITLE && i == 1) ||
		    (mode == EDIT_INVERT && unicode_lower(c) == c))
			c = unicode_upper(c);
		else if (mode != EDIT_TITLE)
			c = unicode_lower(c);
		utf8_put(out, c);
	}
}

int
edit_recase(struct span in, struct buf *out, int mode)
{
	struct word_scan sc = { in, 0 };
	struct word_token t;
	const char *p = in.p;

	while (words_next(&sc, &t)) {
		span_put(out, span_of(p, (size_t)(t.s.p - p)));
		if (t.plain || (!memchr(t.s.p, '/', t.s.n) &&
		    !memchr(t.s.p, '@', t.s.n) && !memchr(t.s.p, '_', t.s.n)
		    && !sc.quoted && !memchr(t.s.p, '`', t.s.n)))
			put_cased(out, t.s, mode);
		else
			span_put(out, t.s);
		p = span_end(t.s);
	}
	span_put(out, span_of(p, (size_t)(span_end(in) - p)));
	return 1;
}

/* Appends the text without the punctuation at the ends of words. */
static int
no_marks(struct span in, struct buf *out)
{
	struct word_scan sc = { in, 0 };
	struct word_token t;
	const char *p = in.p;
	struct span core;

	while (words_next(&sc, &t)) {
		span_put(out, span_of(p, (size_t)(t.s.p - p)));
		core = t.s;
		while (span_prefix(core, "¿") || span_prefix(core, "¡"))
			core = span_from(core, 2);
		while (core.n && span_char_in(".,!?;:", span_end(core)[-1]))
			core.n--;
		core = sentence_without_stop(core, &(int){ 0 });
		/* a mark that stands alone is dropped with its space */
		if (!core.n && out->len && out->p[out->len - 1] == ' ')
			out->len--;
		span_put(out, core);
		p = span_end(t.s);
	}
	span_put(out, span_of(p, (size_t)(span_end(in) - p)));
	return 1;
}

int
edit_lower(struct work *w, struct span in, struct buf *out)
{
	struct buf b = { 0 };

	(void)w;
	no_marks(in, &b);
	edit_recase(span_buf(&b), out, EDIT_LOWER);
	buf_release(&b);
	return 1;
}

int
edit_caps(struct work *w, struct span in, struct buf *out)
{
	(void)w;
	return edit_recase(in, out, EDIT_UPPER);
}

size_t
edit_middle(struct work *w, struct span in)
{
	struct span a, b;
	size_t i;

	if (edit_pick_space(w, in, &a, &b) && b.p - in.p > 3)
		return (size_t)(span_end(a) - in.p);
	if (!language_is_dense(w->t.lang))
		return 0;
	for (i = 0; i < in.n / 2; )
		i = span_cluster(in, i);
	return i < in.n ? i : 0;
}

int
edit_drop_articles(struct work *w, struct span in, struct buf *out)
{
	static const char *const always[] = { "a", "an", "the", "der", "die",
	    "das", "den", "dem", "ein", "eine", "einen", "le", "la", "les",
	    "un", "une", "el", "los", "las", "una", "il", "lo", "gli", "uno",
	    "my", "meine", "mein", "mon", "ma", "mi", NULL };
	struct word_scan sc = { in, 0 };
	struct word_token t;
	const char *p = in.p;
	size_t n = 0;

	if (w->t.lang > LANG_IT)
		return 0;
	while (words_next(&sc, &t)) {
		if (!t.plain || !span_in_list(t.s, always) ||
		    (t.s.n == 2 && span_prefix(t.s, "an") && t.s.p == in.p))
			continue;
		span_put(out, span_of(p, (size_t)(t.s.p - p)));
		p = span_end(t.s);
		if (p < span_end(in) && *p == ' ')
			p++;
		n++;
	}
	span_put(out, span_of(p, (size_t)(span_end(in) - p)));
	return n > 0;
}
