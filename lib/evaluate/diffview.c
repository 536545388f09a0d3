#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "base/visible.h"
#include "json/json.h"
#include "io/out.h"
#include "record/excerpt.h"
#include "checks.h"
#include "diff.h"
#include "runs.h"
#include "text.h"
#include "diffview.h"

#define SHOWN 160		/* bytes of a text */
#define NAME_WIDE 40		/* bytes of a name that widens its column */

/* --- figures ------------------------------------------------------------- */

size_t
diffview_figures(const struct diffview *v,
    struct diffview_figure rows[DIFFVIEW_FIGURES])
{
	const struct diff *d = v->d;
	size_t n = 0;

	rows[n++] = (struct diffview_figure){ "pass rate", &d->pass, 0 };
	if (v->metric && d->metric.n)
		rows[n++] = (struct diffview_figure){ v->metric, &d->metric, 0 };
	if (d->ms.n)
		rows[n++] = (struct diffview_figure){ "median ms", &d->ms, 1 };
	if (d->tokens.n)
		rows[n++] = (struct diffview_figure){ "tokens", &d->tokens, 0 };
	return n;
}

void
diffview_put_change(const struct diffview_figure *r, struct buf *b)
{
	buf_printf(b, r->ratio ? "%.3g times run by run" : "%+.3g",
	    r->f->delta);
	if (isfinite(r->f->ci.low) && isfinite(r->f->ci.high))
		buf_printf(b, r->ratio ? ", %.3g to %.3g" : ", %+.3g to %+.3g",
		    r->f->ci.low, r->f->ci.high);
	if (!isnan(r->f->p))
		buf_printf(b, "; p %.2g by %s", r->f->p, r->f->test);
}

/*
 * Returns half the interval of the pass rate: smaller changes are not found. If
 * nothing changed, 3/n bounds the rate of changes (the rule of three).
 */
static double
smallest_seen(const struct diff *d)
{
	double half = (d->pass.ci.high - d->pass.ci.low) / 2;

	return half > 0 || !d->pass.n ? half : 3 / (double)d->pass.n;
}

/* --- texts of runs ------------------------------------------------------- */

/*
 * Appends why a run does not pass: the checks that fail, or the last line of
 * its error.
 */
static void
put_reason(struct json_span row, struct buf *b)
{
	struct json_iter it = checks_each(json_get(row, "evaluation"));
	struct json_span key, check, reason, error = json_get(row, "error");
	struct json_span line;
	struct buf text = { 0 };

	while (json_next(&it, &key, &check)) {
		reason = checks_reason(check);
		if (!reason.p)
			continue;
		buf_puts(b, b->len ? "; " : "");
		value_text(json_get(check, "name"), b);
		buf_puts(b, ": ");
		value_text(reason, b);
	}
	if (!b->len && json_is(error, JSON_STRING)) {
		json_text(&text, error);
		line = text_last_line(&text);
		buf_add(b, line.p, line.n);
	}
	buf_release(&text);
}

/* The texts of a pair. */
struct texts {
	struct buf input, persona, iteration, base, new, reason;
};

static void
texts_release(struct texts *t)
{
	buf_release(&t->input);
	buf_release(&t->persona);
	buf_release(&t->iteration);
	buf_release(&t->base);
	buf_release(&t->new);
	buf_release(&t->reason);
}

/*
 * Reads the row of a run. Returns 1; 0, if there is no run, or its file changed
 * meanwhile and has no row there; -1 if it cannot be read.
 */
static int
read_row(const struct runs *r, const struct runs_run *run, struct buf *row,
    struct json_span *v)
{
	struct json_fault f;

	if (!run)
		return 0;
	if (runs_row(r, run, row))
		return -1;
	if (json_scan(row->p, row->len, JSON_LAX, NULL, NULL, 0, &f) < 0)
		return 0;
	*v = json_buf(row);
	return 1;
}

static int
read_side(const struct runs *r, const struct runs_run *run, struct texts *t,
    struct buf *output, struct buf *row)
{
	struct json_span v;
	int got = read_row(r, run, row, &v);

