#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "json/json.h"
#include "json/quick.h"
#include "io/sorter.h"
#include "io/source.h"
#include "io/store.h"
#include "trace/pertrace.h"
#include "trace/trace.h"
#include "chunks.h"
#include "join.h"
#include "joiner.h"
#include "output.h"
#include "pool.h"

/* The fields that the first pass looks for: a trace's, and more. */
enum { INDEX_TYPE = TRACE_FIELDS, INDEX_AT, INDEX_BYTES, INDEX_TIMELINE,
    INDEX_SUMMARY, INDEX_FIELDS };

static void
index_complain(struct joiner *w, char *why)
{
	struct complaint *c;

	ALLOC_GROW(w->complaints, w->ncomplaints + 1, w->complaints_cap);
	c = &w->complaints[w->ncomplaints++];
	c->line = w->lines;
	c->why = why;
}

static uint64_t
index_hash_id(struct json_span id)
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

/* Rows of a trace with the same contents count as one. */
static uint64_t
index_hash_row(const struct json_span *v)
{
	uint64_t h = 0;
	size_t i;

	for (i = TRACE_ITERATION; i <= TRACE_OUTPUT; i++)
		h = hash_bytes(h, i, v[i].p, v[i].n);
	return h >> 2;
}

/* Returns the number of bytes in a field; UINT64_MAX if it is not one. */
static uint64_t
index_size(struct json_span v)
{
	double d;

	return v.p && json_double(v, &d) && d >= 0 && d < 9e15 ?
	    (uint64_t)d : UINT64_MAX;
}

static void
index_add(struct joiner *w, const struct json_span *v, uint32_t kind,
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
	e->id = index_hash_id(v[TRACE_TRACE_ID]);
	e->kind = kind & 3;
	e->hash = (kind == ENTRY_ROW ? index_hash_row(v) : 0) & ~(uint64_t)0 >>
	    2;
	e->place.at = (uint64_t)(record.p - w->text.p);
	e->place.n = (uint32_t)record.n;
	w->extents[2 * w->nentries] = index_size(v[INDEX_AT]);
	w->extents[2 * w->nentries + 1] = index_size(v[INDEX_BYTES]);
	w->nentries++;
}

/*
 * Returns the kind of a record that is not a whole trace: by the name of a file
 * in an experiment directory; in other files only observations have a type.
 */
static uint32_t
index_kind(const char *file, int has_type)
{
	const char *name = strrchr(file, '/');

	name = name ? name + 1 : file;
	if (!strcmp(name, "observations.jsonl"))
		return ENTRY_OBSERVATION;
	if (!strcmp(name, "trace_summary.jsonl"))
		return ENTRY_ROW;
	return has_type ? ENTRY_OBSERVATION : ENTRY_ROW;
}

/*
 * Indexes a line that is an observation if it is JSON and no whole trace, which
 * is checked when it is rendered. Returns 0 if its ends do not say so.
 */
static int
index_hastily(struct joiner *w, const char *file, const struct line *l)
{
	struct json_span v[INDEX_FIELDS] = { { 0 } }, record = { l->p, l->n };

	if (!l->whole || *l->p != '{' || l->n > UINT32_MAX)
		return 0;
	while (memchr(" \t\r", record.p[record.n - 1], 3))
		record.n--;
	if (!quick_last(record, "trace_id", &v[TRACE_TRACE_ID]) ||
	    index_kind(file, quick_begins(record, "type")) != ENTRY_OBSERVATION)
		return 0;
	index_add(w, v, ENTRY_OBSERVATION, record);
	return 1;
}

static int
index_record(struct joiner *w, const char *file, const struct json_span *v,
    struct json_span record)
{
	int given = json_is(v[TRACE_OBSERVATIONS], JSON_ARRAY);
	uint32_t kind = ENTRY_WHOLE;

	if (!given && !pertrace_is(v[INDEX_TIMELINE], v[INDEX_SUMMARY]))
		kind = index_kind(file, v[INDEX_TYPE].p != NULL);

