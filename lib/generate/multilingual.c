#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "edit.h"
#include "frame.h"
#include "phrases.h"
#include "span.h"
#include "strategy.h"
#include "words.h"

/* Whether one of the words in "a|b|c" occurs in s. */
static int
has_word(struct span s, const char *alternatives)
{
	struct span rest = s, w, one;
	const char *p, *end;

	while (span_next_word(&rest, &w)) {
		w = span_bare(w);
		for (p = alternatives; w.n && p; p = end ? end + 1 : NULL) {
			end = strchr(p, '|');
			one = span_of(p, end ? (size_t)(end - p) : strlen(p));
			if (one.n == w.n && !strncmp(one.p, w.p, w.n))
				return 1;
		}
	}
	return 0;
}

/* The common wish that the text is, when nothing else is in it. */
static const struct intent *
intent_of(const struct user_text *t)
{
	struct word_scan sc = { t->body, 0 };
	struct word_token tok;
	struct buf low = { 0 };
	const struct intent *found = NULL;
	const char *const *p;
	size_t i;

	if (t->lang != LANG_EN || t->body.n > 80 ||
	    t->main.n != t->body.n)
		return NULL;
	while (words_next(&sc, &tok))
		if (!tok.plain || span_equals(span_bare(tok.s), "not") ||
		    memchr(tok.s.p, '\'', tok.s.n))
			return NULL;
	edit_recase(t->body, &low, EDIT_LOWER);
	for (i = 0; i < nintents && !found; i++) {
		for (p = intents[i].all; *p; p++)
			if (!has_word(span_buf(&low), *p))
				break;
		if (!*p)
			found = &intents[i];
	}
	buf_release(&low);
	return found;
}

static void
say_tongue(struct work *w, const char *what, const char *name)
{
	work_note(w, what);
	buf_puts(w->note, name);
}

/* The i-th language other than the text's. */
static const struct tongue *
other_tongue(const struct user_text *t, size_t i)
{
	size_t j;

	i %= ntongues - (t->lang < LANG_LATIN);
	for (j = 0; ; j++)
		if (tongues[j].lang != t->lang || t->lang >= LANG_LATIN)
			if (!i--)
				return &tongues[j];
}

static const char *const answer_frames[] = {
	"~ Please answer in %.", "Answer in %: ~",
	"~ (I'd prefer the answer in %.)",
	"My English is poor, so please reply in %. ~",
	"Translate your answer into %. ~"
};

static void
put_answer(struct work *w, const char *frame, const char *name)
{
	struct buf b = { 0 };
	const char *p = strchr(frame, '%');

	buf_add(&b, frame, (size_t)(p - frame));
	buf_puts(&b, name);
	buf_puts(&b, p + 1);
	frame_put(w->out, buf_str(&b), w->t.all, w->t.lang, w->t.query);
	buf_release(&b);
	say_tongue(w, "answer wanted in ", name);
}

/* Which languages come first: the most different ones. */
static size_t
spread(size_t i, size_t n)
{
	return (i * 5 + 2 + i / n) % n;
}

int
multilingual_make(struct work *w)
{
	const struct intent *in;
	const struct tongue *t;
	size_t k = w->k, n, form;

	in = intent_of(&w->t);
	if (in && k < INTENT_LANGS) {
		t = &tongues[intent_langs[k]];
		buf_puts(w->out, in->text[k]);
		say_tongue(w, "translated into ", t->name);
		return 1;
	}
	k -= in ? INTENT_LANGS : 0;
	n = ntongues - (w->t.lang < LANG_LATIN);
	form = k / n;
	t = other_tongue(&w->t, spread(k, n));
	if (form >= 4 + LEN(answer_frames))
		return 0;
	if (!w->t.all.n) {
		buf_printf(w->out, "Please answer in %s.", t->name);
		say_tongue(w, "answer wanted in ", t->name);
		return k < n;
	}
	if (form == 1) {
		frame_put(w->out, t->mixed, w->t.all, t->lang, w->t.query);
		say_tongue(w, "mixed with ", t->name);
	} else if (form < 4) {
		frame_put(w->out, t->frames[form ? form - 1 : 0], w->t.all,
		    t->lang, FRAME_NO_STOP);
		say_tongue(w, "asked in ", t->name);
	} else
		put_answer(w, answer_frames[form - 4], t->name);
	return 1;
}
