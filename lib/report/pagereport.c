/*
 * An experiment as a page that needs no other file: the figures in it, the runs
 * as JSON (pagedata.h), which the script draws.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "io/out.h"
#include "evaluate/diff.h"
#include "evaluate/diffview.h"
#include "evaluate/runs.h"
#include "evaluate/statistics.h"
#include "format/markup.h"
#include "annex.h"
#include "pagedata.h"
#include "pageparts.h"
#include "report.h"
#include "test.h"
#include "pagereport.h"

#define NAME_SHOWN 200		/* characters */

/* --- the verdict --------------------------------------------------------- */

/* The evaluation's summary.json; gates are absent if there are none. */
struct standing_file {
	struct buf text;
	struct json_span gates;
	size_t missed, n;
};

/* Reads the gates, which may be missing. Returns 0, or -1 with errno set. */
static int
read_gates(const struct report *r, struct standing_file *s)
{
	struct json_span all, key, gate;
	struct json_fault f;
	struct json_iter it;
	int bad;

	if (!r->dir)
		return 0;
	bad = annex_summary(r->dir, &s->text);
	if (bad || !s->text.len || json_scan(s->text.p, s->text.len, 0, NULL,
	    NULL, 0, &f) < 0)
		return bad ? -1 : 0;
	all = json_buf(&s->text);
	if (json_is(all, JSON_OBJECT))
		s->gates = json_get(all, "gates");
	if (!json_is(s->gates, JSON_ARRAY))
		return 0;
	for (it = json_each(s->gates); json_next(&it, &key, &gate); s->n++)
		s->missed += !json_is(gate, JSON_OBJECT) ||
		    !json_is_true(json_get(gate, "met"));
	return 0;
}

static void
put_badge(struct buf *b, const char *kind, const char *fmt, ...)
{
	va_list ap;

	buf_printf(b, " <em class=\"%s\">", kind);
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
	buf_puts(b, "</em>");
}

/* Appends the verdict, which comes first on the page. */
static void
page_put_verdict(const struct report *r, const struct standing_file *s,
    const struct test_counts *c, struct buf *b)
{
	static const char *const kinds[] = {
		[DIFF_REGRESSION] = "failed", [DIFF_IMPROVEMENT] = "success",
		[DIFF_NO_DIFFERENCE] = "unknown", [DIFF_TOO_FEW] = "unknown"
	};
	size_t missed = c->failures + c->errors;

	if (r->diff)
		put_badge(b, kinds[r->diff->verdict], "%s",
		    diff_verdicts[r->diff->verdict]);
	if (s->n && s->missed)
		put_badge(b, "failed", "%zu of %zu gate%s missed", s->missed,
		    s->n, s->n == 1 ? "" : "s");
	else if (s->n)
		put_badge(b, "success", s->n == 1 ? "the gate is met" :
		    "all %zu gates are met", s->n);
	else if (!r->diff && missed)
		put_badge(b, "failed", "%zu of %zu runs do not pass", missed,
		    c->tests);
	else if (!r->diff)
		put_badge(b, "success", "all runs pass");
}

static void
page_put_gate(struct json_span gate, struct buf *b)
{
	struct json_span name = json_get(gate, "name"), limit;
	int met = json_is_true(json_get(gate, "met"));
	struct buf text = { 0 };
	double d = 0;

	test_put_text(&text, name, NAME_SHOWN);
	buf_printf(b, "<li class=\"%s\"><b>%s</b> ", met ? "success" :
	    "failed", met ? "met" : "missed");
	markup_put_text(b, &text, NAME_SHOWN, 0);
	if (json_is(json_get(gate, "value"), JSON_NUMBER) &&
	    json_double(json_get(gate, "value"), &d))
		buf_printf(b, ": %.4g", d);
	limit = json_get(gate, "at_least");
	if (json_is(limit, JSON_NUMBER) && json_double(limit, &d))
		buf_printf(b, ", at least %.4g", d);
	limit = json_get(gate, "at_most");
	if (json_is(limit, JSON_NUMBER) && json_double(limit, &d))
		buf_printf(b, ", at most %.4g", d);
	buf_puts(b, "</li>\n");
	buf_release(&text);
}

