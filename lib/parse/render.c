#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "io/sorter.h"
#include "io/spill.h"
#include "io/store.h"
#include "trace/trace.h"
#include "details.h"
#include "join.h"
#include "joiner.h"
#include "output.h"
#include "pool.h"

static int
render_read(struct joiner *w, const struct place *p, size_t n, char *to)
{
	struct join *j = w->j;
	int spilled = p->file == j->nfiles;

	if (spilled ? !store_read(&j->store, to, n, p->at) :
	    !spill_read(j->fds[p->file], to, n, p->at))
		return 0;
	if (spilled)
		return join_fail(j, errno);
	/* a file that got shorter: the record is not JSON any more */
	if (!errno)
		return 0;
	return join_fail_file(j, join_file_name(j, p->file), errno);
}

static struct place *
render_new_place(struct joiner *w)
{
	ALLOC_GROW(w->places, w->nplaces + 1, w->places_cap);
	return &w->places[w->nplaces++];
}

/* Finds the places of a job's observations in the index. */
static int
render_list_index(struct joiner *w, const struct render_task *task)
{
	uint64_t i;
	size_t k, n;

	w->nplaces = 0;
	for (i = 0; i < task->count; i += n) {
		n = task->count - i < TASKS_MAX ? (size_t)(task->count - i) :
		    TASKS_MAX;
		if (sorter_read(&w->j->index, task->first + i, n, w->window))
			return join_fail(w->j, errno);
		for (k = 0; k < n; k++)
			*render_new_place(w) = w->window[k].place;
	}
	return 0;
}

/*
 * Reads adjacent places of a file with one call, appends them to text, and
 * returns their number; 0 on failure.
 */
static size_t
render_read_adjacent(struct joiner *w, size_t i)
{
	const struct place *p = &w->places[i];
	uint64_t n = p->n;
	size_t k;

	for (k = i + 1; k < w->nplaces && p[k - i].file == p->file &&
	    p[k - i].at == p->at + n + 1; k++)
		n += (uint64_t)p[k - i].n + 1;
	if (render_read(w, p, (size_t)n, buf_room(&w->text, (size_t)n + 1)))
		return 0;
	w->text.len += (size_t)n;
	buf_byte(&w->text, '\n');
	return k - i;
}

/* Appends the observations that the index lists to text. */
static int
render_read_index(struct joiner *w, const struct render_task *task)
{
	size_t i, n;

	if (render_list_index(w, task))
		return -1;
	buf_room(&w->text, (size_t)task->bytes + w->nplaces + 1);
	for (i = 0; i < w->nplaces; i += n)
		if (!(n = render_read_adjacent(w, i)))
			return -1;
	return 0;
}

/* Appends the observations of an extent to text, reading it once. */
static int
render_read_extent(struct joiner *w, const struct render_task *task)
{
	const struct place all = { task->first, 0, 1 };
	size_t n = (size_t)task->bytes;
	const char *p = buf_room(&w->text, n + 1), *end = p + n, *nl;

	w->nplaces = 0;
	if (n && render_read(w, &all, n, w->text.p + w->text.len))
		return -1;
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		render_new_place(w)->n = (uint32_t)(nl - p);
	}
	w->text.len += n;
	buf_byte(&w->text, '\n');
	return 0;
}

/*
 * Whether what was taken for an observation in haste is something else; o is the
 * one that was read last.
 */
static int
render_is_other(const struct joiner *w, const struct observation *o)
{
	return w->j->hasty && (o->v[OBS_OBSERVATIONS].p ||
	    o->v[OBS_TIMELINE].p);
}

/*
 * Ends reading a trace. met: json_scan's flags for the row; bad: a record is
 * not JSON, or another one. It has changed since the first pass, or was not
 * checked in it.
 */
static int
render_gathered(struct joiner *w, int met, int bad)
{
	if (w->j->hasty && (bad || w->t.met)) {
		pool_stop(w->j->pool);
		return join_odd(w->j);
	}
	w->changed += bad != 0;
	w->t.met |= met;
	return 0;
}

