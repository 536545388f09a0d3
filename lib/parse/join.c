#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/util.h"
#include "json/json.h"
#include "io/line.h"
#include "io/out.h"
#include "io/outdir.h"
#include "io/spill.h"
#include "trace/pertrace.h"
#include "trace/trace.h"
#include "format/format.h"
#include "output.h"
#include "pool.h"
#include "join.h"

/*
 * Files that are kept open at a time, and no more than half of what the
 * process may open; what is in others is spilled.
 */
#define FILES_MAX 200

/* A thread takes traces of this many bytes at a time, or this many traces. */
#define BATCH_BYTES (256 * 1024)
#define BATCH 64

/* What a record is, in the order that those of one trace are sorted in. */
enum { ROW, WHOLE, OBSERVATION };

/* Where a record is. */
struct place {
	uint64_t at;
	uint32_t n;
	uint32_t file;		/* of the join's fds; the last is the spill */
};

struct entry {
	uint64_t id;		/* a hash of the trace's id */
	uint64_t number;	/* of the record, in the input */
	struct place place;
	uint64_t kind : 2;
	uint64_t hash : 62;	/* of a row: of what it says */
};

/* A trace to be rendered. */
struct render_job {
	uint64_t order;		/* in which they come out */
	uint64_t first;		/* its observations: entries of the index, */
	uint64_t count;
	uint64_t bytes;		/* or, of an extent, its place */
	struct place row;	/* file NO_ROW: there is none */
};

#define NO_ROW UINT32_MAX

/* The fields that the first pass looks for: a trace's, and more. */
enum { F_TYPE = TRACE_FIELDS, F_AT, F_BYTES, F_TIMELINE, F_SUMMARY, F_FIELDS };

struct complaint {
	size_t line;		/* in the block, from 1 */
	char *why;
};

/* One thread. */
struct joiner {
	struct join *j;
	struct batch sheet;
	struct trace t;
	struct buf text;	/* a block, or the records of a trace */
	struct buf step;	/* a record of a trace that does not fit */
	struct entry *entries;	/* those of a block */
	size_t nentries;
	size_t entries_cap;
	uint64_t *extents;	/* place and size, for each row of a block */
	struct complaint *complaints;
	size_t ncomplaints;
	size_t complaints_cap;
	size_t first;		/* complaints before the first record */
	size_t lines;
	int met;		/* in a block, then in observations */
	struct render_job jobs[BATCH];
	size_t njobs;
	struct entry window[BATCH];	/* of the index */
	struct place *places;	/* of a trace's observations */
	size_t nplaces;
	size_t places_cap;
	size_t unmatched;
	size_t changed;
};

