#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"
#include "io/line.h"
#include "recover.h"

const char *const recover_files[RECOVER_FILES] = {
	"observations.jsonl", "traces.jsonl", "trace_summary.jsonl"
};

struct scan {
	struct line_reader in[RECOVER_FILES];
	struct err *e;
};

/*
 * Reads a line of a file and finds its fields. Returns 1, 0 if there is no
 * whole line, or -1 with s->e filled in.
 */
static int
next(struct scan *s, int file, const char *const *names, struct json_span *v,
    size_t count)
{
	struct json_fault f;
	struct line l;
	int got;

	got = line_next(&s->in[file], &l);
	if (got < 0) {
		err_set(s->e, 0, 0, "%s: %s", recover_files[file],
		    strerror(errno));
		return -1;
	}
	return got && l.whole && *l.p == '{' &&
	    json_scan(l.p, l.n, JSON_LAX, names, v, count, &f) >= 0;
}

static int
misfit(struct scan *s, int file, const char *why)
{
	return err_set(s->e, 0, 0, "%s:%zu: %s", recover_files[file],
	    s->in[file].number, why);
}

/* The same for a line that has to belong to the row's trace. */
static int
recover_next_of(struct scan *s, int file, struct json_span id)
{
	struct json_span own;
	int got;

	got = next(s, file, &row_fields[ROW_TRACE_ID], &own, 1);
	if (got > 0 && (own.n != id.n || !own.p ||
	    memcmp(own.p, id.p, id.n) != 0))
		return misfit(s, file, "not of the trace that the row in "
		    "trace_summary.jsonl is of: the files were edited");
	return got;
}

/*
 * Reads a row, its trace and its observations. Their number may differ from
 * the trace's observation_count: an earlier filter may have removed some.
 */
static int
recover_next_run(struct scan *s, struct json_span row[ROW_FIELDS])
{
	struct line_reader *observations = &s->in[RECOVER_OBSERVATIONS];
	uint64_t at, bytes;
	int got;

	got = next(s, RECOVER_ROWS, row_fields, row, ROW_FIELDS);
	if (got <= 0)
		return got;
	if (!row[ROW_TRACE_ID].p || row_extent(row, &at, &bytes))
		return misfit(s, RECOVER_ROWS, "does not tell where its "
		    "observations are: not written by fl-collect");
	if (at != observations->offset)
		return misfit(s, RECOVER_ROWS, "its observations do not begin "
		    "where those of the row before it end: the files were "
		    "edited");
	while (got > 0 && observations->offset < at + bytes)
		got = recover_next_of(s, RECOVER_OBSERVATIONS,
		    row[ROW_TRACE_ID]);
	if (got > 0 && observations->offset > at + bytes)
		return misfit(s, RECOVER_ROWS, "its observations do not end "
		    "where a line does: the files were edited");
	return got > 0 ? recover_next_of(s, RECOVER_TRACES, row[ROW_TRACE_ID])
	    : got;
}

/* The number of lines after an offset, with a last one that is cut off. */
static long long
lines_behind(struct line_reader *r, uint64_t offset)
{
	long long n = r->offset > offset;
	struct line l;

	while (line_next(r, &l) > 0)
		n++;
	return n;
}

static void
count_torn(struct scan *s, struct recover *c)
{
	long long n[RECOVER_FILES];
	int i;

	for (i = 0; i < RECOVER_FILES; i++)
		n[i] = lines_behind(&s->in[i], c->size[i]);
	c->torn = n[RECOVER_OBSERVATIONS] > 0;
	for (i = RECOVER_TRACES; i < RECOVER_FILES; i++)
		if (n[i] > c->torn)
			c->torn = n[i];
}

int
recover_find(struct recover *c, const int fd[RECOVER_FILES],
    void (*take)(void *arg, const struct json_span row[ROW_FIELDS]), void *arg,
    struct err *e)
{
	struct json_span row[ROW_FIELDS];
	struct scan s = { .e = e };
	int i, got;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < RECOVER_FILES; i++)
		line_init(&s.in[i], fd[i]);
	while ((got = recover_next_run(&s, row)) > 0) {
		c->runs++;
		for (i = 0; i < RECOVER_FILES; i++)
			c->size[i] = s.in[i].offset;
		take(arg, row);
	}
	if (!got)
		count_torn(&s, c);
	for (i = 0; i < RECOVER_FILES; i++)
		line_release(&s.in[i]);
	return got;
}
