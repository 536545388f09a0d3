#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/isotime.h"
#include "tally.h"

/* The number of kinds of failure that are counted; fl-run has five. */
#define KINDS_MAX 100

/* Bytes of memory for sorting the durations. */
#define DURATIONS_MEMORY ((size_t)1 << 20)

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void
tally_init(struct tally *t, int dir)
{
	memset(t, 0, sizeof(*t));
	inputs_init(&t->inputs, dir);
	sorter_init(&t->durations, sizeof(double), by_size, DURATIONS_MEMORY);
	t->durations.dir = dir;
}

void
tally_release(struct tally *t)
{
	while (t->nkinds)
		free(t->kinds[--t->nkinds].name);
	free(t->kinds);
	sorter_release(&t->durations);
	inputs_release(&t->inputs);
}

/* --- counting ------------------------------------------------------------- */

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
	int64_t us;
	int zoned;

	return isotime_read(v, &us, &zoned) ? us : 0;
}

static void
tally_count_tokens(struct tally *t, struct json_span usage)
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

static int
read_duration(const struct json_span row[ROW_FIELDS], double *ms)
{
	return row[ROW_DURATION].p && json_double(row[ROW_DURATION], ms) &&
	    isfinite(*ms);
}

/*
 * Whether a run passes: by its verdict, or, if it was not evaluated, by its
 * success.
 */
static int
count_verdict(struct tally *t, const struct json_span row[ROW_FIELDS])
{
	struct json_span pass;

	if (!json_is(row[ROW_EVALUATION], JSON_OBJECT))
		return json_is_true(row[ROW_SUCCESS]);
	pass = json_get(row[ROW_EVALUATION], "pass");
	t->judged++;
	t->passed += json_is_true(pass);
	t->missed += json_is(pass, JSON_BOOL) && !json_is_true(pass);
	return json_is_true(pass);
}

int
tally_count(struct tally *t, const struct json_span row[ROW_FIELDS])
{
	int64_t start = time_of(row[ROW_START]), end = time_of(row[ROW_END]);
	double d, ms = (double)NAN;

	t->runs++;
	t->retried += row[ROW_ATTEMPTS].p &&
	    json_double(row[ROW_ATTEMPTS], &d) && d > 1;
	if (!json_is_true(row[ROW_SUCCESS])) {
		t->failed++;
		count_kind(t, row[ROW_ERROR_KIND]);
	}
	if (read_duration(row, &d)) {
		ms = d;
		t->sum += d;
		if (sorter_add(&t->durations, &d))
			return -1;
	}
	if (start && (!t->first || start < t->first))
		t->first = start;
	if (end > t->last)
		t->last = end;
	if (json_is(row[ROW_TOKEN_USAGE], JSON_OBJECT))
		tally_count_tokens(t, row[ROW_TOKEN_USAGE]);
	return inputs_count(&t->inputs, row, count_verdict(t, row), ms);
}

/* --- results -------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned p;
} ranks[TALLY_RANKS] = {
	[TALLY_MIN] = { "min", 0 },
	[TALLY_P50] = { "p50", 50 },
	[TALLY_P90] = { "p90", 90 },
	[TALLY_P95] = { "p95", 95 },
	[TALLY_P99] = { "p99", 99 },
	[TALLY_MAX] = { "max", 100 },
};

int
tally_end(struct tally *t)
{
	uint64_t n = t->durations.total, place;
	size_t i;

	if (sorter_sort(&t->durations))
		return -1;
	for (i = 0; i < TALLY_RANKS; i++) {
		t->ranks[i] = (double)NAN;
		place = (n * ranks[i].p + 99) / 100;
		if (n && sorter_read(&t->durations, place ? place - 1 : 0, 1,
		    &t->ranks[i]))
			return -1;
	}
	return 0;
}

static void
put_verdicts(struct buf *b, const struct tally *t)
{
	json_open(b, "verdicts", '{');
	json_add_int(b, "pass", t->passed);
	json_add_int(b, "fail", t->missed);
	json_add_int(b, "not_judged", t->runs - t->passed - t->missed);
	json_add_double(b, "pass_rate", (double)t->passed / (double)t->runs);
	json_close(b, '}');
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
	json_add_double(b, "avg_duration_ms", t->durations.total ?
	    t->sum / (double)t->durations.total : 0);
	json_add_double(b, "duration_seconds", t->first && t->last > t->first ?
	    (double)(t->last - t->first) / 1e6 : 0);
	json_add_int(b, "retried", t->retried);
	json_close(b, '}');
	if (t->judged)
		put_verdicts(b, t);
	json_add_str(b, "pass_by", t->judged ? "verdict" : "success");
}

void
tally_put(const struct tally *t, struct buf *b)
{
	size_t i;

	put_results(b, t);
	json_open(b, "latency_ms", '{');
	for (i = 0; i < TALLY_RANKS; i++)
		json_add_double(b, ranks[i].name, t->ranks[i]);
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
