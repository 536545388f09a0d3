#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "hash.h"
#include "json.h"
#include "line.h"
#include "out.h"
#include "isotime.h"
#include "cli.h"
#include "set.h"
#include "record.h"
#include "secret.h"
#include "environ.h"
#include "config.h"
#include "expdir.h"

/* Fields of a trace, in the order that a row has them. */
enum { X_TRACE_ID, X_ITERATION, X_PERSONA, X_INPUT, X_OUTPUT, X_DURATION,
	X_SUCCESS, X_RUN_ID, X_INPUT_ID, X_ERROR, X_ERROR_KIND, X_ATTEMPTS,
	X_START, X_END, X_OBSERVATION_COUNT, X_TOKEN_USAGE, X_ROW,
	X_OBSERVATIONS = X_ROW, X_FIELDS };
static const char *const fields[X_FIELDS] = {
	"trace_id", "iteration", "persona", "input", "output", "duration_ms",
	"success", "run_id", "input_id", "error", "error_kind", "attempts",
	"start_time", "end_time", "observation_count", "token_usage",
	"observations"
};

static int
file_error(const struct expdir *x, const char *name, int error, struct err *e)
{
	return err_set(e, 0, 0, "%s/%s: %s", x->path, name, strerror(error));
}

static int
open_file(struct expdir *x, struct out *o, const char *name, struct err *e)
{
	int fd;

	fd = openat(x->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND |
	    O_CLOEXEC, 0600);
	if (fd < 0)
		return file_error(x, name, errno, e);
	out_init(o, fd, 0);
	return 0;
}

/* Writes a whole small file; synced where it has to be there first. */
static int
put_file(struct expdir *x, const char *name, const struct buf *b, int sync,
    struct err *e)
{
	int fd, bad, error;

	fd = openat(x->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);
	bad = fd < 0 || out_write_all(fd, b->p, b->len) ||
	    (sync && fsync(fd));
	error = errno;
	if (fd >= 0 && close(fd) && !bad) {
		bad = 1;
		error = errno;
	}
	return bad ? file_error(x, name, error, e) : 0;
}

/* Appends the JSON in compact, as people like to read it, and a newline. */
static void
put_pretty(struct buf *b, const struct buf *compact)
{
	json_pretty(b, (struct json_span){ compact->p, compact->len }, 0);
	buf_byte(b, '\n');
}

/* SipHash-2-4 (key 0) of a file's bytes, as JSON; null when there is none. */
static void
put_file_hash(struct buf *b, const char *key, const char *file)
{
	struct buf text = { 0 };
	char hex[24];
	ssize_t n = -1;
	int fd;

	fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	while (fd >= 0 && (n = read(fd, buf_room(&text, 65536), 65536)) > 0)
		text.len += (size_t)n;
	if (fd >= 0)
		close(fd);
	snprintf(hex, sizeof(hex), "%016llx",
	    (unsigned long long)hash_bytes(0, 0, text.p, text.len));
	json_add_str(b, key, n == 0 ? hex : NULL);
	buf_release(&text);
}

static int
put_manifest(struct expdir *x, const struct config *c, const char *inputs,
    long long runs, struct err *e)
{
	struct buf b = { 0 }, pretty = { 0 };
	char hex[24];
	int bad;

	json_open(&b, NULL, '{');
	json_add_int(&b, "format", 1);
	isotime_add(&b, "created", isotime_now());
	if (runs >= 0)
		json_add_int(&b, "runs", runs);
	else
		json_add_null(&b, "runs");
	json_add_str(&b, "inputs_file", inputs);
	put_file_hash(&b, "inputs_hash", inputs);
	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)
	    hash_bytes(0, 0, c->root.p, c->root.n));
	json_add_str(&b, "config_hash", hex);
	json_add_str(&b, "version", cli_version());
	json_close(&b, '}');
	put_pretty(&pretty, &b);
	bad = put_file(x, "manifest.json", &pretty, 1, e);
	buf_release(&b);
	buf_release(&pretty);
	return bad;
}

