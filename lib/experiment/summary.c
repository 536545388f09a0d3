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
#include "base/set.h"
#include "base/util.h"
#include "json/isotime.h"
#include "io/line.h"
#include "io/newfile.h"
#include "io/out.h"
#include "io/plain.h"
#include "row.h"
#include "tally.h"
#include "summary.h"

/* The number of agents that are listed one by one. */
#define AGENTS_MAX 100

struct results {
	struct tally tally;
	struct newfile summary;
	struct newfile errors;	/* begun only when a run failed */
	size_t listed;		/* inputs in the summary, so far */
	size_t failed;		/* runs in the errors, so far */
	struct buf scratch;
};

/* Tells each row to take, from the first one on. Returns 0, or -1. */
static int
each_row(int rows, struct results *r,
    void (*take)(struct results *r, const struct json_span row[ROW_FIELDS]))
{
	struct json_span row[ROW_FIELDS];
	struct line_reader in;
	struct json_fault f;
	struct line l;
	int got;

	if (lseek(rows, 0, SEEK_SET) < 0)
		return -1;
	line_init(&in, rows);
	while ((got = line_next(&in, &l)) > 0)
		if (json_scan(l.p, l.n, JSON_LAX, row_fields, row, ROW_FIELDS,
		    &f) >= 0)
			take(r, row);
	line_release(&in);
	return got;
}

static void
count(struct results *r, const struct json_span row[ROW_FIELDS])
{
	tally_count(&r->tally, row);
}

static void
time_row(struct results *r, const struct json_span row[ROW_FIELDS])
{
	tally_add_duration(&r->tally, row);
}

static void
summary_put_error(struct results *r, const struct json_span row[ROW_FIELDS])
{
	static const int in[] = {
		ROW_ITERATION, ROW_PERSONA, ROW_INPUT, ROW_ERROR,
		ROW_ERROR_KIND, ROW_TRACE_ID
	};
	struct buf *b = out_begin(&r->errors.out);
	size_t i;

	r->scratch.len = 0;
	json_open(&r->scratch, NULL, '{');
	for (i = 0; i < LEN(in); i++)
		json_add(&r->scratch, row_fields[in[i]], row[in[i]]);
	json_close(&r->scratch, '}');
	buf_puts(b, r->failed++ ? ",\n  " : "[\n  ");
	json_pretty(b, json_buf(&r->scratch), 2);
	out_end(&r->errors.out);
}

/* An input to a line, since there may be many. */
static void
list(struct results *r, const struct json_span row[ROW_FIELDS])
{
	struct buf *b = out_begin(&r->summary.out);

	r->scratch.len = 0;
	tally_put_input(&r->tally, row, &r->scratch);
	if (r->scratch.len) {
		buf_puts(b, r->listed++ ? ",\n    " : "\n    ");
		json_compact(b, json_buf(&r->scratch));
		out_end(&r->summary.out);
	}
	if (r->errors.temp && !json_is_true(row[ROW_SUCCESS]))
		summary_put_error(r, row);
}

/* Appends an object's fields as people like to read them, without brackets. */
static void
summary_put_fields(struct buf *b, const struct buf *object)
{
	struct buf pretty = { 0 };

	json_pretty(&pretty, json_buf(object), 0);
	buf_add(b, pretty.p + 1, pretty.len - 3);
	buf_release(&pretty);
}

static void
summary_put_head(struct results *r, struct json_span manifest)
{
	struct buf b = { 0 };

	json_open(&b, NULL, '{');
	json_add(&b, "name", json_get(manifest, "name"));
	isotime_add(&b, "date", isotime_now());
	json_add(&b, "config", json_get(manifest, "config"));
	tally_put(&r->tally, &b);
	json_close(&b, '}');
	buf_byte(out_begin(&r->summary.out), '{');
	summary_put_fields(out_begin(&r->summary.out), &b);
	buf_puts(out_begin(&r->summary.out), ",\n  \"inputs\": [");
	buf_release(&b);
}

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

static void
put_tail(struct results *r, int dir)
{
	struct buf *out = out_begin(&r->summary.out);
	struct buf b = { 0 };

	buf_puts(out, r->listed ? "\n  ]," : "],");
	json_open(&b, NULL, '{');
	tally_put_pass_hat_k(&r->tally, &b);
	put_agents(&b, dir);
	json_close(&b, '}');
	summary_put_fields(out, &b);
	buf_puts(out, "\n}\n");
	buf_release(&b);
}

/* Says what could not be written or read. */
static int
failed(const char *path, const char *name, struct err *e)
{
	return err_set(e, 0, 0, "%s/%s: %s", path, name,
	    plain_error(errno));
}

/* The errors first: the summary is the last file to be written. */
static int
write_files(struct results *r, int dir, const char *path, int rows,
    struct json_span manifest, struct err *e)
{
	if (r->tally.failed && newfile_begin(&r->errors, dir, "errors.json"))
		return failed(path, "errors.json", e);
	if (newfile_begin(&r->summary, dir, "summary.json"))
		return failed(path, "summary.json", e);
	summary_put_head(r, manifest);
	if (each_row(rows, r, list))
		return failed(path, "trace_summary.jsonl", e);
	put_tail(r, dir);
	if (r->errors.temp) {
		buf_puts(out_begin(&r->errors.out), "\n]\n");
		if (newfile_commit(&r->errors))
			return failed(path, "errors.json", e);
	} else if (unlinkat(dir, "errors.json", 0) && errno != ENOENT) {
		return failed(path, "errors.json", e);
	}
	return newfile_commit(&r->summary) ? failed(path, "summary.json", e) :
	    0;
}

int
summary_write(int dir, const char *path, int rows, struct json_span manifest,
    struct summary_totals *totals, struct err *e)
{
	struct results r = { 0 };
	int bad;

	bad = each_row(rows, &r, count);
	if (!bad) {
		tally_end_count(&r.tally);
		bad = each_row(rows, &r, time_row);
	}
	if (bad) {
		failed(path, "trace_summary.jsonl", e);
	} else {
		tally_end_durations(&r.tally);
		bad = write_files(&r, dir, path, rows, manifest, e);
	}
	if (!bad) {
		totals->runs = r.tally.runs;
		totals->failed = r.tally.failed;
		totals->judged = r.tally.judged;
		totals->passed = r.tally.passed;
		totals->p50 = tally_percentile(&r.tally, 50);
		totals->p95 = tally_percentile(&r.tally, 95);
	}
	newfile_release(&r.summary);
	newfile_release(&r.errors);
	tally_release(&r.tally);
	buf_release(&r.scratch);
	return bad;
}
