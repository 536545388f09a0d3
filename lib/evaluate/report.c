#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "base/visible.h"
#include "json/json.h"
#include "io/out.h"
#include "record/excerpt.h"
#include "report.h"
#include "runs.h"
#include "statistics.h"
#include "text.h"

#define SHOWN 200		/* bytes of a text */
#define LONG_TEXT 4000		/* bytes of one in a failure */
#define ANNOTATIONS 9		/* GitHub shows ten of a step */
#define NONE "default"		/* the persona of runs without one */

/* --- a run's texts ------------------------------------------------------- */

/* What a report says of a run. */
struct test {
	struct buf row;
	struct buf persona, input, output, reason, name, kind;
	struct json_span id, trace_id, started;
	const struct runs_run *run;
};

static void
test_release(struct test *t)
{
	buf_release(&t->row);
	buf_release(&t->persona);
	buf_release(&t->input);
	buf_release(&t->output);
	buf_release(&t->reason);
	buf_release(&t->name);
	buf_release(&t->kind);
}

/* The checks that do not hold, a line each; the first one's type in kind. */
static void
read_checks(struct json_span row, struct test *t)
{
	struct json_span evaluation = json_get(row, "evaluation"), checks, key;
	struct json_span check, reason;
	struct json_iter it;

	if (!json_is(evaluation, JSON_OBJECT))
		return;
	checks = json_get(evaluation, "checks");
	if (!json_is(checks, JSON_ARRAY))
		return;
	for (it = json_each(checks); json_next(&it, &key, &check); ) {
		reason = json_get(check, "reason");
		if (!reason.p)
			reason = json_get(check, "error");
		if (!reason.p)
			continue;
		if (!t->kind.len)
			value_text(json_get(check, "type"), &t->kind);
		buf_puts(&t->reason, t->reason.len ? "\n" : "");
		value_text(json_get(check, "name"), &t->reason);
		buf_puts(&t->reason, ": ");
		value_text(reason, &t->reason);
	}
}

/* The name has to be the same in each experiment: input, id and iteration. */
static void
put_name(struct json_span row, struct test *t)
{
	struct json_span id = json_get(row, "input_id");

	excerpt_put(&t->name, json_get(row, "input"), 80);
	buf_puts(&t->name, t->name.len ? " [" : "[");
	if (!json_is_null(id))
		value_text(id, &t->name);
	buf_byte(&t->name, '/');
	value_text(json_get(row, "iteration"), &t->name);
	buf_byte(&t->name, ']');
}

static int
test_read(const struct report *r, const struct runs_run *run, struct test *t)
{
	struct json_span row, v;
	struct json_fault f;

	t->run = run;
	if (runs_row(r->runs, run, &t->row))
		return -1;
	t->persona.len = t->input.len = t->output.len = t->reason.len =
	    t->name.len = t->kind.len = 0;
	row = json_buf(&t->row);
	if (json_scan(row.p, row.n, JSON_LAX, NULL, NULL, 0, &f) < 0) {
		t->row.len = 0;
		buf_puts(&t->row, "{}");
		row = json_buf(&t->row);
	}
	v = json_get(row, "persona");
	if (json_is_null(v))
		buf_puts(&t->persona, NONE);
	else
		value_text(v, &t->persona);
	value_text(json_get(row, "input"), &t->input);
	value_text(json_get(row, "output"), &t->output);
	put_name(row, t);
	read_checks(row, t);
	v = json_get(row, "error_kind");
	if (!t->kind.len && !json_is_null(v))
		value_text(v, &t->kind);
	v = json_get(row, "error");
	if (!t->reason.len && !json_is_null(v))
		value_text(v, &t->reason);
	if (!t->kind.len)
		buf_puts(&t->kind, "failure");
	t->id = json_get(row, "run_id");
	t->trace_id = json_get(row, "trace_id");
	t->started = json_get(row, "start_time");
	return 0;
}

/* The last line, which of a traceback is what was raised. */
static struct json_span
last_line(const struct buf *text)
{
	size_t from, end = text->len;

	while (end && text->p[end - 1] == '\n')
		end--;
	for (from = end; from && text->p[from - 1] != '\n'; from--)
		;
	return (struct json_span){ text->len ? text->p + from : "",
	    end - from };
}

/* --- counts -------------------------------------------------------------- */

struct counts {
	size_t tests, failures, errors;
	double seconds;
};

static void
count_run(struct counts *c, const struct runs_run *run)
{
	c->tests++;
	c->failures += run->outcome == RUNS_FAIL;
	c->errors += run->outcome == RUNS_ERROR;
	c->seconds += isnan(run->ms) ? 0 : run->ms / 1000;
}