/* Reads all records of a trace that fits into memory, the row first. */
static int
render_gather(struct joiner *w, const struct render_task *task)
{
	struct json_span v = { 0 };
	size_t i, at;
	int bad, met;

	if (w->j->extents ? render_read_extent(w, task) : render_read_index(w,
	    task))
		return -1;
	at = task->row.file == NO_ROW ? 0 : w->row + 1;
	if (at) {
		v.p = w->text.p;
		v.n = w->row;
	}
	bad = trace_reset(&w->t, v);
	met = w->t.met;
	w->t.met = 0;
	for (i = 0; i < w->nplaces; i++) {
		v.p = w->text.p + at;
		v.n = w->places[i].n;
		at += v.n + 1;
		bad |= trace_add(&w->t, v) ||
		    render_is_other(w, &w->t.obs[w->t.nobs - 1]);
	}
	return render_gathered(w, met, bad);
}

/* Whether an observation in a row's extent is of another trace. */
static int
render_is_foreign(const struct observation *o, const struct buf *id)
{
	struct buf other = { 0 };
	struct json_span v = o->v[OBS_TRACE_ID];
	int foreign;

	if (v.p && json_type(v) != JSON_NULL)
		trace_plain(&other, v);
	foreign = other.len != id->len || (id->len && memcmp(other.p, id->p,
	    id->len));
	buf_release(&other);
	return foreign;
}

/* Lends a step of a trace that does not fit its record. */
static void
render_load_step(void *arg, struct trace *t, size_t i)
{
	struct joiner *w = arg;
	struct json_span v = { NULL, 0 };
	struct trace_place at;
	struct place p;

	buf_reset(&w->step);
	if (!trace_place(t, i, &at)) {
		p = (struct place){ at.at, at.n, at.file };
		v.n = p.n;
		if (!render_read(w, &p, v.n, buf_room(&w->step, v.n)))
			v.p = w->step.p;
	}
	w->changed += trace_lend(t, i, v) && v.p;
}

/* The state of a trace that does not fit while its records are read. */
struct apart {
	struct buf id;
	int changed;		/* 1: a record is not an observation any more */
	int foreign;		/* 1: one is of another trace */
};

static void
render_add_apart(struct joiner *w, struct apart *a, const struct place *p,
    const char *record)
{
	const struct trace_place place = { p->at, p->n, p->file };
	struct json_span v = { record, p->n };

	if (trace_add_apart(&w->t, v, &place)) {
		a->changed = 1;
		return;
	}
	if (render_is_other(w, &w->t.obs[0]))
		a->changed = 1;
	if (w->j->extents && w->t.nobs == 1)
		trace_id_text(&w->t, &a->id);
	if (w->j->extents && !a->foreign)
		a->foreign = render_is_foreign(&w->t.obs[0], &a->id);
}

/* Adds the observations that the index lists, one after another. */
static int
render_apart_index(struct joiner *w, const struct render_task *task,
    struct apart *a)
{
	uint64_t i;
	size_t k, n;

	for (i = 0; i < task->count; i += n) {
		n = task->count - i < TASKS_MAX ? (size_t)(task->count - i) :
		    TASKS_MAX;
		if (sorter_read(&w->j->index, task->first + i, n, w->window))
			return join_fail(w->j, errno);
		for (k = 0; k < n; k++) {
			if (render_read(w, &w->window[k].place,
			    w->window[k].place.n, buf_room(&w->step,
			    w->window[k].place.n)))
				return -1;
			render_add_apart(w, a, &w->window[k].place, w->step.p);
		}
	}
	return 0;
}

/* Adds the observations of an extent, reading it in pieces of whole lines. */
static int
render_apart_extent(struct joiner *w, const struct render_task *task,
    struct apart *a)
{
	struct place piece = { task->first, 0, 1 }, line = piece;
	uint64_t end = task->first + task->bytes;
	size_t n, most = TASKS_BYTES;
	const char *p, *stop, *nl;

	for (; piece.at < end; piece.at += (uint64_t)(p - w->step.p)) {
		n = end - piece.at < most ? (size_t)(end - piece.at) : most;
		if (render_read(w, &piece, n, buf_room(&w->step, n)))
			return -1;
		p = w->step.p;
		stop = p + n;
		while (p < stop) {
			nl = memchr(p, '\n', (size_t)(stop - p));
			if (!nl && piece.at + n < end)
				break;
			nl = nl ? nl : stop;
			line.at = piece.at + (uint64_t)(p - w->step.p);
			line.n = (uint32_t)(nl - p);
			render_add_apart(w, a, &line, p);
			p = nl + (nl < stop);
		}
		/* a line that is longer than a piece */
		most = p == w->step.p ? 2 * most : TASKS_BYTES;
	}
	return 0;
}

/*
 * Reads a trace that does not fit, and keeps what orders and links its steps.
 */