	if (!v[TRACE_TRACE_ID].p) {
		index_complain(w,
		    xstrdup("neither a trace nor an observation: it "
		    "has no 'trace_id'"));
		return 0;
	}
	if (record.n > UINT32_MAX) {
		index_complain(w, xstrdup("a record of more than 4 GiB"));
		return 0;
	}
	index_add(w, v, kind, record);
	if (kind != ENTRY_WHOLE || w->j->extents)
		return 0;
	if (given) {
		/* its observations were added when it was checked */
		trace_set_row(&w->t, record, v);
		w->t.met = w->line_met;
	} else {
		trace_begin(&w->t, record, v);
		w->t.met = w->line_met;
		pertrace_read(&w->t, v[INDEX_TIMELINE], v[INDEX_SUMMARY]);
	}
	trace_sort(&w->t);
	joiner_check_count(w);
	if (batch_add(&w->batch, &w->t))
		return -1;
	return trace_error(&w->t) ? join_fail(w->j, trace_error(&w->t)) : 0;
}

static int
index_line(struct joiner *w, const char *file, const struct line *l)
{
	const char *names[INDEX_FIELDS];
	struct json_span v[INDEX_FIELDS], record;
	const struct json_elements elements = trace_elements(&w->t);
	const struct json_wanted wanted = {
		.take = JSON_LAX, .names = names, .values = v,
		.count = INDEX_FIELDS,
		.elements = w->j->extents ? NULL : &elements
	};
	char *why;
	int met;

	w->t.inside = w->inside;
	memcpy(names, trace_fields, sizeof(trace_fields));
	names[INDEX_TYPE] = "type";
	names[INDEX_AT] = "observations_at";
	names[INDEX_BYTES] = "observations_bytes";
	names[INDEX_TIMELINE] = "timeline";
	names[INDEX_SUMMARY] = "summary";
	w->lines++;
	if (source_blank(l))
		return 0;
	if (w->j->hasty && index_hastily(w, file, l))
		return 0;
	met = source_check_wanted(l, &wanted, &record, &why);
	if (met < 0) {
		index_complain(w, why);
		return 0;
	}
	w->met |= met;
	w->line_met = met;
	/* a row of the original's own store */
	if (!v[TRACE_TRACE_ID].p && !v[INDEX_TYPE].p)
		v[TRACE_TRACE_ID] = v[TRACE_ID];
	return index_record(w, file, v, record);
}

/*
 * Notes that reading has to restart. The rest of a pipe has still to be kept.
 */
static void
index_odd(struct join *j)
{
	join_odd(j);
	if (!j->pipe)
		pool_stop(j->pool);
}

static int
index_chunk(struct joiner *w, const struct chunk *b)
{
	const char *p = buf_str(&w->text), *end = p + w->text.len, *nl;
	struct line l;

	w->lines = w->nentries = 0;
	w->met = 0;
	if (w->j->hasty && join_is_odd(w->j))
		return 0;
	if (b->first && end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		l.whole = nl != NULL;
		if (!nl)
			nl = end;
		l.p = p;
		l.n = (size_t)(nl - p);
		if (index_line(w, b->file, &l))
			return -1;
	}
	/* haste is for input without anything to report */
	if (w->j->hasty && w->ncomplaints)
		index_odd(w->j);
	return 0;
}

/* Reports the errors of a chunk's lines and of its file. */
static void
index_report(struct joiner *w, const struct chunk *b)
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
			join_report(j, source_good(&j->tally, b->file));
		c = &w->complaints[i];
		join_report(j, source_bad(&j->tally, b->file, j->lines +
		    c->line, c->why));
		free(c->why);
	}
	if (w->nentries)
		join_report(j, source_good(&j->tally, b->file));
	if (b->last)
		join_report(j, source_end(&j->tally, b->file));
	j->bad += w->ncomplaints;
	w->ncomplaints = 0;
	j->lines += w->lines;
	if (!b->error)
		return;
	join_report(j, xasprintf("%s: %s", b->file, strerror(b->error)));
	j->failed = 1;
}

/* Whether the records of the block's file can be read where they are. */
static int
index_keep_file(struct join *j, const struct chunk *b)
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

