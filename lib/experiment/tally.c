#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/isotime.h"
#include "record/excerpt.h"
#include "tally.h"

/* The number of kinds of failure that are counted; fl-run has five. */
#define KINDS_MAX 100

/* An input's text is cut after this many characters. */
#define INPUT_MAX 120

void
tally_release(struct tally *t)
{
	while (t->nkinds)
		free(t->kinds[--t->nkinds].name);
	free(t->kinds);
	free(t->durations);
	free(t->inputs);
	set_release(&t->known);
	memset(t, 0, sizeof(*t));
}

/* --- first pass: how many ------------------------------------------------- */

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

static uint64_t
hash_of(struct json_span v)
{
	return v.p ? hash_bytes(0, 0, v.p, v.n) : 0;
}

/* The key of a row's input: its id, or its text, and its persona. */
static uint64_t
input_key(const struct json_span row[ROW_FIELDS])
{
	uint64_t hashes[2];

	hashes[0] = hash_of(row[json_is(row[ROW_INPUT_ID], JSON_STRING) ?
	    ROW_INPUT_ID : ROW_INPUT]);
	hashes[1] = json_is(row[ROW_PERSONA], JSON_STRING) ?
	    hash_of(row[ROW_PERSONA]) : 0;
	return hash_words(0, 0, hashes, LEN(hashes));
}

static struct tally_input *
count_input(struct tally *t, const struct json_span row[ROW_FIELDS])
{
	size_t *place;
	int added;

	place = set_add(&t->known, input_key(row), &added);
	if (!added)
		return &t->inputs[*place];
	*place = t->ninputs;
	ALLOC_GROW(t->inputs, t->ninputs + 1, t->cap);
	memset(&t->inputs[t->ninputs], 0, sizeof(*t->inputs));
	return &t->inputs[t->ninputs++];
}

static int
read_duration(const struct json_span row[ROW_FIELDS], double *ms)
{
	return row[ROW_DURATION].p && json_double(row[ROW_DURATION], ms) &&
	    isfinite(*ms);
}

/*
 * Whether a run passes: by its verdict, or if nobody has evaluated it by its
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

void
tally_count(struct tally *t, const struct json_span row[ROW_FIELDS])
{
	int64_t start = time_of(row[ROW_START]), end = time_of(row[ROW_END]);
	struct tally_input *in = count_input(t, row);
	double d;

	t->runs++;
	t->retried += row[ROW_ATTEMPTS].p &&
	    json_double(row[ROW_ATTEMPTS], &d) && d > 1;
	in->runs++;
	in->passed += (uint32_t)count_verdict(t, row);
	if (!json_is_true(row[ROW_SUCCESS])) {
		t->failed++;
		count_kind(t, row[ROW_ERROR_KIND]);
	}
	if (read_duration(row, &d)) {
		t->ndurations++;
		in->ndurations++;
		t->sum += d;
	}
	if (start && (!t->first || start < t->first))
		t->first = start;
	if (end > t->last)
		t->last = end;
	if (json_is(row[ROW_TOKEN_USAGE], JSON_OBJECT))
		tally_count_tokens(t, row[ROW_TOKEN_USAGE]);
}

/* Divides the array of durations among the inputs. */
void
tally_end_count(struct tally *t)
{
	size_t i, at = 0;

	t->durations = xreallocarray(NULL, t->ndurations,
	    sizeof(*t->durations));
	for (i = 0; i < t->ninputs; i++) {
		t->inputs[i].at = at;
		at += t->inputs[i].ndurations;
		t->inputs[i].ndurations = 0;
	}
}

/* --- second pass: durations ----------------------------------------------- */

/* The counted input of a row, or NULL if the rows changed meanwhile. */
static struct tally_input *
find_input(struct tally *t, const struct json_span row[ROW_FIELDS])
{
	size_t place;
	int added;

	place = *set_add(&t->known, input_key(row), &added);
	return added ? NULL : &t->inputs[place];
}

/* The end of an input's part of the array of durations. */
static size_t
durations_end(const struct tally *t, const struct tally_input *in)
{
	return in + 1 < t->inputs + t->ninputs ? in[1].at : t->ndurations;
}