int
expdir_make(struct expdir *x, const char *path, const struct config *c,
    const char *inputs, long long runs, struct err *e)
{
	memset(x, 0, sizeof(*x));
	x->path = xstrdup(path);
	x->fd = -1;
	if (mkdir(path, 0700) && errno != EEXIST)
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	x->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->fd < 0)
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	/* the folder itself is locked, until x->fd is closed */
	if (flock(x->fd, LOCK_EX | LOCK_NB))
		return err_set(e, 0, 0, "%s: another program is writing to "
		    "it", path);
	if (faccessat(x->fd, "manifest.json", F_OK, 0) == 0 ||
	    faccessat(x->fd, "trace_summary.jsonl", F_OK, 0) == 0)
		return err_set(e, 0, 0, "%s: holds an experiment already",
		    path);
	if (put_manifest(x, c, inputs, runs, e) ||
	    open_file(x, &x->observations, "observations.jsonl", e) ||
	    open_file(x, &x->traces, "traces.jsonl", e) ||
	    open_file(x, &x->rows, "trace_summary.jsonl", e))
		return -1;
	return 0;
}

/* Writes the observations; sets where they are. */
static void
add_observations(struct expdir *x, const struct json_span *v, uint64_t *at,
    uint64_t *bytes)
{
	struct buf *b = out_begin(&x->observations);
	struct json_span key, o;
	struct json_iter it;

	*at = x->observations.written + b->len;
	*bytes = 0;
	if (!json_is(v[X_OBSERVATIONS], JSON_ARRAY))
		return;
	for (it = json_each(v[X_OBSERVATIONS]); json_next(&it, &key, &o); ) {
		if (json_type(o) != JSON_OBJECT)
			continue;
		*bytes -= b->len;
		record_put_observation(b, o, v[X_TRACE_ID], 0);
		buf_byte(b, '\n');
		*bytes += b->len;
	}
}

/* The trace without its observations. */
static void
add_trace(struct expdir *x, struct json_span trace)
{
	struct buf *b = out_begin(&x->traces);
	struct json_span key, value;
	struct json_iter it;

	json_open(b, NULL, '{');
	for (it = json_each(trace); json_next(&it, &key, &value); ) {
		if (json_equal(key, "observations", 12))
			continue;
		json_add(b, NULL, key);
		buf_byte(b, ':');
		buf_add(b, value.p, value.n);
	}
	json_close(b, '}');
	buf_byte(b, '\n');
}

static void
add_row(struct expdir *x, const struct json_span *v, uint64_t at,
    uint64_t bytes)
{
	struct buf *b = out_begin(&x->rows);
	size_t i;

	json_open(b, NULL, '{');
	for (i = 0; i < X_ROW; i++)
		if (v[i].p || i <= X_SUCCESS)
			json_add(b, fields[i], v[i]);
	json_add_int(b, "observations_at", (long long)at);
	json_add_int(b, "observations_bytes", (long long)bytes);
	json_close(b, '}');
	buf_byte(b, '\n');
}

/* Writes out in the order that makes a row the commit. */
static int
flush(struct expdir *x, struct err *e)
{
	if (out_flush(&x->observations))
		return file_error(x, "observations.jsonl",
		    x->observations.error, e);
	if (out_flush(&x->traces))
		return file_error(x, "traces.jsonl", x->traces.error, e);
	if (out_flush(&x->rows))
		return file_error(x, "trace_summary.jsonl", x->rows.error, e);
	return 0;
}

int
expdir_add(struct expdir *x, struct json_span trace, struct err *e)
{
	struct json_span v[X_FIELDS];
	struct json_fault f;
	uint64_t at, bytes;
	int added;

	if (json_scan(trace.p, trace.n, JSON_LAX, fields, v, X_FIELDS, &f) < 0)
		return err_set(e, 0, 0, "%s", f.msg);
	set_add(&x->ids, hash_bytes(0, 0, v[X_TRACE_ID].p, v[X_TRACE_ID].n),
	    &added);
	if (!added)
		return 1;
	add_observations(x, v, &at, &bytes);
	add_trace(x, trace);
	add_row(x, v, at, bytes);
	return flush(x, e);
}

/* --- the summary -------------------------------------------------------------- */

/* So many kinds of failure are told apart; there are five of our own. */
#define KINDS_MAX 100