	if (got <= 0)
		return got;
	excerpt_put(output, json_get(v, "output"), SHOWN);
	t->input.len = t->persona.len = t->iteration.len = t->reason.len = 0;
	excerpt_put(&t->input, json_get(v, "input"), SHOWN);
	if (!json_is_null(json_get(v, "persona")))
		value_text(json_get(v, "persona"), &t->persona);
	value_text(json_get(v, "iteration"), &t->iteration);
	put_reason(v, &t->reason);
	return 0;
}

/* Reads the texts of both; the reason is that of the new one. */
static int
read_texts(const struct diff *d, const struct diff_pair *p, struct texts *t)
{
	struct buf row = { 0 };
	int bad;

	t->base.len = t->new.len = 0;
	bad = read_side(d->base, p->base, t, &t->base, &row) ||
	    read_side(d->new, p->new, t, &t->new, &row);
	buf_release(&row);
	return bad ? -1 : 0;
}

/* --- for a terminal ------------------------------------------------------ */

static void
put_line(struct buf *b, const char *label, const struct buf *text)
{
	if (!text->len)
		return;
	buf_printf(b, "    %-5s ", label);
	visible_put(b, text->p, text->len);
	buf_byte(b, '\n');
}

/* Shows the pairs of a change, and the number of further ones. */
static int
show_pairs(const struct diffview *v, enum diff_change change, int flaky,
    const char *title, struct buf *b)
{
	const struct diff_pair *p;
	struct texts t = { .input = { 0 } };
	size_t i, n = 0;
	int bad = 0;

	for (i = 0; i < v->d->npairs && !bad; i++) {
		p = &v->d->pairs[i];
		if (p->change != change || p->flaky != flaky)
			continue;
		if (!n++)
			buf_printf(b, "\n%s\n", title);
		if (n > v->most)
			continue;
		bad = read_texts(v->d, p, &t);
		buf_puts(b, "  ");
		visible_put(b, t.input.p, t.input.len);
		buf_puts(b, t.persona.len ? "  by " : "");
		visible_put(b, t.persona.p, t.persona.len);
		buf_puts(b, "  #");
		visible_put(b, t.iteration.p, t.iteration.len);
		buf_byte(b, '\n');
		put_line(b, "base", &t.base);
		put_line(b, "new", &t.new);
		put_line(b, "why", &t.reason);
	}
	if (n > v->most)
		buf_printf(b, "  and %zu more\n", n - v->most);
	texts_release(&t);
	return bad;
}

void
diffview_put_head(const struct diff *d, struct buf *b)
{
	size_t paired = d->npairs - d->counts[DIFF_ONLY_BASE] -
	    d->counts[DIFF_ONLY_NEW];

	buf_printf(b, "%s: %zu run%s of %zu input%s on both sides: "
	    "%zu regressed, %zu improved, %zu the same", diff_verdicts[
	    d->verdict], paired, paired == 1 ? "" : "s", d->units,
	    d->units == 1 ? "" : "s", d->counts[DIFF_REGRESSED],
	    d->counts[DIFF_IMPROVED], d->counts[DIFF_SAME]);
	if (d->counts[DIFF_ERROR])
		buf_printf(b, ", %zu with an error", d->counts[DIFF_ERROR]);
	buf_byte(b, '\n');
}

static void
diffview_put_tail(const struct diff *d, struct buf *b)
{
	buf_printf(b, "\n%zu answer%s changed; %zu input%s flaky\n",
	    d->output_changed, d->output_changed == 1 ? "" : "s", d->flaky,
	    d->flaky == 1 ? " is" : "s are");
	if (d->base_errors || d->new_errors)
		buf_printf(b, "errors: %zu -> %zu (p %.2g)\n", d->base_errors,
		    d->new_errors, d->errors_p);
	if (d->counts[DIFF_ONLY_BASE] || d->counts[DIFF_ONLY_NEW])
		buf_printf(b, "without a partner: %zu only in base, %zu only "
		    "in new\n", d->counts[DIFF_ONLY_BASE],
		    d->counts[DIFF_ONLY_NEW]);
	if (d->pass.n > 1)
		buf_printf(b, "a change of the pass rate by less than %.2g "
		    "could not have been seen\n", smallest_seen(d));
}

