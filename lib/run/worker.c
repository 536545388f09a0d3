#include <string.h>

#include "base/err.h"
#include "base/util.h"
#include "json/isotime.h"
#include "message.h"
#include "worker.h"

int
worker_start(struct worker *s, const struct agent_kind *kind, unsigned number,
    struct err *e)
{
	memset(s, 0, sizeof(*s));
	if (agent_start(&s->agent, kind, number, e))
		return -1;
	s->live = 1;
	s->pipeline = s->concurrency = 1;
	s->kill_at = s->closed_at = s->start_by = NEVER;
	return 0;
}

void
worker_clear(struct worker *s)
{
	agent_release(&s->agent);
	memset(s, 0, sizeof(*s));
}

void
worker_add(struct worker *s, struct run *r)
{
	r->number = ++s->number;
	if (s->last)
		s->last->next = r;
	else
		s->flight = r;
	s->last = r;
	if (!s->nflight++)
		s->since = isotime_monotonic();
}

void
worker_remove(struct worker *s, struct run *r)
{
	struct run **p, *before = NULL;

	for (p = &s->flight; *p != r; p = &(*p)->next)
		before = *p;
	*p = r->next;
	if (s->last == r)
		s->last = before;
	s->nflight--;
	r->next = NULL;
	if (!before)
		s->since = isotime_monotonic();
}

struct run *
worker_find(const struct worker *s, long long id)
{
	struct run *r;

	if (id == MESSAGE_ANY)
		return s->flight;
	for (r = s->flight; r && r->number != id; r = r->next)
		;
	return r;
}

int64_t
worker_late(const struct worker *s, int64_t timeout, struct run **which)
{
	int64_t at = NEVER, from;
	struct run *r;

	for (r = s->flight; r; r = r->next) {
		if (!r->started && r != s->flight)
			continue;
		from = r->started ? r->clock : s->since;
		if (from + timeout < at) {
			at = from + timeout;
			*which = r;
		}
	}
	return at;
}