/* What is counted over the rows. */
struct tally {
	long long runs;
	long long failed;
	double *durations;	/* milliseconds */
	size_t ndurations;
	size_t cap;
	double sum;
	int64_t first, last;	/* microseconds since 1970; first 0: none */
	struct {
		char *name;
		long long count;
	} *kinds;		/* of failures */
	size_t nkinds;
	double tokens[3];
	int has_tokens;
};

static void
count_kind(struct tally *t, struct json_span kind)
{
	struct buf name = { 0 };
	size_t i;

	if (json_is(kind, JSON_STRING))
		json_text(&name, kind);
	else
		buf_puts(&name, "unknown");
	if (t->nkinds == KINDS_MAX) {
		name.len = 0;
		buf_puts(&name, "other");
	}
	buf_str(&name);
	for (i = 0; i < t->nkinds; i++)
		if (!strcmp(t->kinds[i].name, name.p))
			break;
	if (i == t->nkinds) {
		t->kinds = xreallocarray(t->kinds, ++t->nkinds,
		    sizeof(*t->kinds));
		t->kinds[i].name = xstrdup(name.p);
		t->kinds[i].count = 0;
	}
	t->kinds[i].count++;
	buf_release(&name);
}

static int64_t
time_of(struct json_span v)
{
	struct buf text = { 0 };
	int64_t us = 0;
	int zoned;

	if (json_is(v, JSON_STRING)) {
		json_text(&text, v);
		if (!isotime_parse(text.p, text.len, &us, &zoned))
			us = 0;
	}
	buf_release(&text);
	return us;
}

static void
count_tokens(struct tally *t, struct json_span usage)
{
	static const char *const names[] = {
		"prompt_tokens", "completion_tokens", "total_tokens"
	};
	struct json_span v;
	double d;
	size_t i;

	for (i = 0; i < 3; i++) {
		v = json_get(usage, names[i]);
		if (v.p && json_double(v, &d)) {
			t->tokens[i] += d;
			t->has_tokens = 1;
		}
	}
}

static void
count_row(struct tally *t, const struct json_span *v)
{
	int64_t start = time_of(v[X_START]), end = time_of(v[X_END]);
	double d;

	t->runs++;
	if (!json_is_true(v[X_SUCCESS])) {
		t->failed++;
		count_kind(t, v[X_ERROR_KIND]);
	}
	if (v[X_DURATION].p && json_double(v[X_DURATION], &d)) {
		if (t->ndurations == t->cap) {
			t->cap = grow(t->cap, 256);
			t->durations = xreallocarray(t->durations, t->cap,
			    sizeof(*t->durations));
		}
		t->durations[t->ndurations++] = d;
		t->sum += d;
	}
	if (start && (!t->first || start < t->first))
		t->first = start;
	if (end > t->last)
		t->last = end;
	if (json_is(v[X_TOKEN_USAGE], JSON_OBJECT))
		count_tokens(t, v[X_TOKEN_USAGE]);
}

