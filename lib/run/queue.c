#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "io/line.h"
#include "io/source.h"
#include "record/record.h"
#include "config/env.h"
#include "completed.h"
#include "input.h"
#include "run.h"
#include "queue.h"

#define SKIPPED_AT_ONCE 10000

void
queue_init(struct queue *f, const struct queue_plan *plan, struct source *s)
{
	memset(f, 0, sizeof(*f));
	f->plan = plan;
	f->source = s;
}

void
queue_release(struct queue *f)
{
	struct run *r;

	while ((r = f->back)) {
		f->back = r->next;
		run_free(r);
	}
	while ((r = queue_give_up(f)))
		run_free(r);
	free(f->later);
	input_drop(f->job);
	memset(f, 0, sizeof(*f));
}

/* --- inputs -------------------------------------------------------------- */

static int
wanted(const struct queue_plan *p, const struct input *j)
{
	size_t i;

	for (i = 0; i < p->npersonas; i++)
		if (j->persona && !strcmp(p->personas[i], j->persona))
			return 1;
	return !p->npersonas;
}

/* A job that cannot be run: the first one is the end of the experiment. */
static void
refuse(struct queue *f, struct input *j, const struct err *e)
{
	source_complain(f->source, "%s", e->msg);
	j->error = xstrdup(e->msg);
	if (!f->jobs)
		f->fatal = 1;
}

static const char *const input_fields[INPUT_FIELDS + 1] = {
	"input", "input_id", "metadata", "trace_id"
};

/* Takes an input that was read. Returns 1 when it is one to be run. */
static int
take_input(struct queue *f, const struct json_span *v)
{
	struct err e = { 0 };
	struct input *j;

	if (!v[INPUT_VALUE].p && !v[INPUT_METADATA].p) {
		source_complain(f->source, "not an input: it has no field "
		    "'input'");
		return 0;
	}
	j = input_new(f->plan->jobs, f->source->record, v, &e);
	if (!wanted(f->plan, j)) {
		f->passed_over = 1;
		input_drop(j);
		err_release(&e);
		return 0;
	}
	if (e.msg)
		refuse(f, j, &e);
	err_release(&e);
	f->jobs++;
	f->job = j;
	f->iteration = 0;
	return 1;
}

/* Reads the next input that is to be run. Returns 1 when there is one. */
static int
next_job(struct queue *f)
{
	struct json_span v[INPUT_FIELDS + 1];
	int got;

	f->waiting = 0;
	while (!f->ended && !f->fatal) {
		got = source_next(f->source, input_fields, v, LEN(v));
		f->waiting = got < 0;
		f->ended = !got;
		if (got <= 0)
			return 0;
		if (take_input(f, v))
			return !f->fatal;
	}
	return 0;
}

/* --- runs ---------------------------------------------------------------- */

/* Whether a run is left out: another shard's, or done already. */
static int
left_out(const struct queue_plan *p, uint64_t id)
{
	return (p->shards && id % p->shards != p->shard) ||
	    (p->done && completed_has(p->done, id));
}

/* The next run of the inputs, in their order. */
static struct run *
fresh(struct queue *f)
{
	char id[RECORD_ID];
	uint64_t number;
	struct run *r;
	int i;

	for (i = 0, r = NULL; !r; i++) {
		if (i == SKIPPED_AT_ONCE) {
			f->again = 1;
			return NULL;
		}
		if (!f->job && !next_job(f))
			return NULL;
		number = record_run_id(f->job->id, f->job->persona,
		    f->iteration, id);
		if (!left_out(f->plan, number)) {
			r = run_new(f->job, f->iteration, id,
			    f->plan->has_seed ? &f->plan->seed : NULL,
			    f->plan->name);
			r->place = f->runs++;
		}
		if (++f->iteration >= f->plan->iterations) {
			input_drop(f->job);
			f->job = NULL;
		}
	}
	return r;
}

/* --- later --------------------------------------------------------------- */

void
queue_later(struct queue *f, struct run *r, int64_t due)
{
	size_t i = f->nlater++, above;

	if (f->nlater > f->cap) {
		f->cap = grow(f->cap, f->nlater);
		f->later = xreallocarray(f->later, f->cap,
		    sizeof(*f->later));
	}
	for (; i; i = above) {
		above = (i - 1) / 2;
		if (f->later[above].due <= due)
			break;
		f->later[i] = f->later[above];
	}
	f->later[i] = (struct queue_later){ due, r };
}

/* Takes out the one that is due first; NULL: there is none. */
static struct run *
take_later(struct queue *f)
{
	struct queue_later last;
	struct run *top;
	size_t i = 0, below;

	if (!f->nlater)
		return NULL;
	top = f->later[0].run;
	last = f->later[--f->nlater];
	while ((below = 2 * i + 1) < f->nlater) {
		if (below + 1 < f->nlater && f->later[below + 1].due <
		    f->later[below].due)
			below++;
		if (last.due <= f->later[below].due)
			break;
		f->later[i] = f->later[below];
		i = below;
	}
	f->later[i] = last;
	return top;
}

int64_t
queue_due(const struct queue *f)
{
	return f->nlater ? f->later[0].due : INT64_MAX;
}

/* --- all of them --------------------------------------------------------- */

struct run *
queue_next(struct queue *f, int64_t now)
{
	struct run *r = f->back;

	f->again = 0;
	if (r) {
		f->back = r->next;
		r->next = NULL;
		return r;
	}
	if (f->nlater && queue_due(f) <= now)
		return take_later(f);
	return f->hold ? NULL : fresh(f);
}

void
queue_back(struct queue *f, struct run *r)
{
	r->next = f->back;
	f->back = r;
}

struct run *
queue_give_up(struct queue *f)
{
	struct run *r, **p;

	for (p = &f->back; (r = *p); p = &r->next)
		if (r->attempt > 1) {
			*p = r->next;
			r->next = NULL;
			return r;
		}
	return take_later(f);
}

int
queue_more(const struct queue *f)
{
	return f->back || f->nlater || f->job || !f->ended;
}