/* "-0.2, -0.3 to -0.1; p 0.01 by McNemar, 0.03 for 3" */
static void
put_group_change(const struct diff_groups *g, size_t i, struct buf *b)
{
	const struct diffview_figure r = { .f = &g->v[i].pass };

	diffview_put_change(&r, b);
	if (!isnan(g->v[i].p))
		buf_printf(b, ", %.2g for %zu", g->v[i].p, g->n);
}

/* Shows the pass rates of groups; one alone is that of all. */
static void
text_groups(const struct diffview *v, const char *title,
    const struct diff_groups *g, struct buf *b)
{
	size_t i, len, wide = 12;

	if (g->n < 2)
		return;
	for (i = 0; i < g->n && i < v->most; i++) {
		len = strlen(g->v[i].name);
		wide = len > wide && len <= NAME_WIDE ? len : wide;
	}
	buf_printf(b, "\npass rate by %s\n", title);
	for (i = 0; i < g->n && i < v->most; i++) {
		buf_printf(b, "  %-*s %8.4g -> %-8.4g ", (int)wide,
		    g->v[i].name, g->v[i].pass.base, g->v[i].pass.new);
		put_group_change(g, i, b);
		buf_byte(b, '\n');
	}
	if (g->n > v->most)
		buf_printf(b, "  and %zu more\n", g->n - v->most);
}

int
diffview_text(const struct diffview *v, struct out *o)
{
	struct buf *b = out_begin(o);
	struct diffview_figure rows[DIFFVIEW_FIGURES];
	size_t i, n = diffview_figures(v, rows);

	diffview_put_head(v->d, b);
	buf_byte(b, '\n');
	for (i = 0; i < n; i++) {
		buf_printf(b, "  %-12s %8.4g -> %-8.4g ", rows[i].name,
		    rows[i].f->base, rows[i].f->new);
		diffview_put_change(&rows[i], b);
		buf_byte(b, '\n');
	}
	if (v->d->ms.n)
		buf_printf(b, "  %-12s %8.4g -> %.4g\n", "p95 ms",
		    v->d->p95_base, v->d->p95_new);
	text_groups(v, "persona", &v->d->personas, b);
	text_groups(v, "strategy", &v->d->strategies, b);
	if (show_pairs(v, DIFF_REGRESSED, 0, "regressed", b) ||
	    show_pairs(v, DIFF_IMPROVED, 0, "improved", b) ||
	    show_pairs(v, DIFF_REGRESSED, 1, "regressed, but flaky", b) ||
	    show_pairs(v, DIFF_IMPROVED, 1, "improved, but flaky", b))
		return -1;
	diffview_put_tail(v->d, b);
	return out_end(o);
}

/* --- for a pull request -------------------------------------------------- */

static int
md_pairs(const struct diffview *v, enum diff_change change, struct buf *b)
{
	const struct diff_pair *p;
	struct texts t = { .input = { 0 } };
	size_t i, n = 0;
	int bad = 0;

	for (i = 0; i < v->d->npairs && !bad; i++) {
		p = &v->d->pairs[i];
		if (p->change != change)
			continue;
		if (!n++)
			buf_printf(b, "\n<details><summary>%zu %s"
			    "</summary>\n\n| Input | Base | New | Why |\n"
			    "| --- | --- | --- | --- |\n",
			    v->d->counts[change], diff_changes[change]);
		if (n > v->most)
			continue;
		bad = read_texts(v->d, p, &t);
		buf_puts(b, "| ");
		text_put_md(b, buf_str(&t.input), t.input.len);
		buf_puts(b, " | ");
		text_put_md(b, buf_str(&t.base), t.base.len);
		buf_puts(b, " | ");
		text_put_md(b, buf_str(&t.new), t.new.len);
		buf_puts(b, " | ");
		text_put_md(b, buf_str(&t.reason), t.reason.len);
		buf_puts(b, " |\n");
	}
	if (n > v->most)
		buf_printf(b, "\nand %zu more\n", n - v->most);
	if (n)
		buf_puts(b, "\n</details>\n");
	texts_release(&t);
	return bad;
}