static int
by_trace(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int
by_order(const void *x, const void *y)
{
	const struct render_job *a = x, *b = y;

	return a->order < b->order ? -1 : a->order > b->order;
}

/*
 * The first fault counts, and ends the work of all. file: what could not be
 * read; NULL for a temporary one.
 */
static int
fail_file(struct join *j, const char *file, int error)
{
	pool_lock(j->crew);
	if (!j->error) {
		j->error = error;
		j->error_file = file;
	}
	pool_unlock(j->crew);
	pool_stop(j->crew);
	return -1;
}

static int
fail(struct join *j, int error)
{
	return fail_file(j, NULL, error ? error : EIO);
}

/* --- the first pass: blocks of lines ------------------------------------ */

static void
complain(struct joiner *w, char *why)
{
	struct complaint *c;

	ALLOC_GROW(w->complaints, w->ncomplaints + 1, w->complaints_cap);
	c = &w->complaints[w->ncomplaints++];
	c->line = w->lines;
	c->why = why;
}

static uint64_t
hash_id(struct json_span id)
{
	struct buf text = { 0 };
	uint64_t h;

	if (json_type(id) == JSON_STRING && !memchr(id.p, '\\', id.n))
		return hash_bytes(0, 0, id.p + 1, id.n - 2);
	if (json_type(id) != JSON_NULL)
		trace_plain(&text, id);
	h = hash_bytes(0, 0, text.p, text.len);
	buf_release(&text);
	return h;
}

/* Rows that say the same of a trace are one. */
static uint64_t
hash_row(const struct json_span *v)
{
	uint64_t h = 0;
	size_t i;

	for (i = TRACE_ITERATION; i <= TRACE_OUTPUT; i++)
		h = hash_bytes(h, i, v[i].p, v[i].n);
	return h >> 2;
}

/* A field that is a number of bytes; UINT64_MAX where it is none. */
static uint64_t
size_field(struct json_span v)
{
	double d;

	return v.p && json_double(v, &d) && d >= 0 && d < 9e15 ?
	    (uint64_t)d : UINT64_MAX;
}

static void
add_entry(struct joiner *w, const struct json_span *v, uint32_t kind,
    struct json_span record)
{
	struct entry *e;

	if (!w->nentries)
		w->first = w->ncomplaints;
	if (w->nentries == w->entries_cap) {
		w->entries_cap = grow(w->entries_cap, 64);
		w->entries = xreallocarray(w->entries, w->entries_cap,
		    sizeof(*w->entries));
		w->extents = xreallocarray(w->extents, w->entries_cap,
		    2 * sizeof(*w->extents));
	}
	e = &w->entries[w->nentries];
	e->id = hash_id(v[TRACE_TRACE_ID]);
	e->kind = kind & 3;
	e->hash = (kind == ROW ? hash_row(v) : 0) & ~(uint64_t)0 >> 2;
	e->place.at = (uint64_t)(record.p - w->text.p);
	e->place.n = (uint32_t)record.n;
	w->extents[2 * w->nentries] = size_field(v[F_AT]);
	w->extents[2 * w->nentries + 1] = size_field(v[F_BYTES]);
	w->nentries++;
}

/* A row that promised more or fewer observations than there are. */
static void
check_count(struct joiner *w)
{
	const struct trace *t = &w->t;
	double d;

	if (t->v[TRACE_OBSERVATION_COUNT].p &&
	    json_double(t->v[TRACE_OBSERVATION_COUNT], &d) &&
	    d != (double)t->nobs)
		w->unmatched++;
}

static int
take_record(struct joiner *w, const struct json_span *v,
    struct json_span record)
{
	int given = json_is(v[TRACE_OBSERVATIONS], JSON_ARRAY);
	uint32_t kind = given || pertrace_is(v[F_TIMELINE], v[F_SUMMARY]) ?
	    WHOLE : v[F_TYPE].p ? OBSERVATION : ROW;

	if (!v[TRACE_TRACE_ID].p) {
		complain(w, xstrdup("neither a trace nor an observation: it "
		    "has no 'trace_id'"));
		return 0;
	}
	if (record.n > UINT32_MAX) {
		complain(w, xstrdup("a record of more than 4 GiB"));
		return 0;
	}
	add_entry(w, v, kind, record);
	if (kind != WHOLE || w->j->extents)
		return 0;
	trace_begin(&w->t, record, v);
	if (given)
		trace_add_all(&w->t, v[TRACE_OBSERVATIONS]);
	else
		pertrace_read(&w->t, v[F_TIMELINE], v[F_SUMMARY]);
	trace_sort(&w->t);
	check_count(w);
	return batch_add(&w->sheet, &w->t);
}

static int
take_line(struct joiner *w, const struct line *l)
{
	const char *names[F_FIELDS];
	struct json_span v[F_FIELDS], record;
	char *why;
	int met;

	memcpy(names, trace_fields, sizeof(trace_fields));
	names[F_TYPE] = "type";
	names[F_AT] = "observations_at";
	names[F_BYTES] = "observations_bytes";
	names[F_TIMELINE] = "timeline";
	names[F_SUMMARY] = "summary";
	w->lines++;
	if (source_blank(l))
		return 0;
	met = source_check(l, names, v, F_FIELDS, &record, &why);
	if (met < 0) {
		complain(w, why);
		return 0;
	}
	w->met |= met;
	return take_record(w, v, record);
}

static int
take_block(struct joiner *w, const struct block *b)
{
	const char *p = buf_str(&w->text), *end = p + w->text.len, *nl;
	struct line l;

	w->lines = w->nentries = 0;
	w->met = 0;
	if (b->first && end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		l.whole = nl != NULL;
		if (!nl)
			nl = end;
		l.p = p;
		l.n = (size_t)(nl - p);
		if (take_line(w, &l))
			return -1;
	}
	return 0;
}

/* Says what there is to say, unless it will be said again, and frees it. */
static void
say(const struct join *j, char *msg)
{
	if (msg && !j->quiet)
		j->say(msg);
	free(msg);
}

/* Says what is wrong with the lines of a block, and with its file. */
static void
say_complaints(struct joiner *w, const struct block *b)
{
	struct join *j = w->j;
	struct complaint *c;
	size_t i;

	if (b->first) {
		memset(&j->tally, 0, sizeof(j->tally));
		j->lines = 0;
	}
	for (i = 0; i < w->ncomplaints; i++) {
		if (w->nentries && i == w->first)
			say(j, source_good(&j->tally, b->file));
		c = &w->complaints[i];
		say(j, source_bad(&j->tally, b->file, j->lines + c->line,
		    c->why));
		free(c->why);
	}
	if (w->nentries)
		say(j, source_good(&j->tally, b->file));
	if (b->last)
		say(j, source_over(&j->tally, b->file));
	j->bad += w->ncomplaints;
	w->ncomplaints = 0;
	j->lines += w->lines;
	if (!b->error)
		return;
	say(j, xasprintf("%s: %s", b->file, strerror(b->error)));
	j->failed = 1;
}

/* Whether the records of the block's file can be read where they are. */
static int
keep_file(struct join *j, const struct block *b)
{
	int kept = j->fds[b->number] >= 0;

	if (!kept && b->fd >= 0 && j->kept < j->keep) {
		j->fds[b->number] = b->fd;
		j->kept++;
		return 1;
	}
	if (!kept && b->last && b->fd > STDIN_FILENO)
		close(b->fd);
	return kept;
}

/* A row and its extent become a job at once. */
static int
add_extent(struct join *j, const struct entry *e, const uint64_t *extent)
{
	struct render_job job = { e->number, extent[0], 0, extent[1], e->place
	    };

	if (e->kind != ROW || extent[0] != j->tiled || extent[1] == UINT64_MAX)
	    {
		j->tiled = UINT64_MAX;
		return 0;
	}
	j->tiled += extent[1];
	return sorter_add(&j->jobs, &job);
}

/*
 * Adds the block to what is known, when it is its turn. Sets *spill to where
 * its text is to be put, or to UINT64_MAX.
 */
static int
commit_block(struct joiner *w, const struct block *b, uint64_t *spill)
{
	struct join *j = w->j;
	struct entry *e;
	size_t i, wanted = 0;
	int kept = keep_file(j, b), bad = 0;

	say_complaints(w, b);
	j->met[b->number] |= w->met;
	for (i = 0; i < w->nentries && !bad; i++) {
		e = &w->entries[i];
		wanted += e->kind != WHOLE;
		e->number = j->records++;
		e->place.at += kept ? b->offset : j->spilled;
		e->place.file = (uint32_t)(kept ? b->number : j->nfiles);
		if (!j->extents)
			bad = sorter_add(&j->index, e);
		else if (j->tiled != UINT64_MAX)
			bad = add_extent(j, e, w->extents + 2 * i);
	}
	*spill = UINT64_MAX;
	if (bad || kept || !wanted)
		return bad ? fail(j, errno) : 0;
	if (j->spill < 0 && (j->spill = spill_open()) < 0)
		return fail(j, errno);
	*spill = j->spilled;
	j->spilled += w->text.len;
	return 0;
}

static void
scan(void *arg)
{
	struct joiner *w = arg;
	struct join *j = w->j;
	struct block b;
	uint64_t ticket = 0, spill;
	int more;

	b.text = &w->text;
	for (;;) {
		pthread_mutex_lock(&j->reading);
		more = !pool_stopped(j->crew) && chunks_next(&j->blocks, &b);
		if (more)
			ticket = pool_ticket(j->crew);
		pthread_mutex_unlock(&j->reading);
		if (!more)
			break;
		batch_begin(&w->sheet, ticket);
		if (take_block(w, &b) || batch_wait(&w->sheet) ||
		    commit_block(w, &b, &spill) || batch_end(&w->sheet))
			break;
		if (spill != UINT64_MAX && spill_write(j->spill, w->text.p,
		    w->text.len, spill)) {
			fail(j, errno);
			break;
		}
	}
}

/* --- from the index to jobs --------------------------------------------- */

/* The entries of one trace, as they come by in order. */
struct group {
	uint64_t id;
	uint64_t first;		/* of its observations in the index */
	uint64_t count;
	uint64_t bytes;
	uint64_t number;	/* of the first of them in the input */
	int whole;
	struct entry *rows;
	size_t nrows;
	size_t rows_cap;
};

static void
add_to_group(struct group *g, const struct entry *e, uint64_t i)
{
	if (e->kind == WHOLE) {
		g->whole = 1;
	} else if (e->kind == ROW) {
		/* those that say the same follow one another */
		if (g->nrows && g->rows[g->nrows - 1].hash == e->hash)
			return;
		ALLOC_GROW(g->rows, g->nrows + 1, g->rows_cap);
		g->rows[g->nrows++] = *e;
	} else {
		if (!g->count++) {
			g->first = i;
			g->number = e->number;
		}
		g->bytes += e->place.n;
	}
}

/* Makes jobs of a group, and starts another. */
static int
end_group(struct join *j, struct group *g)
{
	struct render_job job = { 0, g->first, g->count, g->bytes, { 0, 0,
	    NO_ROW } };
	size_t i;
	int bad = 0;

	/* a row beside its whole trace says nothing more */
	for (i = 0; i < g->nrows && !g->whole && !bad; i++) {
		job.order = g->rows[i].number;
		job.row = g->rows[i].place;
		bad = sorter_add(&j->jobs, &job);
	}
	if (g->count && (!g->nrows || g->whole) && !bad) {
		/* behind all that have rows */
		job.order = g->number | (uint64_t)1 << 63;
		j->rowless++;
		bad = sorter_add(&j->jobs, &job);
	}
	g->count = g->bytes = 0;
	g->whole = 0;
	g->nrows = 0;
	return bad;
}

static int
make_jobs(struct join *j)
{
	struct entry window[256];
	struct group g = { 0 };
	uint64_t i, n = 0;
	const struct entry *e;
	int bad = sorter_sort(&j->index);

	for (i = 0; i < j->index.total && !bad; i++) {
		if (i % LEN(window) == 0) {
			n = j->index.total - i;
			n = n < LEN(window) ? n : LEN(window);
			bad = sorter_read(&j->index, i, (size_t)n, window);
			if (bad)
				break;
		}
		e = &window[i % LEN(window)];
		if (i && e->id != g.id)
			bad = end_group(j, &g);
		g.id = e->id;
		add_to_group(&g, e, i);
	}
	if (!bad && j->index.total)
		bad = end_group(j, &g);
	free(g.rows);
	return bad ? fail(j, errno) : 0;
}

/* --- the second pass: trace by trace ------------------------------------ */

static const char *
file_name(const struct join *j, size_t file)
{
	const char *name = j->blocks.files[file];

	return strcmp(name, "-") != 0 ? name : "<stdin>";
}

static int
read_place(struct joiner *w, const struct place *p, size_t n, char *to)
{
	struct join *j = w->j;
	int spilled = p->file == j->nfiles;

	if (!spill_read(spilled ? j->spill : j->fds[p->file], to, n, p->at))
		return 0;
	if (spilled)
		return fail(j, errno);
	/* what was cut off is no JSON any more, which will be noticed */
	if (!errno)
		return 0;
	return fail_file(j, file_name(j, p->file), errno);
}

static struct place *
new_place(struct joiner *w)
{
	ALLOC_GROW(w->places, w->nplaces + 1, w->places_cap);
	return &w->places[w->nplaces++];
}

/* Finds where a job's observations are: in the index. */
static int
list_places(struct joiner *w, const struct render_job *job)
{
	uint64_t i;
	size_t k, n;

	w->nplaces = 0;
	for (i = 0; i < job->count; i += n) {
		n = job->count - i < BATCH ? (size_t)(job->count - i) : BATCH;
		if (sorter_read(&w->j->index, job->first + i, n, w->window))
			return fail(w->j, errno);
		for (k = 0; k < n; k++)
			*new_place(w) = w->window[k].place;
	}
	return 0;
}

/* The same: by the ends of lines in its extent. */
static int
list_extent(struct joiner *w, const struct render_job *job)
{
	struct place piece = { job->first, 0, 1 }, *line;
	uint64_t end = job->first + job->bytes;
	const char *p, *nl;
	size_t n;

	w->nplaces = 0;
	line = new_place(w);
	*line = piece;
	for (; piece.at < end; piece.at += n) {
		n = end - piece.at < BATCH_BYTES ? (size_t)(end - piece.at) :
		    BATCH_BYTES;
		if (read_place(w, &piece, n, buf_room(&w->step, n)))
			return -1;
		for (p = w->step.p; (nl = memchr(p, '\n', n - (size_t)(p -
		    w->step.p))); p = nl + 1) {
			line->n = (uint32_t)(piece.at + (uint64_t)(nl -
			    w->step.p) - line->at);
			line = new_place(w);
			*line = piece;
			line->at += (uint64_t)(nl + 1 - w->step.p);
		}
	}
	line->n = (uint32_t)(end - line->at);
	w->nplaces -= line->n == 0;
	return 0;
}

/*
 * Reads places that follow one another in a file in one go, behind what is in
 * text, and says how many that were.
 */
static size_t
read_run(struct joiner *w, size_t i)
{
	const struct place *p = &w->places[i];
	uint64_t n = p->n;
	size_t k;

	for (k = i + 1; k < w->nplaces && p[k - i].file == p->file &&
	    p[k - i].at == p->at + n + 1; k++)
		n += (uint64_t)p[k - i].n + 1;
	if (read_place(w, p, (size_t)n, buf_room(&w->text, (size_t)n + 1)))
		return 0;
	w->text.len += (size_t)n;
	buf_byte(&w->text, '\n');
	return k - i;
}

/* Reads the observations that the index lists behind what is in text. */
static int
read_places(struct joiner *w, const struct render_job *job)
{
	size_t i, n;

	if (list_places(w, job))
		return -1;
	buf_room(&w->text, (size_t)job->bytes + w->nplaces + 1);
	for (i = 0; i < w->nplaces; i += n)
		if (!(n = read_run(w, i)))
			return -1;
	return 0;
}

/* The same for those of an extent, which is passed over only once. */
static int
read_extent(struct joiner *w, const struct render_job *job)
{
	const struct place all = { job->first, 0, 1 };
	size_t n = (size_t)job->bytes;
	const char *p = buf_room(&w->text, n + 1), *end = p + n, *nl;

	w->nplaces = 0;
	if (n && read_place(w, &all, n, w->text.p + w->text.len))
		return -1;
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		new_place(w)->n = (uint32_t)(nl - p);
	}
	w->text.len += n;
	buf_byte(&w->text, '\n');
	return 0;
}

