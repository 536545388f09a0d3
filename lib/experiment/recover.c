#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/util.h"
#include "io/line.h"
#include "io/source.h"
#include "recover.h"

const char *const recover_files[RECOVER_FILES] = {
	"observations.jsonl", "traces.jsonl", "trace_summary.jsonl"
};

/* The facts from the first reading of the files. */
struct pass {
	struct recover *r;
	struct recover_run *last;	/* run of the observation before this
				   one */
	uint64_t bad[RECOVER_FILES];	/* the first end of a line that does
					   not count; UINT64_MAX: none */
	size_t foreign;		/* number of the first row that is not ours */
	size_t lines[RECOVER_FILES];	/* number of whole lines */
	size_t ours[RECOVER_FILES];	/* whole lines whose run has a row */
	size_t wanted[RECOVER_FILES];	/* rows that have lines there */
};

/* A line of a file. */
struct recover_text {
	struct line l;
	uint64_t end;		/* offset after it and its newline */
	size_t number;
	int blank;
};

/* --- lines --------------------------------------------------------------- */

static void
text_of(struct recover_text *t, const struct line_reader *in, uint64_t from)
{
	t->end = from + in->offset;
	t->number = in->number;
	t->blank = source_blank(&t->l);
}

static int
recover_fail(int file, struct err *e)
{
	return err_set(e, 0, 0, "%s: %s", recover_files[file],
	    strerror(errno));
}

/* Finds fields in a line. Returns 1, or 0 if it is not whole. */
static int
find_fields(const struct line *l, const char *const *names,
    struct json_span *v, size_t count)
{
	struct json_fault f;

	return l->whole && *l->p == '{' &&
	    json_scan(l->p, l->n, JSON_LAX, names, v, count, &f) >= 0;
}

static uint64_t
recover_hash(struct json_span v)
{
	return v.p ? hash_bytes(0, 0, v.p, v.n) : 0;
}

/* The run of a trace_id, or NULL if it has no row. */
static struct recover_run *
find_run(struct recover *r, struct json_span id)
{
	size_t place;
	int added;

	if (!id.p)
		return NULL;
	place = *set_add(&r->known, recover_hash(id), &added);
	return place ? &r->run[place - 1] : NULL;
}

/* --- the first reading --------------------------------------------------- */

static void
note_bad(struct pass *p, int file, uint64_t end)
{
	if (end < p->bad[file])
		p->bad[file] = end;
}

static void
add_run(struct pass *p, const struct json_span *row, uint64_t at,
    uint64_t bytes, uint64_t end)
{
	struct recover *r = p->r;
	struct recover_run *run;
	double d;

	ALLOC_GROW(r->run, r->n + 1, r->cap);
	run = &r->run[r->n++];
	memset(run, 0, sizeof(*run));
	run->row = end;
	run->run = recover_hash(row[ROW_RUN_ID]);
	run->at = at;
	run->bytes = bytes;
	p->wanted[RECOVER_TRACES]++;
	p->wanted[RECOVER_OBSERVATIONS] += bytes > 0;
	run->count = row[ROW_OBSERVATION_COUNT].p &&
	    json_double(row[ROW_OBSERVATION_COUNT], &d) && d >= 0 && d < 4e9 ?
	    (uint32_t)d : UINT32_MAX;
}

static void
pass_row(struct pass *p, const struct recover_text *t)
{
	struct json_span v[ROW_FIELDS];
	uint64_t at, bytes;
	size_t *place;
	int added;

	if (!find_fields(&t->l, row_fields, v, ROW_FIELDS)) {
		note_bad(p, RECOVER_ROWS, t->end);
		return;
	}
	if (!v[ROW_TRACE_ID].p || row_extent(v, &at, &bytes)) {
		if (!p->foreign)
			p->foreign = t->number;
		note_bad(p, RECOVER_ROWS, t->end);
		return;
	}
	place = set_add(&p->r->known, recover_hash(v[ROW_TRACE_ID]), &added);
	if (!added) {
		note_bad(p, RECOVER_ROWS, t->end);
		return;
	}
	*place = p->r->n + 1;
	add_run(p, v, at, bytes, t->end);
}