static void
page_put_gates(const struct standing_file *s, struct buf *b)
{
	struct json_span key, gate;
	struct json_iter it;

	if (!s->n)
		return;
	buf_puts(b, "<ul id=\"gates\" aria-label=\"Gates\">\n");
	for (it = json_each(s->gates); json_next(&it, &key, &gate); )
		if (json_is(gate, JSON_OBJECT))
			page_put_gate(gate, b);
	buf_puts(b, "</ul>\n");
}

/* --- figures ------------------------------------------------------------- */

static void
put_rate(const struct test_counts *c, struct buf *b)
{
	size_t passed = c->tests - c->failures - c->errors;
	struct interval ci = stat_wilson(passed, c->tests, 0.05);

	markup_begin_fact(b, "Pass rate");
	buf_printf(b, "<strong>%.1f %%</strong> <small title=\"95 %% interval"
	    "\">%.1f to %.1f</small>", 100 * (double)passed /
	    (double)c->tests, 100 * ci.low, 100 * ci.high);
	markup_end_fact(b);
	markup_begin_fact(b, "Runs");
	buf_printf(b, "%zu <small>%zu pass, %zu fail", c->tests, passed,
	    c->failures);
	if (c->errors)
		buf_printf(b, ", %zu error%s", c->errors, c->errors == 1 ?
		    "" : "s");
	buf_puts(b, "</small>");
	markup_end_fact(b);
}

/* The percentiles of all runs that have a duration. */
static void
put_durations(const struct runs *runs, struct buf *b)
{
	double *ms = xreallocarray(NULL, runs->n, sizeof(*ms));
	size_t i, n = 0;

	for (i = 0; i < runs->n; i++)
		if (isfinite(runs->v[i].ms))
			ms[n++] = runs->v[i].ms;
	qsort(ms, n, sizeof(*ms), stat_by_value);
	if (n) {
		markup_begin_fact(b, "p50");
		markup_put_ms(b, stat_percentile(ms, n, 50));
		markup_end_fact(b);
		markup_begin_fact(b, "p95");
		markup_put_ms(b, stat_percentile(ms, n, 95));
		markup_end_fact(b);
	}
	free(ms);
}

static void
put_tokens(const struct runs *runs, struct buf *b)
{
	double sum = 0;
	size_t i, n = 0;

	for (i = 0; i < runs->n; i++)
		if (isfinite(runs->v[i].tokens)) {
			sum += runs->v[i].tokens;
			n++;
		}
	if (!n)
		return;
	markup_begin_fact(b, "Tokens");
	buf_printf(b, "%.0f <small>%.4g a run</small>", sum, sum /
	    (double)n);
	markup_end_fact(b);
}

/* When the first run of the experiment began. */
static int
page_put_start(const struct report *r, struct buf *b)
{
	struct test t = { .run = NULL };
	struct buf text = { 0 };
	int bad = test_read(r, 0, &t);

	if (!bad && json_is(t.v[TEST_START], JSON_STRING)) {
		test_put_text(&text, t.v[TEST_START], 19);
		markup_begin_fact(b, "Started");
		markup_put_text(b, &text, NAME_SHOWN, 0);
		markup_end_fact(b);
	}
	buf_release(&text);
	test_release(&t);
	return bad;
}