/* A trace that fits: all its records are read into memory, the row first. */
static int
gather(struct joiner *w, const struct render_job *job)
{
	struct json_span v = { 0 };
	size_t i, at;
	int bad;

	if (w->j->extents ? read_extent(w, job) : read_places(w, job))
		return -1;
	at = job->row.file == NO_ROW ? 0 : (size_t)job->row.n + 1;
	if (at) {
		v.p = w->text.p;
		v.n = job->row.n;
	}
	/* what is no JSON any more was changed since it was read first */
	bad = trace_reset(&w->t, v);
	for (i = 0; i < w->nplaces; i++) {
		v.p = w->text.p + at;
		v.n = w->places[i].n;
		at += v.n + 1;
		bad |= trace_add(&w->t, v);
	}
	w->changed += bad != 0;
	return 0;
}

/* Lends a step of a trace that does not fit its record. */
static void
lend(void *arg, struct trace *t, size_t i)
{
	struct joiner *w = arg;
	const struct place *p = &w->places[t->obs[i].place];
	struct json_span v;

	w->step.len = 0;
	v.p = buf_room(&w->step, p->n);
	v.n = p->n;
	if (!read_place(w, p, p->n, w->step.p) && trace_lend(t, i, v))
		w->changed++;
}

/* A trace that does not fit: of its steps only the small fields are kept. */
static int
gather_brief(struct joiner *w, const struct render_job *job)
{
	struct json_span v = { 0 };
	size_t i, n = 0;
	int bad;

	if (w->j->extents ? list_extent(w, job) : list_places(w, job))
		return -1;
	if (job->row.file != NO_ROW) {
		v.p = w->text.p;
		v.n = job->row.n;
	}
	bad = trace_reset(&w->t, v);
	for (i = 0; i < w->nplaces; i++) {
		v.p = buf_room(&w->step, w->places[i].n);
		v.n = w->places[i].n;
		if (read_place(w, &w->places[i], v.n, w->step.p))
			return -1;
		if (trace_add_brief(&w->t, v))
			bad = 1;
		else
			w->places[n++] = w->places[i];
	}
	w->nplaces = n;
	w->changed += bad != 0;
	w->t.load = lend;
	w->t.arg = w;
	return 0;
}

