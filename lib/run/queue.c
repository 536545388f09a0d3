#include <stdlib.h>
#include <string.h>

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
#define AHEAD_MAX ((size_t)1 << 20)	/* bytes of inputs in memory */

void
queue_init(struct queue *q, const struct queue_plan *plan, struct source *s)
{
	memset(q, 0, sizeof(*q));
	q->plan = plan;
	q->source = s;
}

void
queue_release(struct queue *q)
{
	struct run *r;

	while ((r = q->back)) {
		q->back = r->next;
		run_free(r);
	}
	while ((r = queue_drop(q)))
		run_free(r);
	while ((r = q->ahead)) {
		q->ahead = r->next;
		run_free(r);
	}
	free(q->later);
	input_unref(q->input);
	occurrence_release(&q->occurrences);
	buf_release(&q->run_id);
	memset(q, 0, sizeof(*q));
}

/* --- inputs -------------------------------------------------------------- */

static int
is_wanted_persona(const struct queue_plan *p, const struct input *in)
{
	size_t i;

	for (i = 0; i < p->npersonas; i++)
		if (in->persona && !strcmp(p->personas[i], in->persona))
			return 1;
	return !p->npersonas;
}

/* Refuses an input that cannot be run; the first one ends the experiment. */
static void
refuse_input(struct queue *q, struct input *in, const struct err *e)
{
	source_complain(q->source, "%s", e->msg);
	in->error = xstrdup(e->msg);
	if (!q->ninputs)
		q->fatal = 1;
}

/* Fields of inputs, and those of an input for a single run, such as a trace. */
enum { RUN_ITERATION = INPUT_FIELDS, RUN_ID, RUN_FIELDS };

static const char *const input_fields[RUN_FIELDS] = {
	"input", "input_id", "metadata", "iteration", "run_id"
};

/* Sets the iterations of an input: the configured ones, or its own. */
static void
set_iterations(struct queue *q, const struct json_span *v)
{
	const char *persona = q->input->persona;
	struct buf key = { 0 };
	double d;

	q->iteration = 0;
	q->iterations = q->plan->iterations;
	q->run_id.len = 0;
	if (v[RUN_ITERATION].p && json_double(v[RUN_ITERATION], &d) &&
	    d >= 0 && d < 1e9 && d == (double)(long long)d) {
		q->iteration = (long long)d;
		q->iterations = q->iteration + 1;
		buf_add(&q->run_id, v[RUN_ID].p, v[RUN_ID].n);
		/* inputs with different iterations are different */
		buf_printf(&key, "%s\n%lld", persona ? persona : "",
		    q->iteration);
		persona = buf_str(&key);
	}
	q->occurrence = occurrence_count(&q->occurrences, q->input->id,
	    persona);
	buf_release(&key);
}

/* Takes an input that was read. Returns 1 when it is one to be run. */
static int
take_input(struct queue *q, const struct json_span *v)
{
	struct err e = { 0 };
	struct input *in;

	if (!v[INPUT_VALUE].p && !v[INPUT_METADATA].p) {
		source_complain(q->source, "not an input: it has no field "
		    "'input'");
		return 0;
	}
	in = input_new(q->plan->inputs, q->source->record, v, &e);
	if (!is_wanted_persona(q->plan, in)) {
		q->skipped = 1;
		input_unref(in);
		err_release(&e);
		return 0;
	}
	if (e.msg)
		refuse_input(q, in, &e);
	err_release(&e);
	q->ninputs++;
	q->input = in;
	set_iterations(q, v);
	return 1;
}

/* Reads the next input that is to be run. Returns 1 when there is one. */
static int
next_input(struct queue *q)
{
	struct json_span v[RUN_FIELDS];
	int got;

	q->waiting = 0;
	while (!q->ended && !q->fatal) {
		got = source_next(q->source, input_fields, v, LEN(v));
		q->waiting = got < 0;
		q->ended = !got;
		if (got <= 0)
			return 0;
		if (take_input(q, v))
			return !q->fatal;
	}
	return 0;
}

/* --- runs ---------------------------------------------------------------- */

/* Whether a run is left out: another shard's, or done already. */
static int
is_left_out(const struct queue_plan *p, uint64_t id)
{
	return (p->shards && id % p->shards != p->shard) ||
	    (p->done && completed_has(p->done, id));
}

