#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "json/json.h"
#include "io/out.h"
#include "trace/step.h"
#include "trace/trace.h"
#include "evaluate/checks.h"
#include "evaluate/diff.h"
#include "evaluate/runs.h"
#include "format/markup.h"
#include "annex.h"
#include "report.h"
#include "test.h"
#include "pagedata.h"

/*
 * A thousand runs take less than 2 MB, ten thousand less than 10 MB: half of
 * ROOM bytes for each run is for its texts, a fourth for long ones, a fourth
 * for steps.
 */
#define ROOM 1600
#define ROOM_MOST 8000000
#define ROOM_LEAST 200000
#define TEXT_LEAST 60		/* bytes */
#define TEXT_MOST 4000
#define LONG_MOST 20000
#define STEPS_MOST 300		/* of a run */
#define STEPS_BYTES (1 << 20)	/* of its observations */
#define SAMPLE 40		/* runs that pass and have steps */
#define ALL (SIZE_MAX / 4)	/* bytes: without a limit */

/* The limits of a page, so that it can be mailed. */
struct pagedata_room {
	size_t text;		/* bytes of a text of most runs */
	size_t long_text;	/* bytes of a text of a run that fails or
				   changed */
	size_t steps;		/* bytes that are left for steps */
	size_t stride;		/* one in this many passing runs has steps */
};

struct pagedata {
	const struct report *r;
	struct annex annex;
	struct pagedata_room room;
	struct set texts;	/* number + 1 of each text, by its hash */
	struct set units;	/* number + 1 */
	struct test test, base;
	struct trace trace;
	struct buf more, records;	/* metadata and observations of the
				   trace */
	size_t passed;		/* runs so far that pass */
};

/* --- what there is room for ---------------------------------------------- */

/* Whether a run is of interest: its texts get more room. */
static int
is_notable(const struct report *r, size_t i)
{
	const struct diff_pair *p = r->diff ? &r->diff->pairs[i] : NULL;

	return r->runs->v[i].outcome != RUNS_PASS || (p && p->base &&
	    (p->change != DIFF_SAME || p->base->output != p->new->output));
}

/*
 * The most bytes of a text so that all texts of the runs, or of the notable
 * ones, fit into room; a text has no more bytes than its row.
 */
static size_t
find_limit(const struct report *r, int notable, size_t room, size_t most)
{
	size_t low = TEXT_LEAST, high = most, limit, sum, i, n;

	while (low < high) {
		limit = (low + high + 1) / 2;
		for (i = sum = 0; i < r->runs->n && sum <= room; i++) {
			n = r->runs->v[i].n;
			if (!notable || is_notable(r, i))
				sum += n < 2 * limit ? n : 2 * limit;
		}
		if (sum <= room)
			low = limit;
		else
			high = limit - 1;
	}
	return low;
}

static void
find_room(struct pagedata *d)
{
	size_t n = d->r->runs->n, all, i, passed = 0;

	if (d->r->all) {
		d->room = (struct pagedata_room){ ALL, ALL, ALL, 1 };
		return;
	}
	for (i = 0; i < n; i++)
		passed += d->r->runs->v[i].outcome == RUNS_PASS;
	all = n * ROOM < ROOM_LEAST ? ROOM_LEAST : n * ROOM > ROOM_MOST ?
	    ROOM_MOST : n * ROOM;
	d->room.text = find_limit(d->r, 0, all / 2, TEXT_MOST);
	d->room.long_text = find_limit(d->r, 1, all / 4, LONG_MOST);
	if (d->room.long_text < d->room.text)
		d->room.long_text = d->room.text;
	d->room.steps = all / 4;
	d->room.stride = passed / SAMPLE + 1;
}

/* --- values -------------------------------------------------------------- */

/* Appends the number of a text that occurred before, or the text. */
static void
put_known(struct pagedata *d, struct buf *text, size_t rest, struct buf *b)
{
	struct buf json = { 0 };
	size_t *place;
	int added;

	place = set_add(&d->texts, hash_bytes(rest, 0, buf_str(text),
	    text->len), &added);
	if (!added) {
		json_add_int(b, NULL, (long long)*place - 1);
		return;
	}
	*place = d->texts.n;
	json_comma(b);
	json_put_text(&json, text->p, text->len);
	if (rest)
		buf_byte(b, '[');
	markup_put_json(b, json.p, json.len);
	if (rest)
		buf_printf(b, ",%zu]", rest);
	buf_release(&json);
}

static void
data_put_text(struct pagedata *d, struct json_span v, size_t max, struct buf *b)
{
	struct buf text = { 0 };
	size_t rest;

	if (json_is_null(v)) {
		json_add_null(b, NULL);
		return;
	}
	rest = test_put_text(&text, v, max);
	put_known(d, &text, rest, b);
	buf_release(&text);
}

