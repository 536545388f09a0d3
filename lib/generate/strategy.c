#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "kept.h"
#include "phrases.h"
#include "span.h"
#include "strategy.h"

int
work_is_data(const struct work *w)
{
	return w->t.lang >= LANG_LATIN && kept_is_block(span_first(w->t.all));
}

void
work_note(struct work *w, const char *note)
{
	if (w->note->len)
		buf_puts(w->note, ", ");
	buf_puts(w->note, note);
}

int
step_run(struct work *w, const struct step *s, struct buf *text)
{
	struct buf next = { 0 };
	int ok;

	ok = s->run(w, span_buf(text), &next);
	if (ok && next.len == text->len &&
	    (!next.len || !memcmp(next.p, text->p, next.len)))
		ok = 0;
	if (!ok) {
		buf_release(&next);
		return 0;
	}
	if (s->note)
		work_note(w, s->note);
	buf_release(text);
	*text = next;
	return 1;
}

int
step_run_some(struct work *w, const struct step *steps, size_t nsteps,
    size_t nlate, size_t first, size_t n)
{
	struct buf text = { 0 };
	size_t done = 0, tries, i;

	span_put(&text, w->t.all);
	for (tries = 0; done < n && tries < 40; tries++) {
		i = first < nsteps && !tries ? first : rng_below(&w->rng,
		    done + 1 < n ? nsteps - nlate : nsteps);
		if (!step_run(w, &steps[i], &text)) {
			/* a single step would often repeat a variation */
			if (!tries && first < nsteps)
				n = 2;
			continue;
		}
		if (i >= nsteps - nlate) {
			done++;
			break;
		}
		/* two may undo each other */
		done += text.len != w->t.all.n ||
		    memcmp(text.p, w->t.all.p, text.len);
	}
	if (done)
		span_put(w->out, span_buf(&text));
	buf_release(&text);
	return done > 0;
}