/* Appends the lines of the tail as a list, since Markdown would join them. */
static void
md_put_tail(const struct diff *d, struct buf *b)
{
	struct buf tail = { 0 };
	const char *line, *end;

	diffview_put_tail(d, &tail);
	buf_byte(b, '\n');
	for (line = buf_str(&tail) + 1; (end = strchr(line, '\n')); line =
	    end + 1)
		buf_printf(b, "- %.*s\n", (int)(end - line), line);
	buf_release(&tail);
}

static void
md_groups(const struct diffview *v, const char *title,
    const struct diff_groups *g, struct buf *b)
{
	size_t i;

	if (g->n < 2)
		return;
	buf_printf(b, "\n| Pass rate by %s | Base | New | Change |\n"
	    "| --- | ---: | ---: | --- |\n", title);
	for (i = 0; i < g->n && i < v->most; i++) {
		buf_puts(b, "| ");
		text_put_md(b, g->v[i].name, strlen(g->v[i].name));
		buf_printf(b, " | %.4g | %.4g | ", g->v[i].pass.base,
		    g->v[i].pass.new);
		put_group_change(g, i, b);
		buf_puts(b, " |\n");
	}
	if (g->n > v->most)
		buf_printf(b, "\nand %zu more\n", g->n - v->most);
}

int
diffview_put_markdown(const struct diffview *v, struct buf *b)
{
	static const char *const alerts[] = {
		[DIFF_REGRESSION] = "CAUTION", [DIFF_IMPROVEMENT] = "TIP",
		[DIFF_NO_DIFFERENCE] = "NOTE", [DIFF_TOO_FEW] = "WARNING"
	};
	struct diffview_figure rows[DIFFVIEW_FIGURES];
	size_t i, n = diffview_figures(v, rows), at = b->len;

	buf_printf(b, "> [!%s]\n> ", alerts[v->d->verdict]);
	diffview_put_head(v->d, b);
	buf_puts(b, "\n| | Base | New | Change |\n| --- | ---: | ---: | --- |"
	    "\n");
	for (i = 0; i < n; i++) {
		buf_printf(b, "| %s | %.4g | %.4g | ", rows[i].name,
		    rows[i].f->base, rows[i].f->new);
		diffview_put_change(&rows[i], b);
		buf_puts(b, " |\n");
	}
	md_groups(v, "persona", &v->d->personas, b);
	md_groups(v, "strategy", &v->d->strategies, b);
	if (md_pairs(v, DIFF_REGRESSED, b) || md_pairs(v, DIFF_IMPROVED, b))
		return -1;
	md_put_tail(v->d, b);
	visible_replace(b, at, VISIBLE_LINES);
	return 0;
}

int
diffview_markdown(const struct diffview *v, struct out *o)
{
	return diffview_put_markdown(v, out_begin(o)) ? -1 : out_end(o);
}

/* --- for programs -------------------------------------------------------- */

/* Adds the fields of a figure. */
static void
json_put_figure(struct buf *b, const struct diff_figure *f)
{
	json_add_int(b, "n", (long long)f->n);
	json_add_double(b, "base", f->base);
	json_add_double(b, "new", f->new);
	json_add_double(b, "change", f->delta);
	json_open(b, "ci", '[');
	json_add_double(b, NULL, f->ci.low);
	json_add_double(b, NULL, f->ci.high);
	json_close(b, ']');
	json_add_double(b, "p", f->p);
	json_add_str(b, "test", f->test);
}

static void
json_figure(struct buf *b, const char *key, const struct diff_figure *f)
{
	json_open(b, key, '{');
	json_put_figure(b, f);
	json_close(b, '}');
}

static void
json_groups(struct buf *b, const char *key, const struct diff_groups *g)
{
	size_t i;

	json_open(b, key, '[');
	for (i = 0; i < g->n; i++) {
		json_open(b, NULL, '{');
		json_add_str(b, "name", g->v[i].name);
		json_put_figure(b, &g->v[i].pass);
		json_add_double(b, "p_adjusted", g->v[i].p);
		json_close(b, '}');
	}
	json_close(b, ']');
}