/* Adds a job for a row and its extent. */
static int
index_add_extent(struct join *j, const struct entry *e, const uint64_t *extent)
{
	struct render_task task = { e->number, extent[0], 0, extent[1], e->place
	    };

	if (e->kind != ENTRY_ROW || extent[0] != j->tiled || extent[1] ==
	    UINT64_MAX) {
		j->tiled = UINT64_MAX;
		return 0;
	}
	j->tiled += extent[1];
	return sorter_add(&j->tasks, &task);
}

/*
 * Adds a chunk's records to the index; start is the place of its text. Returns
 * the number of those that are not whole traces, or -1.
 */
static long
index_enter(struct joiner *w, const struct place *start)
{
	struct join *j = w->j;
	struct entry *e;
	size_t i;
	long wanted = 0;
	int bad = 0;

	for (i = 0; i < w->nentries && !bad; i++) {
		e = &w->entries[i];
		wanted += e->kind != ENTRY_WHOLE;
		e->number = j->records++;
		e->place.at += start->at;
		e->place.file = start->file;
		if (!j->extents)
			bad = sorter_add(&j->index, e);
		else if (j->tiled != UINT64_MAX)
			bad = index_add_extent(j, e, w->extents + 2 * i);
	}
	return bad ? join_fail(j, errno) : wanted;
}

/*
 * Adds a chunk's records to the index, in its turn. Sets *spill to the offset
 * at which its text has to be put in *store, or to UINT64_MAX.
 */
static int
index_commit(struct joiner *w, const struct chunk *b, uint64_t *spill,
    struct store *store)
{
	struct join *j = w->j;
	int kept = index_keep_file(j, b);
	struct place start = { kept || j->again ? b->offset : j->spilled, 0,
	    (uint32_t)(kept ? b->number : j->nfiles) };
	long wanted;

	index_report(w, b);
	j->met[b->number] |= w->met;
	if (j->hasty && b->error) {
		j->pipe_error = b->error;
		index_odd(j);
	}
	*spill = UINT64_MAX;
	wanted = index_enter(w, &start);
	if (wanted < 0)
		return -1;
	if (kept || j->again || !(wanted || j->pipe))
		return 0;
	if (store_reach(&j->store, j->spilled + w->text.len))
		return join_fail(j, errno);
	*spill = j->spilled;
	*store = j->store;
	j->spilled += w->text.len;
	return 0;
}

/*
 * Ends haste before anything was read hastily, if the first line is a whole
 * trace, which is read once in any case, or is not a record.
 */
static void
index_first(struct joiner *w, const struct chunk *b)
{
	static const char *const names[] = {
		"trace_id", "observations", "timeline"
	};
	const char *p = buf_str(&w->text), *nl = memchr(p, '\n', w->text.len);
	struct json_span v[LEN(names)];
	struct json_fault f;

	if (nl && !b->error && json_scan(p, (size_t)(nl - p), JSON_LAX, names,
	    v, LEN(names), &f) >= 0 && *p == '{' && v[0].p && !v[1].p && !v[2].p)
		return;
	w->j->hasty = w->j->quiet = w->j->pipe = 0;
}

void
index_run(void *arg)
{
	struct joiner *w = arg;
	struct join *j = w->j;
	struct chunk b;
	uint64_t ticket = 0, spill;
	struct store store;
	int more;

	b.text = &w->text;
	for (;;) {
		pthread_mutex_lock(&j->reading);
		more = !pool_stopped(j->pool) && chunks_next(&j->chunks, &b);
		if (more)
			ticket = pool_ticket(j->pool);
		if (more && j->hasty && b.first && !b.number)
			index_first(w, &b);
		pthread_mutex_unlock(&j->reading);
		if (!more)
			break;
		batch_begin(&w->batch, ticket);
		if (index_chunk(w, &b) || batch_wait(&w->batch) ||
		    index_commit(w, &b, &spill, &store) ||
		    batch_end(&w->batch))
			break;
		if (spill != UINT64_MAX && store_write(&store, w->text.p,
		    w->text.len, spill)) {
			join_fail(j, errno);
			break;
		}
	}
}