/* A string that is not a text of its own. */
static void
data_put_plain(struct json_span v, struct buf *b)
{
	struct buf text = { 0 }, json = { 0 };

	if (json_is_null(v)) {
		json_add_null(b, NULL);
		return;
	}
	test_put_text(&text, v, 200);
	json_put_text(&json, buf_str(&text), text.len);
	json_comma(b);
	markup_put_json(b, json.p, json.len);
	buf_release(&text);
	buf_release(&json);
}

/* A figure, with the digits that a page shows. */
static void
put_figure(double d, struct buf *b)
{
	if (!isfinite(d)) {
		json_add_null(b, NULL);
		return;
	}
	json_comma(b);
	buf_printf(b, "%.6g", d);
}

static void
data_put_number(struct json_span v, struct buf *b)
{
	double d = (double)NAN;

	if (v.p)
		json_double(v, &d);
	put_figure(d, b);
}

/* --- parts of a run ------------------------------------------------------ */

static void
data_put_check(struct pagedata *d, struct json_span check, struct buf *b)
{
	struct json_span pass = json_get(check, "pass");
	struct json_span reason = checks_reason(check);
	double score = 0;

	if (json_is(json_get(check, "score"), JSON_NUMBER))
		json_double(json_get(check, "score"), &score);
	if (json_is_true(pass) && score > 1 - 1e-9 && !reason.p) {
		data_put_text(d, json_get(check, "name"), d->room.text, b);
		return;
	}
	json_open(b, NULL, '[');
	data_put_text(d, json_get(check, "name"), d->room.text, b);
	if (json_is(pass, JSON_BOOL))
		json_add_int(b, NULL, json_is_true(pass));
	else
		json_add_null(b, NULL);
	data_put_number(json_get(check, "score"), b);
	data_put_number(json_get(check, "weight"), b);
	data_put_text(d, reason, d->room.long_text, b);
	data_put_text(d, json_get(check, "type"), d->room.text, b);
	json_close(b, ']');
}

static void
data_put_checks(struct pagedata *d, struct json_span evaluation, struct buf *b)
{
	struct json_iter it = checks_each(evaluation);
	struct json_span key, check;

	json_open(b, NULL, '[');
	while (json_next(&it, &key, &check))
		if (json_is(check, JSON_OBJECT))
			data_put_check(d, check, b);
	json_close(b, ']');
}

static void
put_step(struct pagedata *d, size_t step, struct buf *b)
{
	const struct observation *o = trace_load(&d->trace, step);
	int failed = trace_failed(o);

	json_open(b, NULL, '[');
	data_put_text(d, o->v[OBS_TYPE], d->room.text, b);
	data_put_text(d, o->v[OBS_NAME], d->room.text, b);
	json_add_int(b, NULL, (long long)o->depth);
	json_add_int(b, NULL, (long long)(o->from - d->trace.from));
	json_add_int(b, NULL, (long long)(o->until - o->from));
	json_add_int(b, NULL, failed);
	data_put_text(d, o->v[OBS_ERROR], d->room.long_text, b);
	json_close(b, ']');
}

/* Reads the steps of the run, from its row or from the directory. */
static int
data_read_steps(struct pagedata *d, const struct annex_entry *e)
{
	const struct test *t = &d->test;

	trace_reset(&d->trace, (struct json_span){ NULL, 0 });
	if (json_is(t->v[TEST_OBSERVATIONS], JSON_ARRAY))
		trace_add_all(&d->trace, t->v[TEST_OBSERVATIONS]);
	else if (e && (d->r->all || e->steps_bytes <= STEPS_BYTES) &&
	    annex_steps(&d->annex, e, &d->records, &d->trace))
		return -1;
	trace_sort(&d->trace);
	trace_link(&d->trace);
	return 0;
}

/* Whether the steps of run i are in the page. */
static int
has_steps(struct pagedata *d, size_t i)
{
	int sampled = d->r->runs->v[i].outcome == RUNS_PASS &&
	    d->passed++ % d->room.stride == 0;

	return d->room.steps && (sampled || is_notable(d->r, i));
}

static int
data_put_steps(struct pagedata *d, size_t i, const struct annex_entry *e,
    struct buf *b)
{
	size_t at = b->len, step, n = 0;

	if (!has_steps(d, i)) {
		json_add_int(b, NULL, 0);
		return 0;
	}
	if (data_read_steps(d, e))
		return -1;
	json_open(b, NULL, '[');
	for (step = d->trace.root; step != TRACE_NONE && (d->r->all ||
	    n++ < STEPS_MOST); step = trace_walk(&d->trace, step))
		put_step(d, step, b);
	json_close(b, ']');
	d->room.steps -= b->len - at < d->room.steps ? b->len - at :
	    d->room.steps;
	return 0;
}