static void
json_summary(const struct diffview *v, struct buf *b)
{
	const struct diff *d = v->d;
	size_t i;

	json_open(b, NULL, '{');
	json_add_str(b, "type", "summary");
	json_add_str(b, "verdict", diff_verdicts[d->verdict]);
	json_add_int(b, "inputs", (long long)d->units);
	for (i = 0; i < DIFF_CHANGES; i++)
		json_add_int(b, diff_changes[i], (long long)d->counts[i]);
	json_add_int(b, "flaky_inputs", (long long)d->flaky);
	json_add_int(b, "output_changed", (long long)d->output_changed);
	json_figure(b, "pass", &d->pass);
	json_figure(b, "duration_ms", &d->ms);
	json_figure(b, "tokens", &d->tokens);
	if (v->metric)
		json_figure(b, v->metric, &d->metric);
	json_groups(b, "by_persona", &d->personas);
	json_groups(b, "by_strategy", &d->strategies);
	json_open(b, "errors", '{');
	json_add_int(b, "base", (long long)d->base_errors);
	json_add_int(b, "new", (long long)d->new_errors);
	json_add_double(b, "p", d->errors_p);
	json_close(b, '}');
	json_add_double(b, "smallest_difference_seen", smallest_seen(d));
	json_close(b, '}');
	buf_byte(b, '\n');
}

static int
json_side(struct buf *b, const char *key, const struct runs *r,
    const struct runs_run *run, struct buf *row, struct json_span *whole)
{
	static const char *const outcomes[] = {
		[RUNS_FAIL] = "false", [RUNS_PASS] = "true",
		[RUNS_ERROR] = "null"
	};
	static const char *const copied[] = {
		"output", "scores", "duration_ms", "error_kind", "trace_id"
	};
	struct buf reason = { 0 };
	struct json_span v;
	size_t i;
	int got = read_row(r, run, row, whole);

	if (got <= 0)
		return got;
	json_open(b, key, '{');
	json_key(b, "pass");
	buf_puts(b, outcomes[run->outcome]);
	for (i = 0; i < LEN(copied); i++) {
		v = json_get(*whole, copied[i]);
		if (v.p) {
			json_key(b, copied[i]);
			json_compact(b, v);
		}
	}
	put_reason(*whole, &reason);
	if (reason.len && run->outcome != RUNS_PASS)
		json_add_text(b, "reason", reason.p, reason.len);
	json_close(b, '}');
	buf_release(&reason);
	return 0;
}

static int
json_pair(const struct diffview *v, const struct diff_pair *p, struct buf *b)
{
	static const char *const same[] = {
		"run_id", "input_id", "persona", "iteration", "input"
	};
	struct buf rows[2] = { { 0 }, { 0 } }, sides = { 0 };
	struct json_span whole = { 0 }, f;
	size_t i;
	int bad;

	json_open(&sides, NULL, '{');
	bad = json_side(&sides, "base", v->d->base, p->base, &rows[0],
	    &whole) || json_side(&sides, "new", v->d->new, p->new, &rows[1],
	    &whole);
	json_open(b, NULL, '{');
	for (i = 0; i < LEN(same) && whole.p && !bad; i++) {
		f = json_get(whole, same[i]);
		if (f.p) {
			json_key(b, same[i]);
			json_compact(b, f);
		}
	}
	json_add_str(b, "change", diff_changes[p->change]);
	if (p->base && p->new) {
		json_add_bool(b, "output_changed", p->base->output !=
		    p->new->output);
		json_add_bool(b, "flaky", p->flaky);
	}
	if (sides.len > 1) {
		json_comma(b);
		buf_add(b, sides.p + 1, sides.len - 1);
	}
	json_close(b, '}');
	buf_byte(b, '\n');
	buf_release(&rows[0]);
	buf_release(&rows[1]);
	buf_release(&sides);
	return bad;
}

int
diffview_jsonl(const struct diffview *v, struct out *o)
{
	size_t i;

	for (i = 0; i < v->d->npairs; i++)
		if (json_pair(v, &v->d->pairs[i], out_begin(o)) || out_end(o))
			return -1;
	return diffview_json(v, o);
}

int
diffview_json(const struct diffview *v, struct out *o)
{
	json_summary(v, out_begin(o));
	return out_end(o);
}