static struct counts
count_all(const struct report *r)
{
	struct counts c = { 0, 0, 0, 0 };
	size_t i;

	for (i = 0; i < r->runs->n; i++)
		count_run(&c, &r->runs->v[i]);
	return c;
}

/* --- JUnit --------------------------------------------------------------- */

/*
 * Appends text of XML 1.0: what it forbids even as a reference becomes U+FFFD
 * (https://www.w3.org/TR/xml/, production 2).
 */
static void
put_xml(struct buf *b, const char *s, size_t n)
{
	uint32_t c;
	size_t i, len;

	for (i = 0; i < n; i += len) {
		len = utf8_decode(s + i, n - i, &c);
		if (c == '&')
			buf_puts(b, "&amp;");
		else if (c == '<')
			buf_puts(b, "&lt;");
		else if (c == '>')
			buf_puts(b, "&gt;");
		else if (c == '"')
			buf_puts(b, "&quot;");
		else if (c == '\n' || c == '\t' || c == '\r')
			buf_printf(b, "&#%u;", (unsigned)c);
		else if (c < 0x20 || (c >= 0xd800 && c <= 0xdfff) ||
		    c == 0xfffe || c == 0xffff)
			utf8_put(b, 0xfffd);
		else
			buf_add(b, s + i, len);
	}
}