static int
put_base(struct pagedata *d, size_t max, struct buf *b)
{
	const struct diff_pair *p = d->test.pair;

	if (!p) {
		json_add_int(b, NULL, 0);
		return 0;
	}
	if (!p->base) {
		json_add_null(b, NULL);
		return 0;
	}
	json_open(b, NULL, '[');
	json_add_int(b, NULL, p->change);
	json_add_int(b, NULL, p->flaky);
	json_add_int(b, NULL, (long long)p->base->outcome);
	put_figure(p->base->ms, b);
	put_figure(p->base->tokens, b);
	if (p->base->output == p->new->output) {
		json_add_int(b, NULL, 0);
	} else {
		if (test_read_row(d->r->diff->base, p->base, &d->base))
			return -1;
		json_open(b, NULL, '[');
		data_put_text(d, d->base.v[TEST_OUTPUT], max, b);
		json_close(b, ']');
	}
	json_close(b, ']');
	return 0;
}

/* --- runs ---------------------------------------------------------------- */

/* The number of the run's input as its persona asks it. */
static size_t
unit_number(struct pagedata *d, const struct runs_run *run)
{
	size_t *place;
	int added;

	place = set_add(&d->units, run->unit, &added);
	if (added)
		*place = d->units.n;
	return *place - 1;
}

/* The name of the trace's page, which is that of its file. */
static void
put_page(struct pagedata *d, struct buf *b)
{
	struct buf name = { 0 };

	if (!d->r->pages || trace_reset(&d->trace, json_buf(&d->test.row))) {
		json_add_null(b, NULL);
		return;
	}
	trace_file_name(&d->trace, &name);
	json_add_text(b, NULL, name.p, name.len);
	buf_release(&name);
}

/* The metadata of the run's input. */
static int
data_read_metadata(struct pagedata *d, const struct annex_entry *e,
    struct json_span *metadata)
{
	*metadata = d->test.v[TEST_METADATA];
	return json_is(*metadata, JSON_OBJECT) ? 0 :
	    annex_metadata(&d->annex, e, &d->more, metadata);
}

static int
data_put_run(struct pagedata *d, size_t i, struct buf *b)
{
	const struct runs_run *run = &d->r->runs->v[i];
	size_t max = is_notable(d->r, i) ? d->room.long_text : d->room.text;
	const struct annex_entry *e;
	struct json_span *v = d->test.v, metadata, score = { NULL, 0 };

	if (test_read(d->r, i, &d->test))
		return -1;
	e = annex_find(&d->annex, v[TEST_TRACE_ID]);
	if (data_read_metadata(d, e, &metadata))
		return -1;
	if (json_is(v[TEST_EVALUATION], JSON_OBJECT))
		score = json_get(v[TEST_EVALUATION], "score");
	json_open(b, NULL, '[');
	json_add_int(b, NULL, (long long)unit_number(d, run));
	data_put_number(v[TEST_ITERATION], b);
	json_add_int(b, NULL, run->outcome);
	put_figure(run->ms, b);
	put_figure(run->tokens, b);
	data_put_number(score, b);
	data_put_text(d, v[TEST_PERSONA], d->room.text, b);
	data_put_text(d, json_is(metadata, JSON_OBJECT) ? json_get(metadata,
	    "strategy") : (struct json_span){ NULL, 0 }, d->room.text, b);
	data_put_text(d, v[TEST_INPUT], max, b);
	data_put_text(d, v[TEST_OUTPUT], max, b);
	data_put_plain(v[TEST_RUN_ID], b);
	data_put_plain(v[TEST_TRACE_ID], b);
	put_page(d, b);
	data_put_text(d, v[TEST_ERROR_KIND], d->room.text, b);
	data_put_text(d, v[TEST_ERROR], d->room.long_text, b);
	data_put_checks(d, v[TEST_EVALUATION], b);
	if (data_put_steps(d, i, e, b) || put_base(d, max, b))
		return -1;
	json_close(b, ']');
	return 0;
}

int
pagedata_put(const struct report *r, struct out *o)
{
	struct pagedata d = { .r = r };
	struct buf *b;
	size_t i;
	int bad;

	bad = annex_open(&d.annex, r->dir);
	find_room(&d);
	for (i = 0; i < r->runs->n && !bad; i++) {
		b = out_begin(o);
		buf_puts(b, i ? ",\n" : "[\n");
		bad = data_put_run(&d, i, b) || out_end(o);
	}
	buf_puts(out_begin(o), "\n]");
	annex_release(&d.annex);
	trace_release(&d.trace);
	test_release(&d.test);
	test_release(&d.base);
	set_release(&d.texts);
	set_release(&d.units);
	buf_release(&d.more);
	buf_release(&d.records);
	return bad || out_end(o) ? -1 : 0;
}
