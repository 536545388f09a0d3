#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/isotime.h"
#include "io/line.h"
#include "io/newfile.h"
#include "io/out.h"
#include "io/plain.h"
#include "io/spill.h"
#include "inputs.h"
#include "summary.h"

/* The number of agents that are listed one by one. */
#define AGENTS_MAX 100

static int
summary_fail(const struct summary *s, const char *name, struct err *e)
{
	return err_set(e, 0, 0, "%s/%s: %s", s->path, name,
	    plain_error(errno));
}

void
summary_init(struct summary *s, int dir, const char *path)
{
	s->dir = dir;
	s->path = path;
	tally_init(&s->tally, dir);
	linestore_init(&s->errors, dir);
}

void
summary_release(struct summary *s)
{
	tally_release(&s->tally);
	linestore_release(&s->errors);
}

/* --- counting ------------------------------------------------------------- */

static int
add_failure(struct summary *s, const struct json_span row[ROW_FIELDS])
{
	static const int in[] = {
		ROW_ITERATION, ROW_PERSONA, ROW_INPUT, ROW_ERROR,
		ROW_ERROR_KIND, ROW_TRACE_ID
	};
	struct buf b = { 0 };
	size_t i;
	int bad;

	json_open(&b, NULL, '{');
	for (i = 0; i < LEN(in); i++)
		json_add(&b, row_fields[in[i]], row[in[i]]);
	json_close(&b, '}');
	bad = linestore_add(&s->errors, b.p, b.len);
	buf_release(&b);
	return bad;
}

int
summary_add(struct summary *s, const struct json_span row[ROW_FIELDS])
{
	if (tally_count(&s->tally, row))
		return -1;
	return json_is_true(row[ROW_SUCCESS]) ? 0 : add_failure(s, row);
}

/* --- writing -------------------------------------------------------------- */

/* What agents.jsonl, written by fl-run, says of the agents. */
static void
put_agents(struct buf *b, int dir)
{
	static const char *const names[] = {
		"cpu_seconds", "peak_memory_bytes"
	};
	struct buf processes = { 0 };
	struct json_span v[2];
	struct line_reader in;
	struct json_fault f;
	struct line l;
	double cpu = 0, peak = (double)NAN, d;
	long long n = 0;
	int fd, stderr_dir;

	stderr_dir = plain_open_folder(dir, "stderr");
	if (stderr_dir < 0)
		return;
	fd = plain_open(stderr_dir, "agents.jsonl", O_RDONLY);
	close(stderr_dir);
	if (fd < 0)
		return;
	line_init(&in, fd);
	while (line_next(&in, &l) > 0) {
		if (*l.p != '{' || json_scan(l.p, l.n, 0, names, v, 2, &f) < 0)
			continue;
		if (v[0].p && json_double(v[0], &d))
			cpu += d;
		if (v[1].p && json_double(v[1], &d) && !(d <= peak))
			peak = d;
		if (n++ < AGENTS_MAX) {
			json_comma(&processes);
			json_compact(&processes, (struct json_span){ l.p,
			    l.n });
		}
	}
	line_release(&in);
	close(fd);
	json_open(b, "agents", '{');
	json_add_int(b, "count", n);
	json_add_double(b, "cpu_seconds", round(cpu * 1e6) / 1e6);
	json_add_double(b, "peak_memory_bytes", peak);
	json_open(b, "processes", '[');
	buf_add(b, processes.p, processes.len);
	json_close(b, ']');
	json_close(b, '}');
	buf_release(&processes);
}

/* Writes the errors, one object after the other. */
static int
put_errors(struct summary *s, struct out *o)
{
	struct buf *b = out_begin(o);
	struct line l;
	size_t n = 0;
	int got;

	if (linestore_end(&s->errors))
		return -1;
	while ((got = linestore_next(&s->errors, &l)) > 0) {
		buf_puts(b, n++ ? ",\n  " : "[\n  ");
		json_pretty(b, (struct json_span){ l.p, l.n }, 2);
		out_end(o);
	}
	buf_puts(b, "\n]\n");
	return got;
}

static int
write_errors(struct summary *s, struct err *e)
{
	static const char name[] = "errors.json";
	struct newfile f;
	int bad;

	if (!s->tally.failed)
		return unlinkat(s->dir, name, 0) && errno != ENOENT ?
		    summary_fail(s, name, e) : 0;
	if (newfile_begin(&f, s->dir, name))
		return summary_fail(s, name, e);
	bad = put_errors(s, &f.out) ? summary_fail(s, SPILL_NAME, e) :
	    newfile_commit(&f) ? summary_fail(s, name, e) : 0;
	newfile_release(&f);
	return bad;
}

static int
write_inputs(struct summary *s, struct err *e)
{
	static const char name[] = "inputs_summary.jsonl";
	struct newfile f;
	int bad;

	if (newfile_begin(&f, s->dir, name))
		return summary_fail(s, name, e);
	bad = inputs_write(&s->tally.inputs, &f.out) ?
	    summary_fail(s, f.out.error ? name : SPILL_NAME, e) :
	    newfile_commit(&f) ? summary_fail(s, name, e) : 0;
	newfile_release(&f);
	return bad;
}

static int
write_summary(struct summary *s, struct json_span manifest, struct err *e)
{
	static const char name[] = "summary.json";
	struct newfile f;
	struct buf b = { 0 };
	int bad;

	json_open(&b, NULL, '{');
	json_add(&b, "name", json_get(manifest, "name"));
	isotime_add(&b, "date", isotime_now());
	json_add(&b, "config", json_get(manifest, "config"));
	tally_put(&s->tally, &b);
	json_add_int(&b, "input_count", (long long)s->tally.inputs.n);
	inputs_put_pass_hat_k(&s->tally.inputs, &b);
	put_agents(&b, s->dir);
	json_close(&b, '}');
	bad = newfile_begin(&f, s->dir, name);
	if (!bad) {
		json_pretty(out_begin(&f.out), json_buf(&b), 0);
		buf_byte(out_begin(&f.out), '\n');
		bad = newfile_commit(&f);
	}
	bad = bad ? summary_fail(s, name, e) : 0;
	buf_release(&b);
	return bad;
}

int
summary_write(struct summary *s, struct json_span manifest,
    struct summary_totals *totals, struct err *e)
{
	const struct tally *t = &s->tally;

	if (tally_end(&s->tally))
		return summary_fail(s, SPILL_NAME, e);
	/* the summary is the last file to be written */
	if (write_errors(s, e) || write_inputs(s, e) ||
	    write_summary(s, manifest, e))
		return -1;
	totals->runs = t->runs;
	totals->failed = t->failed;
	totals->judged = t->judged;
	totals->passed = t->passed;
	totals->p50 = t->ranks[TALLY_P50];
	totals->p95 = t->ranks[TALLY_P95];
	return 0;
}
