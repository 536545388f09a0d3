#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/unicode.h"
#include "base/util.h"
#include "analysis.h"
#include "english.h"
#include "frame.h"
#include "kept.h"
#include "kind.h"
#include "language.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "strategy.h"
#include "when.h"
#include "words.h"

/* Words that may be left out of one of several sentences. */
static const char *const telegram_words[] = { "a", "an", "the", "my", "our",
	"your", "i", "i'm", "i've", "i'd", "like", "please", "just", "really",
	"actually", "basically", "very", "kindly", "is", "are", "am", "was",
	"were", "can", "could", "you", "would", "also", NULL };

static int
is_negation(struct span w)
{
	static const char *const words[] = { "not", "no", "never", "without",
	    "none", "nothing", "nobody", "neither", "nor", "cannot", "except",
	    "unless", "dont", "cant", "wont", "nicht", "kein", "keine",
	    "keinen", "nie", "ohne", "ne", "pas", "jamais", "sans", "nunca",
	    "sin", "não", "nao", "sem", "non", "mai", "senza", "не", "нет",
	    "без", NULL };
	size_t at;

	w = span_bare(w);
	return w.n && (span_in_list(w, words) || span_suffix(w, "n't", &at) ||
	    (w.n > 5 && span_suffix(w, "n\342\200\231t", &at)));
}

/*
 * Whether a word is as small as it looks: not "can" in "I can join", not "was"
 * in "says it was delivered", not a German article that stands for a noun.
 */
static int
may_go_here(struct span w, struct span before, struct span rest)
{
	static const char *const able[] = { "can", "could", "would", NULL };
	static const char *const was[] = { "is", "are", "was", "were", NULL };
	static const char *const subject[] = { "it", "they", "that", "which",
	    "there", "this", "who", "he", "she", "we", NULL };
	static const char *const der[] = { "der", "die", "das", "den", "dem",
	    NULL };
	uint32_t c = span_first(rest);

	if (span_in_list(w, able))
		return span_prefix(rest, "you ") > 0;
	if (span_in_list(w, was))
		return !span_in_list(before, subject);
	return !span_in_list(w, der) || unicode_lower(c) != c;
}

static const char *const pointers[] = { "this", "that", "these", "those", "it",
	NULL };
static const char *const days[] = { "le", "les", "el", "los", "il", "la", "o",
	"a", NULL };

/*
 * Whether a word may be left out: not after a negation ("don't want"), not a
 * name ("in May"), not "it" where nothing follows.
 */
static int
may_go(struct span w, struct span before, struct span rest,
    const char *const *without)
{
	uint32_t c = span_first(w);
	struct span next;

	/* "I'd like to return it" */
	if (without == telegram_words && span_equals(w, "to") &&
	    span_equals(before, "like"))
		return 1;
	if (!span_in_list(w, without) || is_negation(before))
		return 0;
	/* "why does this fail"; "le mardi" is not "mardi" */
	if (span_in_list(w, pointers) && span_in_list(before,
	    english_aux_words))
		return 0;
	if (span_in_list(w, days) && span_next_word(&rest, &next) &&
	    when_is_word(span_bare(next)))
		return 0;
	if (before.n && w.n > 1 && unicode_lower(c) != c && w.p[1] != '\'')
		return 0;
	if (!may_go_here(w, before, span_trim(rest)))
		return 0;
	return !span_equals(w, "it") || span_trim(rest).n;
}