static void
pass_trace(struct pass *p, const struct recover_text *t)
{
	const char *const names[] = {
		row_fields[ROW_TRACE_ID], row_fields[ROW_RUN_ID]
	};
	struct recover_run *run = NULL;
	struct json_span v[LEN(names)];

	if (find_fields(&t->l, names, v, LEN(names))) {
		run = find_run(p->r, v[0]);
		p->lines[RECOVER_TRACES]++;
		p->ours[RECOVER_TRACES] += run != NULL;
	}
	if (run && !run->trace && run->run == recover_hash(v[1]))
		run->trace = t->end;
	else
		note_bad(p, RECOVER_TRACES, t->end);
}

static void
pass_observation(struct pass *p, const struct recover_text *t)
{
	struct recover_run *run = NULL;
	struct json_span id;

	if (find_fields(&t->l, &row_fields[ROW_TRACE_ID], &id, 1)) {
		run = find_run(p->r, id);
		p->lines[RECOVER_OBSERVATIONS]++;
		p->ours[RECOVER_OBSERVATIONS] += run != NULL;
	}
	if (!run) {
		note_bad(p, RECOVER_OBSERVATIONS, t->end);
		return;
	}
	if (!run->n++)
		run->first = t->end - t->l.n - 1;
	else if (p->last != run)
		run->split = 1;
	run->last = t->end;
	run->sum += t->l.n + 1;
	p->last = run;
}

static int
pass_file(struct pass *p, int file, struct err *e)
{
	static void (*const take[RECOVER_FILES])(struct pass *p,
	    const struct recover_text *t) = {
		[RECOVER_OBSERVATIONS] = pass_observation,
		[RECOVER_TRACES] = pass_trace,
		[RECOVER_ROWS] = pass_row,
	};
	struct recover_text t;
	struct line_reader in;
	int got;

	if (lseek(p->r->fd[file], 0, SEEK_SET) < 0)
		return recover_fail(file, e);
	line_init(&in, p->r->fd[file]);
	while ((got = line_next(&in, &t.l)) > 0) {
		text_of(&t, &in, 0);
		if (t.blank)
			note_bad(p, file, t.end);
		else
			take[file](p, &t);
	}
	if (got < 0)
		recover_fail(file, e);
	line_release(&in);
	return got;
}

/* --- what it comes to ---------------------------------------------------- */

/*
 * Whether a run is complete: its observations have the bytes in its row, or, if
 * an extent is damaged, the number in its row; a filter may have removed some.
 */
static int
recover_is_whole(const struct recover_run *run)
{
	return run->trace && !run->split &&
	    (run->sum == run->bytes || run->n == run->count);
}

static void
extend(struct recover *r, int file, uint64_t end)
{
	if (end > r->size[file])
		r->size[file] = end;
}

static void
judge_run(struct pass *p, struct recover_run *run)
{
	struct recover *r = p->r;

	run->whole = recover_is_whole(run);
	if (run->whole) {
		r->runs++;
		extend(r, RECOVER_ROWS, run->row);
		extend(r, RECOVER_TRACES, run->trace);
		extend(r, RECOVER_OBSERVATIONS, run->last);
		r->damaged |= run->sum != run->bytes ||
		    (run->n && run->first != run->at);
		return;
	}
	note_bad(p, RECOVER_ROWS, run->row);
	if (run->trace)
		note_bad(p, RECOVER_TRACES, run->trace);
	if (run->n)
		note_bad(p, RECOVER_OBSERVATIONS, run->first + 1);
}

int
recover_is_zeros(const struct recover_line *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->p[i])
			return 0;
	return 1;
}

static int
count_tail(void *arg, const struct recover_line *l, struct err *e)
{
	long long *n = arg;

	(void)e;
	*n += !l->blank && !recover_is_zeros(l);
	return 0;
}

/* Counts the runs to which the lines after the last complete one may belong. */
static int
count_torn(struct recover *r, struct err *e)
{
	long long n;
	int i;

	for (i = 0; i < RECOVER_FILES; i++) {
		n = 0;
		if (recover_lines(r, i, 1, count_tail, &n, e))
			return -1;
		/* a run has any number of observations */
		if (i == RECOVER_OBSERVATIONS)
			n = n > 0;
		if (n > r->torn)
			r->torn = n;
	}
	return 0;
}

/*
 * Whether a file is another experiment's. An interruption leaves the first
 * lines of each file, and damage hits some lines of one.
 */
static int
is_strange(const struct pass *p, size_t file)
{
	return p->lines[file] > 1 && p->wanted[file] > 1 && !p->ours[file];
}

