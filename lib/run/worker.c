#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "json/isotime.h"
#include "message.h"
#include "worker.h"

int
worker_start(struct worker *w, const struct agent_kind *kind, unsigned number,
    struct err *e)
{
	memset(w, 0, sizeof(*w));
	if (agent_start(&w->agent, kind, number, e))
		return -1;
	w->live = 1;
	w->pipeline = w->concurrency = 1;
	w->kill_at = w->closed_at = w->start_by = NEVER;
	return 0;
}

void
worker_clear(struct worker *w)
{
	agent_release(&w->agent);
	free(w->end_text);
	memset(w, 0, sizeof(*w));
}

void
worker_add(struct worker *w, struct run *r)
{
	r->number = ++w->number;
	if (w->last)
		w->last->next = r;
	else
		w->runs = r;
	w->last = r;
	if (!w->nruns++)
		w->head_since = isotime_monotonic();
}

void
worker_remove(struct worker *w, struct run *r)
{
	struct run **p, *before = NULL;

	for (p = &w->runs; *p != r; p = &(*p)->next)
		before = *p;
	*p = r->next;
	if (w->last == r)
		w->last = before;
	w->nruns--;
	r->next = NULL;
	if (!before)
		w->head_since = isotime_monotonic();
}

unsigned
worker_running(const struct worker *w)
{
	unsigned n = 0;
	struct run *r;

	if (!w->announces)
		return w->nruns < w->concurrency ? w->nruns : w->concurrency;
	for (r = w->runs; r; r = r->next)
		n += r->started != 0;
	return n;
}

struct run *
worker_find(const struct worker *w, long long id)
{
	struct run *r;

	if (id == MESSAGE_ANY)
		return w->runs;
	for (r = w->runs; r && r->number != id; r = r->next)
		;
	return r;
}

int64_t
worker_late(const struct worker *w, int64_t timeout, struct run **which)
{
	int64_t at = NEVER, from;
	struct run *r;

	for (r = w->runs; r; r = r->next) {
		if (!r->started && r != w->runs)
			continue;
		from = r->started ? r->clock : w->head_since;
		if (from + timeout < at) {
			at = from + timeout;
			*which = r;
		}
	}
	return at;
}