/* An extent has to hold what its row says, and not another trace's. */
static void
check_extent(struct joiner *w)
{
	struct buf id = { 0 }, other = { 0 };
	struct json_span v;
	size_t i;

	trace_id_text(&w->t, &id);
	for (i = 0; i < w->t.nobs; i++) {
		v = w->t.obs[i].v[OBS_TRACE_ID];
		other.len = 0;
		if (v.p && json_type(v) != JSON_NULL)
			trace_plain(&other, v);
		if (other.len != id.len || memcmp(buf_str(&other),
		    buf_str(&id), id.len) != 0)
			break;
	}
	w->changed += i < w->t.nobs;
	buf_release(&id);
	buf_release(&other);
}

static int
render_job(struct joiner *w, const struct render_job *job)
{
	struct join *j = w->j;
	/* read, printed and rendered, in buffers that may be half empty */
	uint64_t limit = j->memory / 8 / j->crew->n;

	w->text.len = w->step.len = 0;
	if (job->row.file != NO_ROW) {
		if (read_place(w, &job->row, job->row.n, buf_room(&w->text,
		    (size_t)job->row.n + 1)))
			return -1;
		w->text.len = job->row.n;
		buf_byte(&w->text, '\n');
	}
	w->t.load = NULL;
	if (job->bytes > limit ? gather_brief(w, job) : gather(w, job))
		return -1;
	trace_sort(&w->t);
	if (w->t.row.p)
		check_count(w);
	if (j->extents)
		check_extent(w);
	w->met |= w->t.met;
	return batch_add(&w->sheet, &w->t);
}