int
recover_find(struct recover *r, const int fd[RECOVER_FILES], struct err *e)
{
	struct pass p = { .r = r };
	size_t i;

	memset(r, 0, sizeof(*r));
	r->fd = fd;
	for (i = 0; i < RECOVER_FILES; i++)
		p.bad[i] = UINT64_MAX;
	if (pass_file(&p, RECOVER_ROWS, e))
		return -1;
	if (p.foreign && !r->n)
		return err_set(e, 0, 0, "%s:%zu: does not say where its "
		    "observations are: not written by fl-collect",
		    recover_files[RECOVER_ROWS], p.foreign);
	if (pass_file(&p, RECOVER_TRACES, e) ||
	    pass_file(&p, RECOVER_OBSERVATIONS, e))
		return -1;
	for (i = 0; i < r->n; i++)
		judge_run(&p, &r->run[i]);
	for (i = 0; i < RECOVER_ROWS; i++)
		if (is_strange(&p, i))
			return err_set(e, 0, 0, "%s: none of its lines is of "
			    "a trace that has a row in %s: the files are not "
			    "of one experiment", recover_files[i],
			    recover_files[RECOVER_ROWS]);
	for (i = 0; i < RECOVER_FILES; i++)
		r->damaged |= p.bad[i] < r->size[i];
	return count_torn(r, e);
}

/* --- files in order ------------------------------------------------------ */

/* The files, read in step. */
struct in_step {
	struct line_reader in[RECOVER_FILES];
	struct line line[RECOVER_FILES];
};

