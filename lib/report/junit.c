/*
 * The XML of JUnit, as https://github.com/jenkinsci/xunit-plugin takes it: a
 * test case has no properties there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/json.h"
#include "io/out.h"
#include "evaluate/checks.h"
#include "evaluate/diff.h"
#include "evaluate/runs.h"
#include "evaluate/text.h"
#include "report.h"
#include "test.h"
#include "junit.h"

#define SHOWN 200		/* bytes of an attribute */
#define LONG_REASON 4000	/* bytes of why a check does not hold */

/* Whether XML 1.0 forbids a character even as a reference (production 2). */
static int
junit_is_forbidden(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') ||
	    (c >= 0xd800 && c <= 0xdfff) || c == 0xfffe || c == 0xffff;
}

/*
 * Appends text of XML 1.0; what it forbids becomes U+FFFD. Runs of plain bytes
 * are added at once.
 */
static void
put_xml(struct buf *b, const char *s, size_t n)
{
	size_t i, len, from = 0;
	uint32_t c;

	for (i = 0; i < n; i += len) {
		len = 1;
		c = (unsigned char)s[i];
		if (c >= 0x20 && c < 0x7f && !strchr("&<>\"", (int)c))
			continue;
		len = utf8_decode(s + i, n - i, &c);
		if (c >= 0x7f && !junit_is_forbidden(c) && c != 0xfffd)
			continue;
		buf_add(b, s + from, i - from);
		if (junit_is_forbidden(c) || c == 0xfffd)
			utf8_put(b, 0xfffd);
		else
			buf_printf(b, "&#%u;", (unsigned)c);
		from = i + len;
	}
	buf_add(b, s + from, n - from);
}

static void
junit_put_attribute(struct buf *b, const char *name, struct buf *value,
    size_t most)
{
	buf_printf(b, " %s=\"", name);
	put_xml(b, buf_str(value), utf8_cut(buf_str(value), value->len, most));
	buf_byte(b, '"');
}

static void
put_str_attribute(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, " %s=\"", name);
	put_xml(b, value, strlen(value));
	buf_byte(b, '"');
}

static void
put_counts(struct buf *b, const struct test_counts *c)
{
	buf_printf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
	    "time=\"%.3f\"", c->tests, c->failures, c->errors, c->seconds);
}

static void
junit_put_line(struct buf *b, const char *label, struct json_span v)
{
	struct buf text = { 0 };

	if (json_is_null(v))
		return;
	value_text(v, &text);
	buf_printf(b, "%s: ", label);
	put_xml(b, buf_str(&text), utf8_cut(buf_str(&text), text.len, SHOWN));
	buf_byte(b, '\n');
	buf_release(&text);
}

static void
put_body(struct buf *b, const char *label, struct buf *text)
{
	buf_printf(b, "%s: ", label);
	put_xml(b, buf_str(text), text->len);
	buf_puts(b, "&#10;");
}

/* Whether a test is skipped: its run was cancelled. */
static int
is_skipped(const struct test *t)
{
	return t->run->outcome == RUNS_ERROR &&
	    json_is_str(t->v[TEST_ERROR_KIND], "cancelled");
}

/* Appends why a test case does not pass. */
static void
put_miss(struct test *t, const char *element, struct buf *kind,
    struct buf *message, struct buf *why, struct buf *b)
{
	buf_printf(b, "<%s", element);
	junit_put_attribute(b, "type", kind, SHOWN);
	junit_put_attribute(b, "message", message, SHOWN);
	buf_byte(b, '>');
	put_body(b, "input", &t->input);
	put_body(b, "output", &t->output);
	put_body(b, "why", why);
	buf_printf(b, "</%s>", element);
}

/* The elements of outcomes; a pass has none. */
static const char *const elements[] = {
	[RUNS_FAIL] = "failure", [RUNS_ERROR] = "error"
};

/*
 * Appends the failure. Its message is the change since the base, and the last
 * line of the reason.
 */
