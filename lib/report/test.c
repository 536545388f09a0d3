#include <string.h>

#include "base/utf8.h"
#include "record/excerpt.h"
#include "evaluate/checks.h"
#include "evaluate/diff.h"
#include "evaluate/runs.h"
#include "evaluate/text.h"
#include "report.h"
#include "test.h"

#define NAME_SHOWN 80		/* bytes of the input in a name */
#define LONG_TEXT 4000		/* bytes of a text in a failure */
#define MS_MOST 1e15		/* about 30,000 years; more is not a duration */
#define NO_PERSONA "default"	/* the persona of runs without one */

static const char *const test_fields[TEST_FIELDS] = {
	[TEST_TRACE_ID] = "trace_id",
	[TEST_RUN_ID] = "run_id",
	[TEST_INPUT_ID] = "input_id",
	[TEST_ITERATION] = "iteration",
	[TEST_PERSONA] = "persona",
	[TEST_INPUT] = "input",
	[TEST_OUTPUT] = "output",
	[TEST_START] = "start_time",
	[TEST_ERROR] = "error",
	[TEST_ERROR_KIND] = "error_kind",
	[TEST_EVALUATION] = "evaluation",
	[TEST_METADATA] = "metadata",
	[TEST_OBSERVATIONS] = "observations"
};

void
test_release(struct test *t)
{
	buf_release(&t->row);
	buf_release(&t->persona);
	buf_release(&t->name);
	buf_release(&t->input);
	buf_release(&t->output);
	buf_release(&t->reason);
	buf_release(&t->kind);
}

int
test_read_row(const struct runs *runs, const struct runs_run *run,
    struct test *t)
{
	struct json_fault f;

	t->run = run;
	if (runs_row(runs, run, &t->row))
		return -1;
	if (json_scan(t->row.p, t->row.len, JSON_LAX, test_fields, t->v,
	    TEST_FIELDS, &f) < 0)
		memset(t->v, 0, sizeof(t->v));
	return 0;
}

/*
 * Appends the name, which must be the same in each experiment: input, id and
 * iteration.
 */
static void
test_put_name(struct test *t)
{
	t->name.len = 0;
	excerpt_put(&t->name, t->v[TEST_INPUT], NAME_SHOWN);
	buf_puts(&t->name, t->name.len ? " [" : "[");
	if (!json_is_null(t->v[TEST_INPUT_ID]))
		value_text(t->v[TEST_INPUT_ID], &t->name);
	buf_byte(&t->name, '/');
	value_text(t->v[TEST_ITERATION], &t->name);
	buf_byte(&t->name, ']');
}

int
test_read(const struct report *r, size_t i, struct test *t)
{
	if (test_read_row(r->runs, &r->runs->v[i], t))
		return -1;
	/* pairs are in the order of the new runs */
	t->pair = r->diff ? &r->diff->pairs[i] : NULL;
	t->persona.len = 0;
	if (json_is_null(t->v[TEST_PERSONA]))
		buf_puts(&t->persona, NO_PERSONA);
	else
		value_text(t->v[TEST_PERSONA], &t->persona);
	buf_str(&t->persona);
	test_put_name(t);
	return 0;
}

/*
 * Reads the checks that do not hold, one per line; kind is the first one's
 * type.
 */
static void
read_checks(struct test *t)
{
	struct json_iter it = checks_each(t->v[TEST_EVALUATION]);
	struct json_span key, check, reason;

	while (json_next(&it, &key, &check)) {
		reason = checks_reason(check);
		if (!reason.p)
			continue;
		if (!t->kind.len)
			value_text(json_get(check, "type"), &t->kind);
		buf_puts(&t->reason, t->reason.len ? "\n" : "");
		test_put_text(&t->reason, json_get(check, "name"), NAME_SHOWN);
		buf_puts(&t->reason, ": ");
		test_put_text(&t->reason, reason, LONG_TEXT);
	}
}

/* Appends the end of an error: that of a traceback is the exception. */
static void
test_put_error(struct test *t)
{
	struct buf text = { 0 };
	size_t from;

	value_text(t->v[TEST_ERROR], &text);
	from = text.len > LONG_TEXT ? text.len - LONG_TEXT : 0;
	while (from && from < text.len && (text.p[from] & 0xc0) == 0x80)
		from++;
	buf_add(&t->reason, buf_str(&text) + from, text.len - from);
	buf_release(&text);
}

void
test_explain(struct test *t)
{
	t->input.len = t->output.len = t->reason.len = t->kind.len = 0;
	test_put_text(&t->input, t->v[TEST_INPUT], LONG_TEXT);
	test_put_text(&t->output, t->v[TEST_OUTPUT], LONG_TEXT);
	read_checks(t);
	if (!t->kind.len && !json_is_null(t->v[TEST_ERROR_KIND]))
		value_text(t->v[TEST_ERROR_KIND], &t->kind);
	if (!t->reason.len && !json_is_null(t->v[TEST_ERROR]))
		test_put_error(t);
	if (!t->kind.len)
		buf_puts(&t->kind, "failure");
}

const char *
test_change(const struct test *t)
{
	if (!t->pair || t->pair->change == DIFF_SAME)
		return NULL;
	return diff_changes[t->pair->change];
}

const char *
test_outcome(const struct runs_run *run)
{
	return run->outcome == RUNS_PASS ? "pass" :
	    run->outcome == RUNS_FAIL ? "fail" : "error";
}

/* The bytes of a string as it is spelled, from the quote on, that are enough. */
static size_t
spelled(struct json_span string, size_t max)
{
	size_t i, n = 0;

	for (i = 1; i + 1 < string.n && n <= max; n++)
		if (string.p[i] != '\\')
			i++;
		else
			i += string.p[i + 1] == 'u' ? 6 : 2;
	return i;
}

size_t
test_put_text(struct buf *b, struct json_span value, size_t max)
{
	struct buf some = { 0 }, text = { 0 };
	size_t n = json_is(value, JSON_STRING) ? spelled(value, max) : 0;
	size_t rest = 0, shown;

	if (n && n + 1 < value.n) {
		rest = value.n - 1 - n;
		buf_add(&some, value.p, n);
		buf_byte(&some, '"');
		json_text(&text, json_buf(&some));
	} else {
		value_text(value, &text);
	}
	shown = utf8_cut(text.p, text.len, max);
	rest += text.len - shown;
	buf_add(b, text.p, shown);
	buf_release(&some);
	buf_release(&text);
	return rest;
}

double
test_seconds(const struct runs_run *run)
{
	return run->ms > 0 && run->ms < MS_MOST ? run->ms / 1000 : 0;
}

void
test_count(struct test_counts *c, const struct runs_run *run)
{
	c->tests++;
	c->failures += run->outcome == RUNS_FAIL;
	c->errors += run->outcome == RUNS_ERROR;
	c->seconds += test_seconds(run);
}

struct test_counts
test_count_all(const struct runs *runs)
{
	struct test_counts c = { 0, 0, 0, 0 };
	size_t i;

	for (i = 0; i < runs->n; i++)
		test_count(&c, &runs->v[i]);
	return c;
}