void
tally_add_duration(struct tally *t, const struct json_span row[ROW_FIELDS])
{
	struct tally_input *in = find_input(t, row);
	double d;

	if (in && read_duration(row, &d) &&
	    in->at + in->ndurations < durations_end(t, in))
		t->durations[in->at + in->ndurations++] = d;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
rank(const double *sorted, size_t n, unsigned p)
{
	size_t place = (n * p + 99) / 100;

	return n ? sorted[place ? place - 1 : 0] : (double)NAN;
}

void
tally_end_durations(struct tally *t)
{
	struct tally_input *in;
	double *own;

	for (in = t->inputs; in < t->inputs + t->ninputs; in++) {
		own = t->durations + in->at;
		if (in->ndurations)
			qsort(own, in->ndurations, sizeof(*own), by_size);
		in->p50 = rank(own, in->ndurations, 50);
	}
	if (t->ndurations)
		qsort(t->durations, t->ndurations, sizeof(*t->durations),
		    by_size);
}

double
tally_percentile(const struct tally *t, unsigned p)
{
	return rank(t->durations, t->ndurations, p);
}

/* --- third pass: the inputs ----------------------------------------------- */

/* Adds the beginning of the input. */
static void
put_excerpt(struct buf *b, struct json_span input)
{
	struct buf text = { 0 };
	uint32_t c;
	size_t i = 0, n;

	/* a character has up to 4 bytes */
	excerpt_put(&text, input, (size_t)4 * INPUT_MAX);
	for (n = 0; i < text.len && n < INPUT_MAX; n++)
		i += utf8_decode(text.p + i, text.len - i, &c);
	if (i < text.len) {
		text.len = i;
		utf8_put(&text, 0x2026);
	}
	json_add_text(b, "input", text.p, text.len);
	buf_release(&text);
}

void
tally_put_input(struct tally *t, const struct json_span row[ROW_FIELDS],
    struct buf *b)
{
	struct tally_input *in = find_input(t, row);

	if (!in || in->shown)
		return;
	in->shown = 1;
	json_open(b, NULL, '{');
	json_add(b, "input_id", row[ROW_INPUT_ID]);
	json_add(b, "persona", row[ROW_PERSONA]);
	put_excerpt(b, row[ROW_INPUT]);
	json_add_int(b, "runs", in->runs);
	json_add_int(b, "passed", in->passed);
	json_add_double(b, "pass_rate", (double)in->passed / in->runs);
	if (in->ndurations)
		json_add_double(b, "p50_ms", in->p50);
	json_close(b, '}');
}

/*
 * --- results ---------------------------------------------------------------
 */

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
	json_add_double(b, "avg_duration_ms", t->ndurations ?
	    t->sum / (double)t->ndurations : 0);
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
	static const struct {
		const char *name;
		unsigned p;
	} ranks[] = {
		{ "min", 0 }, { "p50", 50 }, { "p90", 90 }, { "p95", 95 },
		{ "p99", 99 }, { "max", 100 },
	};
	size_t i;

	put_results(b, t);
	json_open(b, "latency_ms", '{');
	for (i = 0; i < LEN(ranks); i++)
		json_add_double(b, ranks[i].name,
		    tally_percentile(t, ranks[i].p));
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

/* C(passed,k)/C(runs,k) as a product of fractions, which cannot overflow. */
static double
all_pass(const struct tally_input *in, uint64_t k)
{
	double chance = 1;
	uint64_t i;

	if (in->passed < k)
		return 0;
	for (i = 0; i < k && chance > 0; i++)
		chance *= (double)(in->passed - i) / (double)(in->runs - i);
	return chance;
}

static void
put_pass_hat(struct buf *b, const struct tally *t, uint64_t k)
{
	struct buf name = { 0 };
	double sum = 0;
	size_t i, n = 0;

	for (i = 0; i < t->ninputs; i++)
		if (t->inputs[i].runs >= k) {
			sum += all_pass(&t->inputs[i], k);
			n++;
		}
	buf_uint(&name, k);
	/* the last digits are rounding errors */
	json_add_double(b, buf_str(&name), round(sum / (double)n * 1e12) /
	    1e12);
	buf_release(&name);
}

void
tally_put_pass_hat_k(const struct tally *t, struct buf *b)
{
	uint64_t k, most = 0;
	size_t i;

	for (i = 0; i < t->ninputs; i++)
		if (t->inputs[i].runs > most)
			most = t->inputs[i].runs;
	json_open(b, "pass_hat_k", '{');
	for (k = 1; k < most; k += k < 10 ? 1 : k)
		put_pass_hat(b, t, k);
	if (most)
		put_pass_hat(b, t, most);
	json_close(b, '}');
}
