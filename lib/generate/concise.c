#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "frame.h"
#include "kept.h"
#include "kind.h"
#include "language.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "strategy.h"
#include "words.h"

/* The words that carry the meaning, up to about 20. */
static void
keywords(struct span s, struct buf *out, const char *const *without)
{
	struct word_scan sc = { s, 0 };
	struct word_token t;
	struct span w;
	size_t n = 0, at = out->len;

	while (n < 20 && words_next(&sc, &t)) {
		w = t.s;
		while (w.n && !sc.quoted && span_char_in(",;:!?.",
		    span_end(w)[-1]))
			w.n--;
		if (!w.n || (t.plain && span_in_list(w, without)))
			continue;
		if (n++)
			buf_byte(out, ' ');
		span_put(out, w);
	}
	if (out->len > at)
		frame_decapitalise(out, at);
}

/* The main sentence without courtesies, greeting and stop. */
static struct span
bare_main(struct work *w)
{
	int query = 0;
	struct span s;

	s = kind_strip(sentence_without_stop(w->t.main, &query));
	return s.n > KIND_LONG ? span_of(s.p, 0) : s;
}

/*
 * Adds ids, numbers and the like from the sentences that a short form leaves
 * out; with more than eight, the text cannot be shortened.
 */
static void
put_numbers(struct work *w, struct buf *b)
{
	struct span rest = w->t.body, word;
	size_t n = 0, at;

	if (rest.n > LANGUAGE_LOOK)
		rest.n = LANGUAGE_LOOK;
	while (n < 8 && span_next_word(&rest, &word)) {
		while (word.n && span_char_in("([", *word.p))
			word = span_from(word, 1);
		while (word.n && span_char_in(")].,;:!?", span_end(word)[-1]))
			word.n--;
		if (!kept_is_place(span_first(word)) || (word.p >= w->t.main.p &&
		    word.p < span_end(w->t.main)))
			continue;
		/* where an ending may follow, the number comes first */
		at = w->t.lang < LANG_KO ? b->len : 0;
		buf_splice(b, at, 0, word.p, word.n);
		buf_splice(b, at ? at : word.n, 0, " ", 1);
		n++;
	}
}

/* The words of a short form; the second round keeps the small ones. */
static void
concise_words(struct work *w, struct buf *b, size_t round)
{
	int wish = w->t.kind <= KIND_CANT;
	struct span s = bare_main(w);

	if (wish || (w->t.lang == LANG_EN && w->t.slot.len))
		s = w->t.slot.len ? span_buf(&w->t.slot) : s;
	if (!s.n)
		keywords(w->t.main, b, filler_words);
	else if (round && !wish)
		span_put(b, bare_main(w));
	else if (round || w->t.lang > LANG_IT)
		span_put(b, s);
	else
		keywords(s, b, w->t.lang != LANG_EN || wish ?
		    article_words : filler_words);
	/* one word is seldom a request */
	if (!round && !wish && span_count_words(span_buf(b)) == 1 &&
	    span_count_words(s) > 1) {
		b->len = 0;
		span_put(b, bare_main(w));
	}
	if (!b->len)
		span_put(b, s);
}

static const char *const *
brief_list(const struct user_text *t)
{
	static const char *const any[] = { "~", "~?", "? ~", "~ ?", "~ ??",
	    "~!", "- ~", "~ ...", NULL };
	const char *const *list;

	list = frame_find(brief_frames, nbrief_frames, t->lang, t->kind);
	if (list)
		return list;
	return t->lang == LANG_EN ? topic_forms : any;
}

/* One short form; 0 if it equals the text. */
static int
brief(struct work *w, const char *frame, size_t round)
{
	struct buf b = { 0 }, first = { 0 };
	size_t at = w->out->len;
	int ok;

	concise_words(w, &b, round);
	concise_words(w, &first, 0);
	put_numbers(w, &b);
	put_numbers(w, &first);
	ok = b.len && (!round || b.len != first.len ||
	    memcmp(b.p, first.p, b.len));
	if (ok) {
		frame_put(w->out, frame, span_buf(&b), w->t.lang,
		    round ? FRAME_NO_STOP : FRAME_AS_IS);
		ok = w->out->len - at != w->t.all.n ||
		    memcmp(w->out->p + at, w->t.all.p, w->t.all.n);
	}
	if (!ok)
		w->out->len = at;
	buf_release(&first);
	buf_release(&b);
	return ok;
}

int
concise_make(struct work *w)
{
	const char *const *list = brief_list(&w->t);
	size_t n = phrases_count(list), i, k = w->k;

	if (!w->t.all.n || w->t.lang >= LANG_SCRIPT ||
	    (w->t.kind >= KIND_HELLO && w->t.kind <= KIND_NO))
		return 0;
	for (i = 0; i < 2 * n; i++) {
		if (!brief(w, list[i % n], i / n))
			continue;
		if (!k--) {
			frame_note(w, "key words as", list[i % n]);
			return 1;
		}
		w->out->len = 0;
	}
	return 0;
}