/* Takes some jobs. Returns 0 when there are none left. */
static int
take_jobs(struct joiner *w, uint64_t *ticket)
{
	struct join *j = w->j;
	uint64_t bytes = 0;

	w->njobs = 0;
	pthread_mutex_lock(&j->reading);
	while (!pool_stopped(j->crew) && j->next_job < j->jobs.total &&
	    bytes < BATCH_BYTES && w->njobs < BATCH) {
		if (sorter_read(&j->jobs, j->next_job, 1,
		    &w->jobs[w->njobs])) {
			fail(j, errno);
			break;
		}
		j->next_job++;
		bytes += w->jobs[w->njobs++].bytes;
	}
	if (w->njobs)
		*ticket = pool_ticket(j->crew);
	pthread_mutex_unlock(&j->reading);
	return w->njobs > 0;
}

static void
render(void *arg)
{
	struct joiner *w = arg;
	uint64_t ticket = 0;
	size_t i;

	w->met = 0;
	while (take_jobs(w, &ticket)) {
		batch_begin(&w->sheet, ticket);
		for (i = 0; i < w->njobs; i++)
			if (render_job(w, &w->jobs[i]))
				return;
		if (batch_end(&w->sheet))
			return;
	}
}

/* --- all of it ---------------------------------------------------------- */

