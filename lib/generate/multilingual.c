#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "frame.h"
#include "phrases.h"
#include "span.h"
#include "strategy.h"

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
	struct buf b = { 0 }, text = { 0 };
	const char *p = strchr(frame, '%');

	/* after a letter of several lines, on a line of its own */
	if (*frame == SLOT && memchr(w->t.all.p, '\n', w->t.all.n)) {
		span_put(w->out, w->t.all);
		buf_puts(w->out, "\n\n");
		frame += 2;
		buf_add(w->out, frame, (size_t)(p - frame));
		buf_printf(w->out, "%s%s", name, p + 1);
		say_tongue(w, "answer wanted in ", name);
		return;
	}
	buf_add(&b, frame, (size_t)(p - frame));
	buf_puts(&b, name);
	buf_puts(&b, p + 1);
	span_put(&text, w->t.all);
	if (*frame == SLOT)
		frame_end_sentence(&text, 0, w->t.lang,
		    frame_ends_query(&w->t));
	frame_put(w->out, buf_str(&b), span_buf(&text), w->t.lang,
	    FRAME_AS_IS);
	buf_release(&text);
	buf_release(&b);
	say_tongue(w, "answer wanted in ", name);
}

/* Orders the languages so that the most different ones come first. */
static size_t
spread(size_t i, size_t n)
{
	return (i * 5 + 2 + i / n) % n;
}

/* Keeps the text, and asks for an answer in another language, each once. */
int
multilingual_make(struct work *w)
{
	size_t n = ntongues - (w->t.lang < LANG_LATIN);
	const struct tongue *t;

	if (w->k >= n)
		return 0;
	t = other_tongue(&w->t, spread(w->k, n));
	if (!w->t.all.n)
		buf_printf(w->out, "Please answer in %s.", t->name);
	else if (w->t.lang == LANG_EN && w->k % 2) {
		put_answer(w, answer_frames[w->k / 2 % LEN(answer_frames)],
		    t->name);
		return 1;
	} else
		frame_put(w->out, t->frames[0], w->t.all, t->lang,
		    FRAME_NO_STOP);
	say_tongue(w, "answer wanted in ", t->name);
	return 1;
}