/* The words that carry the meaning. */
static void
keywords(struct span s, struct buf *out, const char *const *without)
{
	struct word_scan sc = { s, 0 };
	struct word_token t;
	struct span w = { "", 0 }, before;
	size_t n = 0, at = out->len;

	while (words_next(&sc, &t)) {
		before = w;
		w = t.s;
		while (w.n && !sc.quoted && span_char_in(",;:!?.",
		    span_end(w)[-1]))
			w.n--;
		if (!w.n || (t.plain && may_go(w, before, sc.rest, without)))
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

static size_t
count_negations(struct span s)
{
	struct span w;
	size_t n = 0;

	while (span_next_word(&s, &w))
		n += is_negation(w) != 0;
	return n;
}

/* Whether the body says more than its main sentence. */
static int
has_several(const struct user_text *t)
{
	return t->main.n != t->body.n;
}

/*
 * Whether a question comes after a comma or an "and": "it is slow, can I stop
 * it", "does it stop and do I need a key".
 */
static int
asks_within(struct span s)
{
	static const char *const joins[] = { "and", "or", "but", "so", NULL };
	struct span before = { "", 0 }, w, next, rest;

	for (; span_next_word(&s, &w); before = w) {
		rest = s;
		if (before.n && span_in_list(w, english_aux_words) &&
		    (span_end(before)[-1] == ',' || span_in_list(before,
		    joins)) && span_next_word(&rest, &next) &&
		    span_in_list(next, english_pronouns))
			return 1;
	}
	return 0;
}

/*
 * Appends every sentence without its small words, since no rule knows which
 * sentence matters.
 */
static void
all_keywords(struct work *w, struct buf *b)
{
	struct span rest = w->t.body, one;
	int query;
	size_t at;

	if (rest.n > LANGUAGE_LOOK)
		return;
	while (sentence_next(&rest, &one)) {
		query = 0;
		one = kind_strip(sentence_without_stop(one, &query));
		if (!one.n)
			continue;
		if (b->len)
			buf_puts(b, kept_is_block(span_first(one)) ||
			    kept_is_block(span_last(span_buf(b), &at)) ||
			    b->p[at] == '?' ? " " : ". ");
		/* a question keeps its verb: "what am i missing" */
		keywords(one, b, w->t.lang == LANG_EN && !asks_within(one) &&
		    !(query && span_list_prefix(one, english_wh_words)) ?
		    telegram_words : article_words);
		if (query)
			buf_byte(b, '?');
	}
}

/* The words of a short form; the second round keeps the small ones. */
static void
concise_words(struct work *w, struct buf *b, size_t round)
{
	int wish = w->t.kind <= KIND_CANT;
	struct span s = bare_main(w);

	if (has_several(&w->t)) {
		all_keywords(w, b);
		return;
	}
	if (w->t.lang == LANG_EN && asks_within(s)) {
		span_put(b, s);
		return;
	}
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

/* A longer text gets one form: the others would look alike. */
#define BRIEF_MAX 80

static const char *const *
brief_list(const struct user_text *t)
{
	static const char *const as_is[] = { "~", NULL };
	static const char *const any[] = { "~", "~ ??", "~ ...", "? ~",
	    "- ~", "~!", "~ ?", "~?", NULL };
	const char *const *list;

	if (has_several(t) || t->body.n > BRIEF_MAX)
		return as_is;
	list = frame_find(brief_frames, nbrief_frames, t->lang, t->kind);
	if (list)
		return list;
	if (t->lang != LANG_EN)
		return any;
	return t->query ? query_forms : topic_forms;
}

/*
 * The words of a round, which are found once for a text; none where they say
 * less than the text, or the same as those of the first round.
 */
static struct span
brief_form(struct work *w, size_t round)
{
	struct analysis *a = w->v->analysis;
	size_t i, kept;

	for (i = 0; !a->briefed && i < LEN(a->brief); i++)
		concise_words(w, &a->brief[i], i);
	if (!a->briefed) {
		kept = count_negations(w->t.body);
		if (a->brief[1].len && a->brief[1].len == a->brief[0].len &&
		    !memcmp(a->brief[0].p, a->brief[1].p, a->brief[0].len))
			a->brief[1].len = 0;
		for (i = 0; w->t.kind != KIND_CANT && i < LEN(a->brief); i++)
			if (count_negations(span_buf(&a->brief[i])) < kept)
				a->brief[i].len = 0;
	}
	a->briefed = 1;
	return span_buf(&a->brief[round]);
}

/* One short form; 0 if it equals the text. */
static int
brief(struct work *w, const char *frame, size_t round)
{
	struct span words = brief_form(w, round);
	size_t at = w->out->len;
	int ok;

	if (!words.n)
		return 0;
	frame_put(w->out, frame, words, w->t.lang,
	    round ? FRAME_NO_STOP : FRAME_AS_IS);
	ok = w->out->len - at != w->t.all.n ||
	    memcmp(w->out->p + at, w->t.all.p, w->t.all.n);
	if (!ok)
		w->out->len = at;
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
