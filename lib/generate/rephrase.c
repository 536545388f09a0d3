#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "frame.h"
#include "kind.h"
#include "message.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "strategy.h"
#include "words.h"

/* Replaceable words in a text above which none is replaced. */
#define SWAPS_MAX 100

/* Turns "If A, B" into "B if A". */
static int
flip_clauses(struct work *w, struct span in, struct buf *out)
{
	static const char *const heads[] = { "if", "when", "because", "since",
	    "although", "unless", "once", "before", "after", NULL };
	struct span s, left, right, head;
	const char *comma;
	size_t n, at;
	int query = 0;

	s = sentence_without_stop(w->t.main, &query);
	n = span_list_prefix(s, heads);
	comma = memchr(s.p, ',', s.n < KIND_LONG ? s.n : KIND_LONG);
	if (w->t.lang != LANG_EN || !n || !comma ||
	    memchr(comma + 1, ',', (size_t)(span_end(s) - comma - 1)))
		return 0;
	head = span_of(s.p, n);
	left = span_trim(span_of(s.p + n, (size_t)(comma - s.p) - n));
	right = span_trim(span_of(comma + 1, (size_t)(span_end(s) - comma -
	    1)));
	if (!left.n || !right.n || span_prefix(right, "then "))
		return 0;
	span_put(out, span_of(in.p, (size_t)(s.p - in.p)));
	at = out->len;
	span_put(out, right);
	frame_capitalise(out, at);
	buf_byte(out, ' ');
	at = out->len;
	span_put(out, head);
	frame_decapitalise(out, at);
	buf_byte(out, ' ');
	span_put(out, left);
	span_put(out, span_of(span_end(s), (size_t)(span_end(in) -
	    span_end(s))));
	return 1;
}

/*
 * Returns the i-th frame that begins with the slot, or the i-th other one; NULL
 * after the last.
 */
static const char *
frame_on(const char *const *list, int slot_first, size_t i)
{
	for (; *list; list++)
		if ((**list == SLOT) == slot_first && !i--)
			return *list;
	return NULL;
}

/* The j-th of all pairs of a frame for the sentence and one for the whole. */
static int
rephrase_both(struct work *w, const char *const *inner, size_t j)
{
	const char *const *outer;
	struct work again = *w;
	struct buf text = { 0 };
	size_t n = phrases_count(inner), m;
	int ok;

	frame_put_main(&text, &w->t, inner[j % n]);
	message_init(&again.t, span_buf(&text));
	outer = frame_list(w->t.lang, frame_whole_kind(&again.t));
	m = phrases_count(outer);
	ok = j / n < m;
	if (ok) {
		frame_note(w, "asked as", inner[j % n]);
		j = (j / n + j % n) % m;
		frame_put_whole(w->out, &again.t, outer[j]);
		frame_note(w, "framed as", outer[j]);
	}
	message_release(&again.t);
	buf_release(&text);
	return ok;
}

/* The j-th of all pairs of a phrase before and a phrase after the text. */
static int
rephrase_around(struct work *w, const char *const *outer, size_t j)
{
	const char *before, *after;
	struct buf text = { 0 };
	size_t n;

	for (n = 0; frame_on(outer, 1, n); )
		n++;
	if (!n || w->t.lang >= LANG_LATIN)
		return 0;
	after = frame_on(outer, 1, (j + j / n) % n);
	before = frame_on(outer, 0, j / n);
	if (!before)
		return 0;
	frame_put_whole(&text, &w->t, after);
	frame_put(w->out, before, span_buf(&text), w->t.lang, FRAME_NO_STOP);
	frame_note(w, "framed as", before);
	frame_note(w, "framed as", after);
	buf_release(&text);
	return 1;
}

/* The number of the frame that gives the sentence as it is, or n. */
static size_t
same_frame(const struct user_text *t, const char *const *list, size_t n)
{
	struct buf b = { 0 };
	struct span s, old;
	size_t i, at;
	int query = 0;

	if (!list)
		return n;
	old = sentence_without_stop(t->main, &query);
	for (i = 0; i < n && strchr(list[i], SLOT); i++) {
		b.len = 0;
		frame_put(&b, list[i], span_buf(&t->slot), t->lang,
		    FRAME_NO_STOP);
		s = sentence_without_stop(span_buf(&b), &query);
		if (s.n && s.n == old.n &&
		    !memcmp(s.p + 1, old.p + 1, s.n - 1))
			break;
	}
	at = i < n && strchr(list[i], SLOT) ? i : n;
	buf_release(&b);
	return at;
}

/* With the k-th phrase after the text: none fits before "Great, thanks". */
static int
rephrase_after(struct work *w, const char *const *outer, size_t k)
{
	const char *frame = outer ? frame_on(outer, 1, k) : NULL;

	if (!frame)
		return 0;
	frame_put_whole(w->out, &w->t, frame);
	frame_note(w, "framed as", frame);
	return 1;
}

int
rephrase_make(struct work *w)
{
	const char *const *inner, *const *outer;
	size_t k = w->k, n, same;

	if (!w->t.all.n || work_is_data(w))
		return 0;
	inner = frame_list(w->t.lang, w->t.kind);
	if (w->t.kind == KIND_QUERY || w->t.kind == KIND_SAY ||
	    w->t.lang >= LANG_LATIN)
		inner = NULL;
	n = phrases_count(inner);
	same = same_frame(&w->t, inner, n);
	if (same < n && same <= k)
		k++;
	if (inner && k < n) {
		frame_put_main(w->out, &w->t, inner[k]);
		frame_note(w, "asked as", inner[k]);
		return 1;
	}
	if (n && w->t.kind >= KIND_HELLO && w->t.kind <= KIND_NO)
		return 0;
	k -= n;
	if (!k && flip_clauses(w, w->t.all, w->out)) {
		work_note(w, "clauses the other way round");
		return 1;
	}
	n = words_swap_count(w, w->t.all, swaps, nswaps);
	if (n >= SWAPS_MAX)
		n = 0;
	if (k >= n) {
		k -= n;
	} else if (words_swap_some(w, w->t.all, w->out, swaps, nswaps, k, 0)) {
		work_note(w, "another word for the same");
		return 1;
	}
	outer = frame_list(w->t.lang, frame_whole_kind(&w->t));
	if (w->t.purpose == PURPOSE_NEXT)
		return rephrase_after(w, outer, k);
	n = phrases_count(outer);
	if (k >= n)
		return inner ? rephrase_both(w, inner, k - n) :
		    rephrase_around(w, outer, k - n);
	frame_put_whole(w->out, &w->t, outer[k]);
	frame_note(w, "framed as", outer[k]);
	return 1;
}