/* The comparison: its sentence, and a table of its figures. */
static void
put_diff(const struct report *r, struct buf *b)
{
	struct diffview v = { r->diff, NULL, 0 };
	struct diffview_figure rows[DIFFVIEW_FIGURES];
	size_t i, n = diffview_figures(&v, rows);
	struct buf text = { 0 };

	buf_puts(&text, r->base);
	buf_puts(b, "<section id=\"compared\" aria-label=\"Comparison\">\n"
	    "<p>Compared with <b><bdi>");
	markup_put_text(b, &text, NAME_SHOWN, 0);
	buf_puts(b, "</bdi></b>: ");
	text.len = 0;
	diffview_put_head(r->diff, &text);
	text.len--;
	markup_put_text(b, &text, SIZE_MAX, 0);
	if (r->diff->counts[DIFF_ONLY_BASE])
		buf_printf(b, "; %zu only in the base",
		    r->diff->counts[DIFF_ONLY_BASE]);
	buf_puts(b, "</p>\n<table><thead><tr><th></th><th class=\"number\">"
	    "Base</th><th class=\"number\">New</th><th>Change</th></tr>"
	    "</thead><tbody>\n");
	for (i = 0; i < n; i++) {
		buf_printf(b, "<tr><td>%s</td><td class=\"number\">%.4g</td>"
		    "<td class=\"number\">%.4g</td><td>", rows[i].name,
		    rows[i].f->base, rows[i].f->new);
		diffview_put_change(&rows[i], b);
		buf_puts(b, "</td></tr>\n");
	}
	buf_puts(b, "</tbody></table>\n</section>\n");
	buf_release(&text);
}

/* --- the page ------------------------------------------------------------ */

static void
put_head(const char *name, struct buf *b)
{
	struct buf text = { 0 };

	buf_puts(&text, name);
	buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n");
	buf_printf(b, "<meta http-equiv=\"Content-Security-Policy\" "
	    "content=\"default-src 'none'; base-uri 'none'; "
	    "form-action 'none'; require-trusted-types-for 'script'; "
	    "style-src '%s'; script-src '%s'\">\n", page_report_style.hash,
	    page_report_script.hash);
	buf_puts(b, "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	markup_put_text(b, &text, NAME_SHOWN, 0);
	buf_printf(b, "</title>\n<style>%s</style>\n</head>\n<body>\n"
	    "<header>\n<h1><bdi>", page_report_style.text);
	markup_put_text(b, &text, NAME_SHOWN, 0);
	buf_puts(b, "</bdi>");
	buf_release(&text);
}

static int
put_top(const struct report *r, struct buf *b)
{
	struct test_counts c = test_count_all(r->runs);
	struct standing_file s = { .n = 0 };
	int bad = read_gates(r, &s);

	put_head(r->name, b);
	page_put_verdict(r, &s, &c, b);
	buf_puts(b, "</h1>\n<dl>\n");
	put_rate(&c, b);
	put_durations(r->runs, b);
	put_tokens(r->runs, b);
	bad = bad || page_put_start(r, b);
	buf_puts(b, "</dl>\n");
	page_put_gates(&s, b);
	buf_puts(b, "</header>\n");
	if (r->diff)
		put_diff(r, b);
	buf_puts(b, "<noscript>The runs and the pictures need JavaScript."
	    "</noscript>\n<main id=\"report\"></main>\n");
	buf_release(&s.text);
	return bad;
}

/* The names that the script needs, and the runs. */
static int
put_island(const struct report *r, struct out *o)
{
	struct buf json = { 0 }, *b = out_begin(o);

	json_open(&json, NULL, '{');
	json_add_str(&json, "base", r->diff ? r->base : NULL);
	json_add_str(&json, "pages", r->pages);
	json_key(&json, "changes");
	json_open(&json, NULL, '[');
	if (r->diff) {
		size_t i;

		for (i = 0; i < DIFF_CHANGES; i++)
			json_add_str(&json, NULL, diff_changes[i]);
	}
	json_close(&json, ']');
	json_key(&json, "runs");
	buf_puts(b, "<script type=\"application/json\" id=\"data\">");
	markup_put_json(b, json.p, json.len);
	buf_release(&json);
	if (out_end(o) || pagedata_put(r, o))
		return -1;
	buf_puts(out_begin(o), "}</script>\n");
	return out_end(o);
}

int
page_report_put(const struct report *r, struct out *o)
{
	if (put_top(r, out_begin(o)) || out_end(o) || put_island(r, o))
		return -1;
	buf_printf(out_begin(o), "<script>%s</script>\n</body>\n</html>\n",
	    page_report_script.text);
	return out_end(o);
}