static int
same_id(struct json_span a, struct json_span b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

/*
 * Reads a line of a file and finds fields in it. Returns 1, or 0 if it is not
 * whole or there is none, or -1 with *e filled in.
 */
static int
step_next(struct in_step *s, int file, const char *const *names,
    struct json_span *v, size_t count, struct err *e)
{
	int got = line_next(&s->in[file], &s->line[file]);

	if (got < 0) {
		recover_fail(file, e);
		return -1;
	}
	return got && find_fields(&s->line[file], names, v, count);
}

/* Reads the trace and the observations of a row. Returns as step_next does. */
static int
step_row(struct in_step *s, const struct json_span row[ROW_FIELDS],
    struct err *e)
{
	const char *const names[] = {
		row_fields[ROW_TRACE_ID], row_fields[ROW_RUN_ID]
	};
	const uint64_t *offset = &s->in[RECOVER_OBSERVATIONS].offset;
	struct json_span v[LEN(names)];
	uint64_t at, bytes;
	int got;

	if (!row[ROW_TRACE_ID].p || row_extent(row, &at, &bytes) ||
	    at != *offset)
		return 0;
	got = step_next(s, RECOVER_TRACES, names, v, LEN(names), e);
	if (got > 0)
		got = same_id(v[0], row[ROW_TRACE_ID]) &&
		    same_id(v[1], row[ROW_RUN_ID]);
	while (got > 0 && *offset < at + bytes) {
		got = step_next(s, RECOVER_OBSERVATIONS, names, v, 1, e);
		if (got > 0)
			got = same_id(v[0], row[ROW_TRACE_ID]);
	}
	return got > 0 ? *offset == at + bytes : got;
}

/* Returns as recover_in_order does. */
static int
step_all(struct in_step *s, struct recover *r,
    int (*take)(void *arg, const struct json_span row[ROW_FIELDS],
    struct err *e), void *arg, struct err *e)
{
	struct json_span row[ROW_FIELDS];
	int got, i;

	while ((got = step_next(s, RECOVER_ROWS, row_fields, row, ROW_FIELDS,
	    e)) > 0) {
		got = step_row(s, row, e);
		if (got <= 0)
			return got;
		got = take(arg, row, e);
		if (got)
			return got < 0 ? -1 : 0;
		r->runs++;
		for (i = 0; i < RECOVER_FILES; i++)
			r->size[i] = s->in[i].offset;
	}
	/* only the last line may be torn */
	return got < 0 ? -1 : !s->in[RECOVER_ROWS].number ||
	    s->in[RECOVER_ROWS].offset == r->size[RECOVER_ROWS] ||
	    !s->line[RECOVER_ROWS].whole;
}

int
recover_in_order(struct recover *r, const int fd[RECOVER_FILES],
    int (*take)(void *arg, const struct json_span row[ROW_FIELDS],
    struct err *e), void *arg, struct err *e)
{
	struct in_step s;
	int got = 1, i;

	memset(r, 0, sizeof(*r));
	r->fd = fd;
	for (i = 0; i < RECOVER_FILES; i++) {
		line_init(&s.in[i], fd[i]);
		if (got > 0 && lseek(fd[i], 0, SEEK_SET) < 0)
			got = recover_fail(i, e);
	}
	if (got > 0)
		got = step_all(&s, r, take, arg, e);
	for (i = 0; i < RECOVER_FILES; i++)
		line_release(&s.in[i]);
	return got > 0 && count_torn(r, e) ? -1 : got;
}

void
recover_release(struct recover *r)
{
	free(r->run);
	set_release(&r->known);
	memset(r, 0, sizeof(*r));
}

/* --- reading again ------------------------------------------------------- */

/* Returns what is wrong with a run whose row is whole. */
static const char *
why_partial(const struct recover_run *run)
{
	if (!run->trace)
		return "its trace is missing from traces.jsonl";
	if (run->split)
		return "its observations are not side by side in "
		    "observations.jsonl";
	if (run->n > run->count)
		return "observations.jsonl has more observations of it than "
		    "it counts";
	return "some of its observations are missing from observations.jsonl";
}

/* Finds the run of a line, or what is wrong with the line. */
static void
judge_line(struct recover *r, const struct recover_text *t,
    struct recover_line *l)
{
	static const char *const names[] = { "trace_id" };
	struct recover_run *run;
	struct json_span id;
	uint64_t own;

	l->run = NULL;
	l->why = NULL;
	l->orphan = 0;
	if (t->blank) {
		l->why = "an empty line";
		return;
	}
	if (!find_fields(&t->l, names, &id, 1)) {
		l->why = "not a whole JSON object";
		return;
	}
	run = find_run(r, id);
	l->orphan = !run;
	own = !run ? 0 : l->file == RECOVER_ROWS ? run->row :
	    l->file == RECOVER_TRACES ? run->trace : t->end;
	if (!run)
		l->why = l->file == RECOVER_ROWS ? "does not say its trace, "
		    "or where its observations are" :
		    "its trace has no row in trace_summary.jsonl";
	else if (own != t->end && l->file == RECOVER_ROWS)
		l->why = "the second row of its trace";
	else if (own != t->end)
		l->why = own ? "the second line of its trace" :
		    "its run_id is not that of its row";
	else if (run->whole)
		l->run = run;
	else if (l->file == RECOVER_ROWS)
		l->why = why_partial(run);
}

int
recover_lines(struct recover *r, int file, int tail,
    int (*take)(void *arg, const struct recover_line *l, struct err *e),
    void *arg, struct err *e)
{
	uint64_t from = tail ? r->size[file] : 0;
	struct recover_line l = { .file = file };
	struct recover_text t;
	struct line_reader in;
	int got, bad = 0;

	if (lseek(r->fd[file], (off_t)from, SEEK_SET) < 0)
		return recover_fail(file, e);
	line_init(&in, r->fd[file]);
	while (!bad && (got = line_next(&in, &t.l)) > 0) {
		text_of(&t, &in, from);
		l.blank = t.blank;
		l.number = t.number;
		l.p = t.l.p;
		l.n = t.l.n;
		l.tail = t.end > r->size[file];
		judge_line(r, &t, &l);
		bad = take(arg, &l, e);
	}
	if (!bad && got < 0)
		bad = recover_fail(file, e);
	line_release(&in);
	return bad;
}

int
recover_each(struct recover *r,
    int (*take)(void *arg, const struct json_span row[ROW_FIELDS],
    struct err *e), void *arg, struct err *e)
{
	struct json_span row[ROW_FIELDS];
	struct recover_text t;
	struct line_reader in;
	size_t i = 0;
	int got = 1, bad = 0;

	if (lseek(r->fd[RECOVER_ROWS], 0, SEEK_SET) < 0)
		return recover_fail(RECOVER_ROWS, e);
	line_init(&in, r->fd[RECOVER_ROWS]);
	while (!bad && i < r->n && (got = line_next(&in, &t.l)) > 0) {
		text_of(&t, &in, 0);
		if (t.end != r->run[i].row)
			continue;
		if (r->run[i++].whole &&
		    find_fields(&t.l, row_fields, row, ROW_FIELDS))
			bad = take(arg, row, e);
	}
	if (got < 0)
		bad = recover_fail(RECOVER_ROWS, e);
	line_release(&in);
	return bad;
}
