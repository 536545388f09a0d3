#include <stdint.h>
#include <string.h>

#include "english.h"
#include "foreign.h"
#include "language.h"
#include "sentence.h"
#include "kind.h"

/* Whether the slot that a cue leaves fits the frames of its kind. */
static int
cue_fits(const struct cue *c, struct span slot)
{
	if (!slot.n)
		return 0;
	switch (c->kind) {
	case KIND_GET:
		return english_is_object(slot);
	case KIND_IS:
	case KIND_ARE:
	case KIND_MEAN:
		return c->lang != LANG_EN || english_is_thing(slot);
	case KIND_HOW:
	case KIND_WANT:
		return foreign_is_infinitive(c->lang, slot);
	default:
		return 1;
	}
}

/*
 * Finds the cue of s, and sets slot to the rest; returns its kind or KIND_SAY.
 */
static enum kind
cue_kind(enum lang l, struct span s, struct buf *slot)
{
	struct span in;
	size_t i, n, at;

	for (i = 0; i < ncues; i++) {
		if (cues[i].lang != l)
			continue;
		n = span_prefix(s, cues[i].head);
		if ((!n && *cues[i].head) || !span_suffix(s, cues[i].tail, &at)
		    || at < n)
			continue;
		if (cues[i].keep)
			n = 0;
		/* CJK tails stand for a stem, whose end stays */
		in = span_of(s.p + n, at - n);
		if (*cues[i].head)
			in = span_trim(in);
		if (!cue_fits(&cues[i], in))
			continue;
		span_put(slot, in);
		return cues[i].kind;
	}
	return KIND_SAY;
}

struct span
kind_strip(struct span s)
{
	const char *const *p;
	size_t n, at, round;

	for (round = 0; round < 3; round++)
		for (p = lead_words; *p; p++)
			if ((n = span_prefix(s, *p)) && n < s.n)
				s = span_trim(span_from(s, n));
	for (p = please_words; *p; p++)
		if (span_suffix(s, *p, &at) && at)
			s.n = at;
	while (s.n && span_char_in(",;:", s.p[s.n - 1]))
		s.n--;
	return span_trim(s);
}

/* Returns the kind of the text after "can you tell me". */
static enum kind
asked_kind(struct span s, struct buf *slot)
{
	struct span w, rest = s;
	enum kind kind;
	size_t n;

	if (!span_next_word(&rest, &w))
		return KIND_SAY;
	if ((n = span_prefix(s, "if ")) || (n = span_prefix(s, "whether "))) {
		span_put(slot, span_from(s, n));
		return KIND_WHETHER;
	}
	if (!span_in_list(w, english_wh_words) || !rest.n)
		return KIND_SAY;
	kind = cue_kind(LANG_EN, s, slot);
	if (kind != KIND_SAY)
		return kind;
	if (!english_wh_clause(s, slot))
		span_put(slot, s);
	return KIND_ASK;
}

/* "I need X" and "can you X" said about knowing something. */
static enum kind
english_asked(struct span s, struct buf *slot)
{
	const char *const *p;
	enum kind kind;
	size_t n;

	for (p = ask_heads; *p; p++) {
		if (!(n = span_prefix(s, *p)))
			continue;
		kind = asked_kind(span_trim(span_from(s, n)), slot);
		if (kind != KIND_SAY)
			return kind;
	}
	return KIND_SAY;
}

static int
kind_is_question(struct span s)
{
	struct span w;

	if (!span_next_word(&s, &w))
		return 0;
	if (span_in_list(w, english_wh_words))
		return !span_next_word(&s, &w) || !span_in_list(w,
		    english_pronouns);
	return span_in_list(w, english_aux_words) && span_next_word(&s, &w) &&
	    (span_in_list(w, english_pronouns) || span_in_list(w,
	    english_determiners));
}

static enum kind
english_kind(struct span s, struct buf *slot)
{
	enum kind kind;

	if ((kind = english_asked(s, slot)) != KIND_SAY)
		return kind;
	if ((kind = cue_kind(LANG_EN, s, slot)) != KIND_SAY)
		return kind;
	if (english_wh_clause(s, slot))
		return KIND_ASK;
	if (english_yesno_clause(s, slot))
		return KIND_WHETHER;
	if (english_is_command(s)) {
		span_put(slot, s);
		return KIND_REQUEST;
	}
	if (english_is_topic(s)) {
		span_put(slot, s);
		return KIND_TOPIC;
	}
	return kind_is_question(s) ? KIND_QUERY : KIND_SAY;
}

/* Whether every quotation mark and bracket has its partner. */
static int
is_balanced(struct span s)
{
	size_t i, quotes = 0, ticks = 0;
	long depth = 0;

	for (i = 0; i < s.n; i++) {
		quotes += s.p[i] == '"';
		ticks += s.p[i] == '`';
		depth += (s.p[i] == '(') - (s.p[i] == ')');
	}
	return !(quotes & 1) && !(ticks & 1) && !depth;
}

/* The kind of one sentence; its slot is left in slot. */
static enum kind
sentence_kind(enum lang l, struct span s, struct buf *slot, int *query)
{
	enum kind kind = KIND_SAY;
	size_t at;
	int stopped;

	slot->len = 0;
	*query = 0;
	stopped = span_is_stop(span_last(s, &at));
	s = sentence_without_stop(s, query);
	if (s.n > KIND_LONG || !is_balanced(s))
		return *query ? KIND_QUERY : KIND_SAY;
	s = kind_strip(s);
	if (l == LANG_EN)
		kind = english_kind(s, slot);
	else if (l == LANG_DE && foreign_german_clause(s, slot))
		kind = KIND_ASK;
	else if (l < LANG_LATIN)
		kind = cue_kind(l, s, slot);
	/* search terms have no full stop */
	if (kind == KIND_TOPIC && stopped && !*query)
		kind = KIND_SAY;
	/* many people omit the question mark */
	if (kind == KIND_QUERY || (l == LANG_EN && !stopped &&
	    kind_is_question(s)))
		*query = 1;
	if (kind == KIND_SAY && *query)
		kind = KIND_QUERY;
	return kind;
}

/*
 * The weight of a kind; the main sentence is the first with the largest one.
 */
static int
kind_weight(enum kind kind)
{
	switch (kind) {
	case KIND_CANT:
	case KIND_QUERY:
		return 2;
	case KIND_TOPIC:
	case KIND_SAY:
		return 1;
	default:
		return 3;
	}
}

void
kind_find_main(struct user_text *t)
{
	struct span rest = t->body, one;
	struct buf slot = { 0 };
	enum kind kind;
	int best = 0, query;

	t->main = t->body;
	if (rest.n > LANGUAGE_LOOK)
		rest.n = LANGUAGE_LOOK;
	while (best < 3 && sentence_next(&rest, &one)) {
		/* the last may have been cut */
		if (span_end(one) == t->body.p + LANGUAGE_LOOK)
			one.n = (size_t)(span_end(t->body) - one.p);
		kind = sentence_kind(t->lang, one, &slot, &query);
		if (kind_weight(kind) <= best)
			continue;
		best = kind_weight(kind);
		t->kind = kind;
		t->main = one;
		t->query = query;
		t->slot.len = 0;
		span_put(&t->slot, span_buf(&slot));
	}
	if (t->kind == KIND_TOPIC && t->main.n != t->body.n)
		t->kind = t->query ? KIND_QUERY : KIND_SAY;
	buf_release(&slot);
}
