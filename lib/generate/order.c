#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "frame.h"
#include "kept.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "strategy.h"

/* More sentences than these stay as they are, after the others. */
#define ORDER_MAX 64

/* The sentences of the body, and their order. */
struct order {
	struct span one[ORDER_MAX];
	int line[ORDER_MAX];	/* 1: begins a line */
	size_t n;
	size_t at[ORDER_MAX];
	size_t left;		/* number of sentences left in at */
	struct span rest;	/* after the last of these */
};

static int
is_order_block(struct span s)
{
	return kept_is_block(span_first(s));
}

/* Takes the next sentence, with the one after it if it ends in a colon. */
static int
order_next(struct span *rest, struct span *one)
{
	struct span more;

	if (!sentence_next(rest, one))
		return 0;
	if (one->p[one->n - 1] == ':' && sentence_next(rest, &more))
		one->n = (size_t)(span_end(more) - one->p);
	return 1;
}

static void
order_read(struct order *o, const struct work *w)
{
	struct span rest = w->t.body;
	const char *from = rest.p;

	for (o->n = 0; o->n < ORDER_MAX && order_next(&rest, &o->one[o->n]);
	    o->n++) {
		o->line[o->n] = memchr(from, '\n', (size_t)(o->one[o->n].p -
		    from)) != NULL;
		from = span_end(o->one[o->n]);
	}
	o->rest = span_trim(rest);
	for (o->left = 0; o->left < o->n; o->left++)
		o->at[o->left] = o->left;
}

/* Takes the i-th out of the order and returns it. */
static size_t
order_take(struct order *o, size_t i)
{
	size_t taken = o->at[i];

	memmove(o->at + i, o->at + i + 1, (o->left - i - 1) * sizeof(*o->at));
	o->left--;
	return taken;
}

static void
order_insert(struct order *o, size_t i, size_t value)
{
	memmove(o->at + i + 1, o->at + i, (o->left - i) * sizeof(*o->at));
	o->at[i] = value;
	o->left++;
}

static void
order_reverse(struct order *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		o->at[i] = o->n - 1 - i;
}

/* Makes the k-th order and notes it; 0 when there is none. */
static int
order_choose(struct order *o, size_t k, struct buf *note)
{
	size_t n = o->n, i = k / 2;

	if (k & 1) {
		if (i >= n)
			return 0;
		buf_printf(note, "sentence %zu of %zu left out", i + 1, n);
		order_take(o, i);
	} else if (!i) {
		order_insert(o, 0, order_take(o, n - 1));
		buf_puts(note, "the last sentence first");
	} else if (n < 3 || i > n) {
		return 0;
	} else if (i == 1) {
		order_reverse(o);
		buf_puts(note, "the sentences in reverse");
	} else {
		order_insert(o, i - 2, order_take(o, i - 1));
		buf_printf(note, "sentence %zu before sentence %zu", i, i - 1);
	}
	return 1;
}

/* Appends a sentence; the first one continues after a greeting. */
static void
put_sentence(struct work *w, struct span one, int line, size_t from)
{
	struct buf *b = w->out;
	size_t at = b->len;

	if (at > from && !kept_is_block(span_last(span_buf(b), &at)) &&
	    w->t.lang < LANG_LATIN)
		frame_end_sentence(b, from, w->t.lang, 0);
	if (b->len > from)
		buf_puts(b, line || is_order_block(one) || kept_is_block(
		    span_last(span_buf(b), &at)) ? "\n\n" : " ");
	at = b->len;
	span_put(b, one);
	if (at > from || !w->t.hello.n || b->p[from - 1] == '\n')
		frame_capitalise(b, at);
	else if (w->t.hello.p[w->t.hello.n - 1] == ',')
		frame_decapitalise(b, at);
}

int
order_make(struct work *w)
{
	struct order o;
	size_t k = w->k, i, from;

	order_read(&o, w);
	if (o.n < 2 || !order_choose(&o, k, w->note))
		return 0;
	w->leaves_out = o.left < o.n;
	if (w->t.hello.n) {
		span_put(w->out, w->t.hello);
		span_put(w->out, span_of(span_end(w->t.hello),
		    (size_t)(w->t.body.p - span_end(w->t.hello))));
	}
	from = w->out->len;
	for (i = 0; i < o.left; i++)
		put_sentence(w, o.one[o.at[i]], o.line[o.at[i]], from);
	if (o.rest.n)
		put_sentence(w, o.rest, 1, from);
	if (w->t.bye.n)
		span_put(w->out, span_of(span_end(w->t.body),
		    (size_t)(span_end(w->t.all) - span_end(w->t.body))));
	return 1;
}