static void
release_joiner(struct joiner *w)
{
	w->j->unmatched += w->unmatched;
	w->j->changed += w->changed;
	/* no block of these has been read */
	if (w->j->extents)
		w->j->met[1] |= w->met;
	batch_release(&w->sheet);
	trace_release(&w->t);
	buf_release(&w->text);
	buf_release(&w->step);
	while (w->ncomplaints)
		free(w->complaints[--w->ncomplaints].why);
	free(w->entries);
	free(w->extents);
	free(w->complaints);
	free(w->places);
}

static size_t
files_to_keep(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) ||
	    most.rlim_cur / 2 > FILES_MAX)
		return FILES_MAX;
	return (size_t)most.rlim_cur / 2;
}

/* Nothing has been read. */
static void
begin(struct join *j)
{
	size_t i;

	j->bad = 0;
	j->failed = j->extents = j->quiet = 0;
	j->kept = 0;
	j->keep = files_to_keep();
	j->fds = xreallocarray(NULL, j->nfiles, sizeof(*j->fds));
	j->met = xcalloc(j->nfiles, sizeof(*j->met));
	for (i = 0; i < j->nfiles; i++)
		j->fds[i] = -1;
	j->spill = -1;
	j->spilled = j->records = j->next_job = j->tiled = 0;
	sorter_init(&j->index, sizeof(struct entry), by_trace, j->memory / 4);
	sorter_init(&j->jobs, sizeof(struct render_job), by_order, j->memory /
	    8);
}