static int
render_gather_apart(struct joiner *w, const struct render_task *task)
{
	struct json_span v = { 0 };
	struct apart a = { { 0 }, 0, 0 };
	int bad, met;

	if (task->row.file != NO_ROW) {
		v.p = w->text.p;
		v.n = w->row;
	}
	a.changed = trace_reset(&w->t, v) != 0;
	met = w->t.met;
	w->t.met = 0;
	trace_set_apart(&w->t, w->j->memory / 8 / w->j->pool->n);
	bad = w->j->extents ? render_apart_extent(w, task, &a) :
	    render_apart_index(w, task, &a);
	buf_release(&a.id);
	if (bad)
		return -1;
	w->changed += (size_t)a.foreign;
	w->t.load = render_load_step;
	w->t.arg = w;
	return render_gathered(w, met, a.changed);
}

/* Counts a row whose extent holds another trace's observations. */
static void
render_check_extent(struct joiner *w)
{
	struct buf id = { 0 };
	size_t i;

	trace_id_text(&w->t, &id);
	for (i = 0; i < w->t.nobs && !render_is_foreign(&w->t.obs[i], &id); i++)
		;
	w->changed += i < w->t.nobs;
	buf_release(&id);
}

/* Reads the row, and adds the fields of its trace that it lacks. */
static int
render_read_row(struct joiner *w, const struct render_task *task)
{
	const struct details *more = &w->j->more;
	struct json_span row;
	struct json_fault f;
	int got = 0;

	if (render_read(w, &task->row, task->row.n, buf_room(&w->text,
	    (size_t)task->row.n + 1)))
		return -1;
	w->text.len = w->row = task->row.n;
	row.p = w->text.p;
	row.n = w->row;
	buf_reset(&w->merged);
	/* a row that is not JSON any more is noticed later */
	if (more->n && *row.p == '{' && json_scan(row.p, row.n, JSON_LAX, NULL,
	    NULL, 0, &f) >= 0)
		got = details_merge(more, row, &w->detail, &w->merged);
	if (got < 0)
		return join_fail(w->j, errno);
	if (got) {
		w->text.len = 0;
		buf_add(&w->text, w->merged.p, w->merged.len);
		w->row = w->text.len;
	}
	buf_byte(&w->text, '\n');
	return 0;
}

static int
render_task(struct joiner *w, const struct render_task *task)
{
	struct join *j = w->j;
	/* read, printed and rendered, in buffers that may be half empty */
	uint64_t limit = j->memory / 8 / j->pool->n;
	int bad;

	buf_reset(&w->text);
	buf_reset(&w->step);
	if (task->row.file != NO_ROW && render_read_row(w, task))
		return -1;
	w->t.inside = 0;
	if (task->bytes > limit ? render_gather_apart(w, task) :
	    render_gather(w, task))
		return -1;
	trace_sort(&w->t);
	if (w->t.row.p)
		joiner_check_count(w);
	if (j->extents && !w->t.apart)
		render_check_extent(w);
	bad = batch_add(&w->batch, &w->t);
	w->met |= w->t.met;
	if (trace_error(&w->t))
		bad = join_fail(j, trace_error(&w->t));
	return bad;
}

/* Takes some tasks. Returns 0 if none are left. */
static int
render_take(struct joiner *w, uint64_t *ticket)
{
	struct join *j = w->j;
	uint64_t bytes = 0;

	w->ntasks = 0;
	pthread_mutex_lock(&j->reading);
	while (!pool_stopped(j->pool) && j->next_task < j->tasks.total &&
	    bytes < TASKS_BYTES && w->ntasks < TASKS_MAX) {
		if (sorter_read(&j->tasks, j->next_task, 1,
		    &w->tasks[w->ntasks])) {
			join_fail(j, errno);
			break;
		}
		j->next_task++;
		bytes += w->tasks[w->ntasks++].bytes;
	}
	if (w->ntasks)
		*ticket = pool_ticket(j->pool);
	pthread_mutex_unlock(&j->reading);
	return w->ntasks > 0;
}

void
render_run(void *arg)
{
	struct joiner *w = arg;
	uint64_t ticket = 0;
	size_t i;

	w->met = 0;
	while (render_take(w, &ticket)) {
		batch_begin(&w->batch, ticket);
		for (i = 0; i < w->ntasks; i++)
			if (render_task(w, &w->tasks[i]))
				return;
		if (batch_end(&w->batch))
			return;
	}
}