/* The id of the next run, as a number too: the input's own, if it has one. */
static uint64_t
choose_run_id(const struct queue *q, char id[RECORD_ID])
{
	uint64_t number;

	if (!q->run_id.len || !record_id_number(json_buf(&q->run_id), &number))
		return record_run_id(q->input->id, q->input->persona,
		    q->iteration, q->occurrence, id);
	memcpy(id, q->run_id.p + 1, RECORD_ID - 1);
	id[RECORD_ID - 1] = '\0';
	return number;
}

/* The next run of the inputs, in their order. */
static struct run *
new_run(struct queue *q)
{
	char id[RECORD_ID];
	uint64_t number;
	struct run *r;
	int i;

	for (i = 0, r = NULL; !r; i++) {
		if (i == SKIPPED_AT_ONCE) {
			q->again = 1;
			return NULL;
		}
		if (!q->input && !next_input(q))
			return NULL;
		number = choose_run_id(q, id);
		if (!is_left_out(q->plan, number)) {
			r = run_new(q->input, q->iteration, id,
			    q->plan->has_seed ? &q->plan->seed : NULL,
			    q->plan->name, q->plan->where);
			r->place = q->runs++;
		}
		if (++q->iteration >= q->iterations) {
			input_unref(q->input);
			q->input = NULL;
		}
	}
	return r;
}

/* --- ahead --------------------------------------------------------------- */

/* The bytes of memory that a run in the list ahead counts for. */
static size_t
size_ahead(const struct run *r)
{
	return r->input->record.len + r->input->kwargs.len;
}

size_t
queue_look_ahead(struct queue *q, size_t most)
{
	struct run *r;

	while (q->nahead < most && q->ahead_size < AHEAD_MAX && !q->hold &&
	    (r = new_run(q))) {
		if (q->ahead)
			q->last_ahead->next = r;
		else
			q->ahead = r;
		q->last_ahead = r;
		q->nahead++;
		q->ahead_size += size_ahead(r);
	}
	return q->nahead;
}

/* Takes out the first one; NULL: there is none. */
static struct run *
take_ahead(struct queue *q)
{
	struct run *r = q->ahead;

	if (!r)
		return NULL;
	q->ahead = r->next;
	r->next = NULL;
	q->nahead--;
	q->ahead_size -= size_ahead(r);
	return r;
}

/* --- later --------------------------------------------------------------- */

void
queue_later(struct queue *q, struct run *r, int64_t due)
{
	size_t i = q->nlater++, above;

	if (q->nlater > q->cap) {
		q->cap = grow(q->cap, q->nlater);
		q->later = xreallocarray(q->later, q->cap,
		    sizeof(*q->later));
	}
	for (; i; i = above) {
		above = (i - 1) / 2;
		if (q->later[above].due <= due)
			break;
		q->later[i] = q->later[above];
	}
	q->later[i] = (struct queue_later){ due, r };
}

/* Takes out the one that is due first; NULL: there is none. */
static struct run *
take_later(struct queue *q)
{
	struct queue_later last;
	struct run *top;
	size_t i = 0, below;

	if (!q->nlater)
		return NULL;
	top = q->later[0].run;
	last = q->later[--q->nlater];
	while ((below = 2 * i + 1) < q->nlater) {
		if (below + 1 < q->nlater && q->later[below + 1].due <
		    q->later[below].due)
			below++;
		if (last.due <= q->later[below].due)
			break;
		q->later[i] = q->later[below];
		i = below;
	}
	q->later[i] = last;
	return top;
}

int64_t
queue_due(const struct queue *q)
{
	return q->nlater ? q->later[0].due : INT64_MAX;
}

/* --- all of them --------------------------------------------------------- */

struct run *
queue_next(struct queue *q, int64_t now)
{
	struct run *r = q->back;

	q->again = 0;
	if (r) {
		q->back = r->next;
		r->next = NULL;
		return r;
	}
	if (q->nlater && queue_due(q) <= now)
		return take_later(q);
	if (q->hold)
		return NULL;
	r = take_ahead(q);
	return r ? r : new_run(q);
}

void
queue_return(struct queue *q, struct run *r)
{
	r->next = q->back;
	q->back = r;
}

struct run *
queue_drop(struct queue *q)
{
	struct run *r, **p;

	for (p = &q->back; (r = *p); p = &r->next)
		if (r->attempt > 1) {
			*p = r->next;
			r->next = NULL;
			return r;
		}
	return take_later(q);
}

int
queue_has_more(const struct queue *q)
{
	return q->back || q->nlater || q->ahead || q->input || !q->ended;
}