static void
junit_put_failure(struct test *t, struct buf *b)
{
	struct buf message = { 0 };
	struct json_span line;

	test_explain(t);
	if (test_change(t))
		buf_printf(&message, "%s: ", test_change(t));
	line = text_last_line(&t->reason);
	buf_add(&message, line.p, line.n);
	put_miss(t, is_skipped(t) ? "skipped" : elements[t->run->outcome],
	    &t->kind, &message, &t->reason, b);
	buf_release(&message);
}

static void
begin_testcase(const struct report *r, const struct test *t,
    struct buf *name, double seconds, struct buf *b)
{
	struct buf class = { 0 };

	buf_printf(&class, "%s.", r->name);
	buf_add(&class, t->persona.p, t->persona.len);
	buf_puts(b, "<testcase");
	junit_put_attribute(b, "classname", &class, SHOWN);
	junit_put_attribute(b, "name", name, SHOWN);
	buf_printf(b, " time=\"%.3f\">", seconds);
	buf_release(&class);
}

static void
end_testcase(const struct test *t, struct buf *b)
{
	buf_puts(b, "<system-out>");
	junit_put_line(b, "run_id", t->v[TEST_RUN_ID]);
	junit_put_line(b, "trace_id", t->v[TEST_TRACE_ID]);
	if (t->pair && t->pair->base)
		buf_printf(b, "base: %s\n", test_outcome(t->pair->base));
	if (test_change(t))
		buf_printf(b, "change: %s\n", test_change(t));
	buf_puts(b, "</system-out></testcase>\n");
}

/* The checks of a run that are test cases of their own; absent if none are. */
static struct json_span
cases_of(const struct report *r, const struct test *t)
{
	struct json_iter it = checks_each(t->v[TEST_EVALUATION]);
	struct json_span key, check;

	return r->per_check && json_next(&it, &key, &check) ?
	    checks_of(t->v[TEST_EVALUATION]) : (struct json_span){ NULL, 0 };
}

static enum runs_outcome
outcome_of_check(struct json_span check)
{
	struct json_span pass = json_get(check, "pass");

	return json_is_true(pass) ? RUNS_PASS : json_is(pass, JSON_BOOL) ?
	    RUNS_FAIL : RUNS_ERROR;
}

/* Appends a check of a run; the first has the duration of the run. */
static void
junit_put_check(const struct report *r, struct test *t, struct json_span check,
    double seconds, struct buf *b)
{
	enum runs_outcome outcome = outcome_of_check(check);
	struct buf name = { 0 }, kind = { 0 }, reason = { 0 };

	buf_add(&name, t->name.p, t->name.len);
	buf_byte(&name, ' ');
	test_put_text(&name, json_get(check, "name"), SHOWN);
	test_put_text(&kind, json_get(check, "type"), SHOWN);
	test_put_text(&reason, json_get(check, outcome == RUNS_FAIL ?
	    "reason" : "error"), LONG_REASON);
	begin_testcase(r, t, &name, seconds, b);
	if (outcome != RUNS_PASS) {
		test_explain(t);
		put_miss(t, elements[outcome], &kind, &reason, &reason, b);
	}
	end_testcase(t, b);
	buf_release(&name);
	buf_release(&kind);
	buf_release(&reason);
}

static void
put_testcases(const struct report *r, struct test *t, struct buf *b)
{
	struct json_span checks = cases_of(r, t), key = { NULL, 0 }, check;
	double seconds = test_seconds(t->run);
	struct json_iter it;

	if (!checks.p) {
		begin_testcase(r, t, &t->name, seconds, b);
		if (t->run->outcome != RUNS_PASS)
			junit_put_failure(t, b);
		end_testcase(t, b);
		return;
	}
	for (it = json_each(checks); json_next(&it, &key, &check);
	    seconds = 0)
		junit_put_check(r, t, check, seconds, b);
}

/* The personas, and that of each run. */
struct suites {
	struct suite {
		char *name;
		struct test_counts counts;
		size_t skipped;
		struct buf started;	/* the first run's start, or empty */
	} *v;
	size_t n;
	size_t cap;
	size_t *of;		/* index in v of the suite of each run */
};

static void
count_cases(const struct report *r, const struct test *t,
    struct suite *suite)
{
	struct json_span checks = cases_of(r, t), key = { NULL, 0 }, check;
	struct test_counts *c = &suite->counts;
	struct json_iter it;