static void
end(struct join *j)
{
	size_t i;

	for (i = 0; i < j->nfiles; i++)
		if (j->fds[i] > STDIN_FILENO)
			close(j->fds[i]);
	free(j->fds);
	free(j->met);
	if (j->spill >= 0)
		close(j->spill);
	sorter_release(&j->index);
	sorter_release(&j->jobs);
}

/* Reads all files. */
static int
pass(struct join *j, struct joiner *ws, char *const *files, size_t nfiles)
{
	size_t size = j->memory / 32 / j->crew->n;

	size = size < 65536 ? 65536 : size > 524288 ? 524288 : size;
	chunks_init(&j->blocks, files, nfiles, size);
	pool_run(j->crew, scan, ws, sizeof(*ws));
	/* a file that was not read to its end is not ours to close */
	if (j->blocks.fd >= 0)
		j->fds[j->blocks.next - 1] = -1;
	chunks_release(&j->blocks);
	return pool_stopped(j->crew) ? -1 : 0;
}

/*
 * Reads the rows of an experiment directory. Returns 1 when their extents are
 * all of the observations, which are open then, and else 0, with nothing done.
 */
static int
pass_extents(struct join *j, struct joiner *ws, char *const *files)
{
	struct stat st;
	int good;

	j->extents = j->quiet = 1;
	good = !pass(j, ws, files, 1) && !j->bad && !j->failed;
	j->fds[1] = open(files[1], O_RDONLY | O_CLOEXEC);
	if (good && j->fds[1] >= 0 && !fstat(j->fds[1], &st) &&
	    S_ISREG(st.st_mode) && j->records &&
	    (uint64_t)st.st_size == j->tiled)
		return 1;
	end(j);
	begin(j);
	return 0;
}

/* Says which files have what only Python writes. */
static void
say_odd(const struct join *j)
{
	size_t i;
	int flag;

	for (i = 0; i < j->nfiles; i++)
		for (flag = JSON_NAN; flag <= JSON_LONE; flag <<= 1)
			if (j->met[i] & flag)
				say(j, xasprintf("%s: %s", file_name(j, i),
				    source_odd(flag,
				    !j->sink->format->as_is)));
}

int
join_run(struct join *j, char *const *files, size_t nfiles, int extents)
{
	struct joiner *ws = xcalloc(j->crew->n, sizeof(*ws));
	size_t i = 0;
	int bad;

	pthread_mutex_init(&j->reading, NULL);
	j->nfiles = nfiles ? nfiles : 1;
	begin(j);
	do {
		ws[i].j = j;
		ws[i].sheet.sink = j->sink;
		ws[i].t.print = j->sink->format->pretty;
	} while (++i < j->crew->n);
	bad = 0;
	if (!extents || !pass_extents(j, ws, files)) {
		bad = pass(j, ws, files, nfiles) || make_jobs(j);
	}
	if (!bad && sorter_sort(&j->jobs))
		bad = fail(j, errno);
	if (!bad) {
		pool_run(j->crew, render, ws, sizeof(*ws));
		bad = pool_stopped(j->crew);
	}
	for (i = 0; i < j->crew->n; i++)
		release_joiner(&ws[i]);
	free(ws);
	j->quiet = 0;
	say_odd(j);
	end(j);
	pthread_mutex_destroy(&j->reading);
	return bad ? -1 : 0;
}