/* The length of a text cut to a number of bytes, between two characters. */
static size_t
report_cut(const struct buf *text, size_t most)
{
	size_t n = text->len < most ? text->len : most;

	while (n < text->len && n && (text->p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
report_put_attribute(struct buf *b, const char *name, struct buf *value,
    size_t most)
{
	buf_printf(b, " %s=\"", name);
	put_xml(b, buf_str(value), report_cut(value, most));
	buf_byte(b, '"');
}

static void
put_counts(struct buf *b, const struct counts *c)
{
	buf_printf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
	    "skipped=\"0\" time=\"%.3f\"", c->tests, c->failures, c->errors,
	    c->seconds);
}

static void
put_property(struct buf *b, const char *name, struct json_span v)
{
	struct buf text = { 0 };

	if (json_is_null(v))
		return;
	value_text(v, &text);
	buf_printf(b, "<property name=\"%s\"", name);
	report_put_attribute(b, "value", &text, SHOWN);
	buf_puts(b, "/>");
	buf_release(&text);
}

static void
put_body(struct buf *b, const char *label, struct buf *text)
{
	buf_printf(b, "%s: ", label);
	put_xml(b, buf_str(text), report_cut(text, LONG_TEXT));
	buf_puts(b, "&#10;");
}

static void
put_testcase(const struct report *r, struct test *t, struct buf *b)
{
	const char *element = t->run->outcome == RUNS_ERROR ? "error" :
	    "failure";
	struct buf class = { 0 }, message = { 0 };
	struct json_span line;

	buf_printf(&class, "%s.", r->name);
	buf_add(&class, t->persona.p, t->persona.len);
	buf_puts(b, "<testcase");
	report_put_attribute(b, "classname", &class, SHOWN);
	report_put_attribute(b, "name", &t->name, SHOWN);
	buf_printf(b, " time=\"%.3f\"><properties>", isnan(t->run->ms) ? 0 :
	    t->run->ms / 1000);
	put_property(b, "run_id", t->id);
	put_property(b, "trace_id", t->trace_id);
	buf_puts(b, "</properties>");
	if (t->run->outcome != RUNS_PASS) {
		line = last_line(&t->reason);
		buf_add(&message, line.p, line.n);
		buf_printf(b, "<%s", element);
		report_put_attribute(b, "type", &t->kind, SHOWN);
		report_put_attribute(b, "message", &message, SHOWN);
		buf_byte(b, '>');
		put_body(b, "input", &t->input);
		put_body(b, "output", &t->output);
		put_body(b, "why", &t->reason);
		buf_printf(b, "</%s>", element);
	}
	buf_puts(b, "</testcase>\n");
	buf_release(&class);
	buf_release(&message);
}

/* The personas, and which each run has. */
struct suites {
	char **names;
	struct counts *counts;
	struct buf *started;	/* the first run's start, or empty */
	size_t n;
	size_t *of;		/* by run */
};

static void
suites_add(struct suites *s, const struct test *t, size_t run)
{
	size_t i;

	for (i = 0; i < s->n && strcmp(s->names[i], t->persona.p) != 0; i++)
		;
	if (i == s->n) {
		s->n++;
		s->names = xreallocarray(s->names, s->n, sizeof(char *));
		s->counts = xreallocarray(s->counts, s->n,
		    sizeof(*s->counts));
		s->started = xreallocarray(s->started, s->n,
		    sizeof(*s->started));
		s->names[i] = xstrdup(t->persona.p);
		memset(&s->counts[i], 0, sizeof(*s->counts));
		memset(&s->started[i], 0, sizeof(*s->started));
		if (json_is(t->started, JSON_STRING))
			json_text(&s->started[i], t->started);
	}
	s->of[run] = i;
	count_run(&s->counts[i], t->run);
}

static void
suites_release(struct suites *s)
{
	while (s->n) {
		free(s->names[--s->n]);
		buf_release(&s->started[s->n]);
	}
	free(s->names);
	free(s->counts);
	free(s->started);
	free(s->of);
}

static int
put_suite(const struct report *r, const struct suites *s, size_t suite,
    struct test *t, struct out *o)
{
	struct buf name = { 0 }, *b = out_begin(o);
	size_t i;

	buf_puts(&name, s->names[suite]);
	buf_puts(b, "<testsuite");
	report_put_attribute(b, "name", &name, SHOWN);
	put_counts(b, &s->counts[suite]);
	if (s->started[suite].len)
		report_put_attribute(b, "timestamp", &s->started[suite], 19);
	buf_puts(b, ">\n");
	buf_release(&name);
	for (i = 0; i < r->runs->n; i++) {
		if (s->of[i] != suite)
			continue;
		if (test_read(r, &r->runs->v[i], t))
			return -1;
		put_testcase(r, t, out_begin(o));
		if (out_end(o))
			return -1;
	}
	buf_puts(out_begin(o), "</testsuite>\n");
	return out_end(o);
}

static int
put_junit(const struct report *r, struct out *o)
{
	struct counts all = count_all(r);
	struct suites s = { .n = 0 };
	struct test t = { .run = NULL };
	struct buf name = { 0 }, *b = out_begin(o);
	size_t i;
	int bad = 0;

	s.of = xreallocarray(NULL, r->runs->n + 1, sizeof(*s.of));
	for (i = 0; i < r->runs->n && !bad; i++) {
		bad = test_read(r, &r->runs->v[i], &t);
		buf_str(&t.persona);
		if (!bad)
			suites_add(&s, &t, i);
	}
	buf_puts(&name, r->name);
	buf_puts(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	report_put_attribute(b, "name", &name, SHOWN);
	put_counts(b, &all);
	buf_puts(b, ">\n");
	for (i = 0; i < s.n && !bad; i++)
		bad = put_suite(r, &s, i, &t, o);
	buf_puts(out_begin(o), "</testsuites>\n");
	suites_release(&s);
	test_release(&t);
	buf_release(&name);
	return bad || out_end(o) ? -1 : 0;
}

/* --- Markdown ------------------------------------------------------------ */

static void
put_md_head(const struct report *r, const struct counts *c, struct buf *b)
{
	size_t passed = c->tests - c->failures - c->errors;
	struct interval ci = stat_wilson(passed, c->tests, 0.05);

	buf_printf(b, "> [!%s]\n> **", passed == c->tests ? "TIP" :
	    "CAUTION");
	text_put_md(b, r->name, strlen(r->name));
	buf_printf(b, "**: %zu of %zu runs pass\n\n", passed, c->tests);
	buf_puts(b, "| Runs | Pass | Fail | Errors | Pass rate |\n"
	    "| ---: | ---: | ---: | ---: | --- |\n");
	buf_printf(b, "| %zu | %zu | %zu | %zu | %.1f %% (%.1f to %.1f) |\n",
	    c->tests, passed, c->failures, c->errors, c->tests ?
	    100 * (double)passed / (double)c->tests : 0, 100 * ci.low,
	    100 * ci.high);
}

static void
put_md_entry(struct test *t, struct buf *b)
{
	struct json_span line = last_line(&t->reason);
	struct buf text = { 0 };

	buf_puts(b, "\n<details><summary>");
	text_put_md(b, buf_str(&t->name), t->name.len);
	buf_puts(b, "</summary>\n\n- input: ");
	excerpt_put(&text, json_get(json_buf(&t->row), "input"), SHOWN);
	text_put_md(b, buf_str(&text), text.len);
	text.len = 0;
	excerpt_put(&text, json_get(json_buf(&t->row), "output"), SHOWN);
	buf_puts(b, "\n- output: ");
	text_put_md(b, buf_str(&text), text.len);
	buf_puts(b, "\n- why: ");
	text_put_md(b, line.p, line.n);
	buf_puts(b, "\n\n</details>\n");
	buf_release(&text);
}

/* Whole entries, as long as there is room. */
static int
put_markdown(const struct report *r, struct out *o)
{
	struct counts c = count_all(r);
	struct test t = { .run = NULL };
	struct buf entry = { 0 }, *b = out_begin(o);
	size_t i, at = b->len, left_out = 0;
	int bad = 0;

	put_md_head(r, &c, b);
	for (i = 0; i < r->runs->n && !bad; i++) {
		if (r->runs->v[i].outcome == RUNS_PASS)
			continue;
		bad = test_read(r, &r->runs->v[i], &t);
		entry.len = 0;
		if (!bad)
			put_md_entry(&t, &entry);
		/* the last line has its room, too */
		if (r->most_bytes && b->len + entry.len + 100 > r->most_bytes)
			left_out++;
		else
			buf_add(b, entry.p, entry.len);
	}
	if (left_out)
		buf_printf(b, "\n%zu more left out\n", left_out);
	visible_replace(b, at, VISIBLE_LINES);
	test_release(&t);
	buf_release(&entry);
	return bad || out_end(o) ? -1 : 0;
}

/* --- GitHub, TAP --------------------------------------------------------- */

/* Appends text of a workflow command; a property has more escapes. */
static void
put_command(struct buf *b, const char *s, size_t n, int property)
{
	for (; n; s++, n--)
		if (*s == '%' || *s == '\r' || *s == '\n' ||
		    (property && (*s == ':' || *s == ',')))
			buf_printf(b, "%%%02X", (unsigned char)*s);
		else
			buf_byte(b, *s);
}

static int
put_github(const struct report *r, struct out *o)
{
	struct json_span line;
	struct test t = { .run = NULL };
	struct buf *b = out_begin(o);
	size_t i, at = b->len, n = 0;
	int bad = 0;

	for (i = 0; i < r->runs->n && !bad; i++) {
		if (r->runs->v[i].outcome == RUNS_PASS || n++ >= ANNOTATIONS)
			continue;
		bad = test_read(r, &r->runs->v[i], &t);
		buf_puts(b, "::error title=");
		put_command(b, t.name.p, t.name.len, 1);
		buf_puts(b, "::");
		line = last_line(&t.reason);
		put_command(b, line.p, line.n, 0);
		buf_byte(b, '\n');
	}
	if (n > ANNOTATIONS)
		buf_printf(b, "::error title=%zu more::and %zu more runs do "
		    "not pass\n", n - ANNOTATIONS, n - ANNOTATIONS);
	visible_replace(b, at, VISIBLE_LINES);
	test_release(&t);
	return bad || out_end(o) ? -1 : 0;
}

/* A description has no # that begins a directive, and is one line. */
static void
put_tap_text(struct buf *b, struct buf *text)
{
	size_t i;

	for (i = 0; i < text->len; i++) {
		if (text->p[i] == '#' || text->p[i] == '\\')
			buf_byte(b, '\\');
		buf_byte(b, (unsigned char)text->p[i] < ' ' ? ' ' :
		    text->p[i]);
	}
}

static int
put_tap(const struct report *r, struct out *o)
{
	struct test t = { .run = NULL };
	struct buf *b = out_begin(o);
	struct json_span line;
	size_t i, at;
	int bad = 0;

	buf_printf(b, "TAP version 14\n1..%zu\n", r->runs->n);
	for (i = 0; i < r->runs->n && !bad; i++) {
		bad = test_read(r, &r->runs->v[i], &t);
		b = out_begin(o);
		at = b->len;
		buf_printf(b, "%sok %zu - ", t.run->outcome == RUNS_PASS ?
		    "" : "not ", i + 1);
		put_tap_text(b, &t.name);
		if (t.run->outcome != RUNS_PASS) {
			buf_puts(b, "\n  ---\n  message: ");
			line = last_line(&t.reason);
			json_put_text(b, line.p, line.n);
			buf_puts(b, "\n  output: ");
			json_put_text(b, buf_str(&t.output),
			    report_cut(&t.output, LONG_TEXT));
			buf_puts(b, "\n  ...");
		}
		buf_byte(b, '\n');
		visible_replace(b, at, VISIBLE_LINES);
		bad |= out_end(o) != 0;
	}
	test_release(&t);
	return bad ? -1 : 0;
}

/* --- the formats --------------------------------------------------------- */

static const struct report_format formats[] = {
	{ "junit", put_junit, "XML that CI servers show as tests" },
	{ "md", put_markdown, "Markdown for a pull request or a summary" },
	{ "github", put_github, "annotations of a GitHub workflow" },
	{ "tap", put_tap, "the Test Anything Protocol, version 14" }
};

const struct report_format *
report_find(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

void
report_list(struct buf *b)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		buf_printf(b, "%s\t%s\n", formats[i].name,
		    formats[i].summary);
}