	if (!checks.p) {
		test_count(c, t->run);
		if (is_skipped(t)) {
			suite->skipped++;
			c->errors--;
		}
		return;
	}
	c->seconds += test_seconds(t->run);
	for (it = json_each(checks); json_next(&it, &key, &check); c->tests++) {
		c->failures += outcome_of_check(check) == RUNS_FAIL;
		c->errors += outcome_of_check(check) == RUNS_ERROR;
	}
}

static void
suites_add(struct suites *s, const struct report *r, const struct test *t,
    size_t run)
{
	struct suite *suite;
	size_t i;

	/* runs of a persona are often together */
	i = run ? s->of[run - 1] : 0;
	if (!run || strcmp(s->v[i].name, t->persona.p) != 0)
		for (i = 0; i < s->n && strcmp(s->v[i].name, t->persona.p) !=
		    0; i++)
			;
	if (i == s->n) {
		ALLOC_GROW(s->v, s->n + 1, s->cap);
		suite = &s->v[s->n++];
		memset(suite, 0, sizeof(*suite));
		suite->name = xstrdup(t->persona.p);
		if (json_is(t->v[TEST_START], JSON_STRING))
			json_text(&suite->started, t->v[TEST_START]);
	}
	s->of[run] = i;
	count_cases(r, t, &s->v[i]);
}

static void
suites_release(struct suites *s)
{
	while (s->n) {
		free(s->v[--s->n].name);
		buf_release(&s->v[s->n].started);
	}
	free(s->v);
	free(s->of);
}

static int
put_suite(const struct report *r, const struct suites *s, size_t number,
    struct test *t, struct out *o)
{
	struct suite *suite = &s->v[number];
	struct buf *b = out_begin(o);
	size_t i;

	buf_puts(b, "<testsuite");
	put_str_attribute(b, "name", suite->name);
	put_counts(b, &suite->counts);
	buf_printf(b, " skipped=\"%zu\"", suite->skipped);
	if (suite->started.len)
		junit_put_attribute(b, "timestamp", &suite->started, 19);
	buf_puts(b, ">\n");
	if (r->diff) {
		buf_puts(b, "<properties><property name=\"base\"");
		put_str_attribute(b, "value", r->base);
		buf_printf(b, "/><property name=\"compared\" value=\"%s\"/>"
		    "</properties>\n", diff_verdicts[r->diff->verdict]);
	}
	for (i = 0; i < r->runs->n; i++) {
		if (s->of[i] != number)
			continue;
		if (test_read(r, i, t))
			return -1;
		put_testcases(r, t, out_begin(o));
		if (out_end(o))
			return -1;
	}
	buf_puts(out_begin(o), "</testsuite>\n");
	return out_end(o);
}

static void
put_suites_head(const struct report *r, const struct suites *s, struct buf *b)
{
	struct test_counts all = { 0, 0, 0, 0 };
	size_t i;

	for (i = 0; i < s->n; i++) {
		all.tests += s->v[i].counts.tests;
		all.failures += s->v[i].counts.failures;
		all.errors += s->v[i].counts.errors;
		all.seconds += s->v[i].counts.seconds;
	}
	buf_puts(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	put_str_attribute(b, "name", r->name);
	put_counts(b, &all);
	buf_puts(b, ">\n");
}

int
junit_put(const struct report *r, struct out *o)
{
	struct suites s = { .n = 0 };
	struct test t = { .run = NULL };
	size_t i;
	int bad = 0;

	s.of = xreallocarray(NULL, r->runs->n + 1, sizeof(*s.of));
	for (i = 0; i < r->runs->n && !bad; i++) {
		bad = test_read(r, i, &t);
		if (!bad)
			suites_add(&s, r, &t, i);
	}
	put_suites_head(r, &s, out_begin(o));
	for (i = 0; i < s.n && !bad; i++)
		bad = put_suite(r, &s, i, &t, o);
	buf_puts(out_begin(o), "</testsuites>\n");
	suites_release(&s);
	test_release(&t);
	return bad || out_end(o) ? -1 : 0;
}