static void
put_error(struct buf *b, const struct json_span *v)
{
	static const int in[] = {
		X_ITERATION, X_PERSONA, X_INPUT, X_ERROR, X_ERROR_KIND,
		X_TRACE_ID
	};
	size_t i;

	json_open(b, NULL, '{');
	for (i = 0; i < LEN(in); i++)
		json_add(b, fields[in[i]], v[in[i]]);
	json_close(b, '}');
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The value that p percent of the sorted ones do not pass: nearest rank, as in
 * "the smallest value such that at least p percent are no larger".
 */
static double
percentile(const struct tally *t, double p)
{
	size_t rank;

	if (!t->ndurations)
		return (double)NAN;
	rank = (size_t)ceil(p / 100 * (double)t->ndurations);
	return t->durations[rank ? rank - 1 : 0];
}

static void
put_results(struct buf *b, const struct tally *t)
{
	double n = (double)t->runs;

	json_open(b, "results", '{');
	json_add_int(b, "total_runs", t->runs);
	json_add_int(b, "successful", t->runs - t->failed);
	json_add_int(b, "failed", t->failed);
	json_add_double(b, "success_rate", t->runs ?
	    (double)(t->runs - t->failed) / n : 0);
	json_add_double(b, "avg_duration_ms", t->ndurations ?
	    t->sum / (double)t->ndurations : 0);
	json_add_double(b, "duration_seconds", t->first && t->last > t->first ?
	    (double)(t->last - t->first) / 1e6 : 0);
	json_close(b, '}');
}

static void
put_details(struct buf *b, const struct tally *t)
{
	static const struct {
		const char *name;
		double p;
	} ranks[] = {
		{ "min", 0 }, { "p50", 50 }, { "p90", 90 }, { "p95", 95 },
		{ "p99", 99 }, { "max", 100 },
	};
	size_t i;

	json_open(b, "latency_ms", '{');
	for (i = 0; i < LEN(ranks); i++)
		json_add_double(b, ranks[i].name, percentile(t, ranks[i].p));
	json_close(b, '}');
	json_open(b, "failures", '{');
	for (i = 0; i < t->nkinds; i++)
		json_add_int(b, t->kinds[i].name, t->kinds[i].count);
	json_close(b, '}');
	if (!t->has_tokens)
		return;
	json_open(b, "token_usage", '{');
	json_add_double(b, "prompt_tokens", t->tokens[0]);
	json_add_double(b, "completion_tokens", t->tokens[1]);
	json_add_double(b, "total_tokens", t->tokens[2]);
	json_close(b, '}');
}

/* Passes over the rows; failed ones are listed in errors. */
static int
read_rows(struct expdir *x, struct tally *t, struct buf *errors, struct err *e)
{
	struct json_span v[X_FIELDS];
	struct json_fault f;
	struct line_reader r;
	struct line l;
	int fd, got;

	fd = openat(x->fd, "trace_summary.jsonl", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return file_error(x, "trace_summary.jsonl", errno, e);
	line_init(&r, fd);
	while ((got = line_next(&r, &l)) > 0) {
		if (json_scan(l.p, l.n, JSON_LAX, fields, v, X_FIELDS,
		    &f) < 0)
			continue;
		count_row(t, v);
		if (!json_is_true(v[X_SUCCESS]))
			put_error(errors, v);
	}
	if (got < 0)
		file_error(x, "trace_summary.jsonl", errno, e);
	line_release(&r);
	close(fd);
	return got;
}

static int
put_summary(struct expdir *x, const struct config *c, const char *given,
    struct tally *t, struct err *e)
{
	struct buf b = { 0 }, pretty = { 0 };
	char *name = given ? xstrdup(given) : config_name(c);
	int bad;

	if (t->ndurations)
		qsort(t->durations, t->ndurations, sizeof(*t->durations),
		    by_size);
	json_open(&b, NULL, '{');
	json_add_str(&b, "name", name);
	isotime_add(&b, "date", isotime_now());
	json_key(&b, "config");
	secret_mask(&b, c->root);
	put_results(&b, t);
	put_details(&b, t);
	json_close(&b, '}');
	put_pretty(&pretty, &b);
	bad = put_file(x, "summary.json", &pretty, 0, e);
	free(name);
	buf_release(&b);
	buf_release(&pretty);
	return bad;
}

static void
tally_release(struct tally *t)
{
	while (t->nkinds)
		free(t->kinds[--t->nkinds].name);
	free(t->kinds);
	free(t->durations);
}

int
expdir_finish(struct expdir *x, const struct config *c, const char *name,
    struct expdir_totals *totals, struct err *e)
{
	struct tally t = { 0 };
	struct buf errors = { 0 }, pretty = { 0 };
	int bad;

	json_open(&errors, NULL, '[');
	bad = flush(x, e) || read_rows(x, &t, &errors, e) ||
	    put_summary(x, c, name, &t, e);
	json_close(&errors, ']');
	if (!bad && t.failed) {
		put_pretty(&pretty, &errors);
		bad = put_file(x, "errors.json", &pretty, 0, e);
	}
	totals->runs = t.runs;
	totals->failed = t.failed;
	totals->p50 = percentile(&t, 50);
	totals->p95 = percentile(&t, 95);
	tally_release(&t);
	buf_release(&errors);
	buf_release(&pretty);
	return bad ? -1 : 0;
}

void
expdir_release(struct expdir *x)
{
	struct out *const files[] = { &x->observations, &x->traces, &x->rows };
	size_t i;

	for (i = 0; i < LEN(files); i++)
		if (files[i]->b)
			out_close(files[i]);
	if (x->fd >= 0)
		close(x->fd);
	set_release(&x->ids);
	free(x->path);
	memset(x, 0, sizeof(*x));
}
