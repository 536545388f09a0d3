#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "base/visible.h"
#include "agreement.h"
#include "checks.h"
#include "evaluation.h"
#include "text.h"

#define ALPHA 0.05
#define SHOWN 50		/* disagreements */

void
agreement_release(struct agreement *a)
{
	size_t i;

	for (i = 0; i < a->nchecks; i++)
		free(a->checks[i].name);
	free(a->checks);
	set_release(&a->known);
	buf_release(&a->list);
}

/* --- adding -------------------------------------------------------------- */

static struct agreement_table *
agreement_find_check(struct agreement *a, const struct buf *name)
{
	struct buf shown = { 0 };
	int added;
	size_t *place = set_add(&a->known, hash_bytes(0, 0, name->p,
	    name->len), &added);

	if (added) {
		ALLOC_GROW(a->checks, a->nchecks + 1, a->cap);
		memset(&a->checks[a->nchecks], 0, sizeof(*a->checks));
		visible_put(&shown, name->p, name->len);
		a->checks[a->nchecks].name = buf_detach(&shown, NULL);
		*place = a->nchecks++;
	}
	return &a->checks[*place];
}

static enum verdict_kind
agreement_verdict_of(struct json_span pass)
{
	if (!json_is(pass, JSON_BOOL))
		return VERDICT_NONE;
	return json_is_true(pass) ? VERDICT_PASS : VERDICT_FAIL;
}

static void
add_checks(struct agreement *a, const struct agreement_case *c)
{
	struct json_iter it = checks_each(json_buf(&c->outcome->record));
	struct json_span key, check, name;
	struct buf text = { 0 };

	while (json_next(&it, &key, &check)) {
		name = json_get(check, "name");
		if (json_is_null(name))
			name = json_get(check, "type");
		text.len = 0;
		value_text(name, &text);
		buf_str(&text);
		agreement_find_check(a, &text)->n[c->label == LABEL_PASS]
		    [agreement_verdict_of(json_get(check, "pass"))]++;
	}
	buf_release(&text);
}

/* Appends the start of a value's text, in quotes and on one line. */
static void
agreement_quote(struct buf *b, struct json_span v)
{
	struct buf text = { 0 }, quoted = { 0 };

	if (!json_is_null(v))
		value_text(v, &text);
	text_quote(&quoted, buf_str(&text), text.len);
	visible_put(b, quoted.p, quoted.len);
	buf_byte(b, '\n');
	buf_release(&text);
	buf_release(&quoted);
}

/* Appends "  WHO   fail: why". */
static void
put_opinion(struct buf *b, const char *who, const char *verdict,
    const char *why, size_t n)
{
	buf_printf(b, "    %-8s%s", who, verdict);
	if (n) {
		buf_puts(b, ": ");
		visible_put(b, why, n);
	}
	buf_byte(b, '\n');
}

static void
add_disagreement(struct agreement *a, const struct agreement_case *c)
{
	static const char *const words[] = {
		[VERDICT_NONE] = "not judged",
		[VERDICT_FAIL] = "fail",
		[VERDICT_PASS] = "pass"
	};
	const struct verdict *v = &c->outcome->verdict;

	if (a->disagreements++ >= SHOWN)
		return;
	buf_puts(&a->list, "  ");
	agreement_quote(&a->list, c->input);
	buf_printf(&a->list, "    %-8s", "answer");
	agreement_quote(&a->list, c->output);
	put_opinion(&a->list, "person", c->label == LABEL_PASS ? "pass" :
	    "fail", c->note, c->note ? strlen(c->note) : 0);
	put_opinion(&a->list, "checks", words[v->kind], v->reason.p,
	    v->kind == VERDICT_PASS ? 0 : v->reason.len);
}

void
agreement_add(struct agreement *a, const struct agreement_case *c)
{
	enum verdict_kind kind = c->outcome->verdict.kind;

	a->traces++;
	a->ties += c->label == LABEL_TIE;
	a->others += c->label == LABEL_OTHER;
	a->unlabelled += c->label == LABEL_NONE;
	if (c->label != LABEL_PASS && c->label != LABEL_FAIL)
		return;
	a->whole.n[c->label == LABEL_PASS][kind]++;
	add_checks(a, c);
	if (kind != (c->label == LABEL_PASS ? VERDICT_PASS : VERDICT_FAIL))
		add_disagreement(a, c);
}

/* --- figures ------------------------------------------------------------- */

/* Figures of the judged runs in a table. */
struct agreement_figures {
	size_t n, agreed, none;
	double kappa;
	struct interval rate, ci;
};

static void
agreement_figure(const struct agreement_table *t, struct agreement_figures *f)
{
	const size_t cells[4] = {
		t->n[1][VERDICT_PASS], t->n[1][VERDICT_FAIL],
		t->n[0][VERDICT_PASS], t->n[0][VERDICT_FAIL]
	};

	f->n = cells[0] + cells[1] + cells[2] + cells[3];
	f->agreed = cells[0] + cells[3];
	f->none = t->n[0][VERDICT_NONE] + t->n[1][VERDICT_NONE];
	f->rate = stat_wilson(f->agreed, f->n, ALPHA);
	f->kappa = stat_kappa(cells, ALPHA, &f->ci);
}

/* --- text ---------------------------------------------------------------- */

static void
put_kappa(struct buf *b, const struct agreement_figures *f)
{
	if (isnan(f->kappa))
		buf_puts(b, "none: one verdict is the only one");
	else
		buf_printf(b, "%.2f", f->kappa);
	if (!isnan(f->ci.low))
		buf_printf(b, " (%.2f to %.2f)", f->ci.low, f->ci.high);
}

static void
put_whole(const struct agreement *a, struct buf *b)
{
	static const char *const people[] = { "person fail", "person pass" };
	struct agreement_figures f;
	int i;

	agreement_figure(&a->whole, &f);
	buf_printf(b, "%16s %12s %12s %12s\n", "", "checks pass",
	    "checks fail", "not judged");
	for (i = 1; i >= 0; i--)
		buf_printf(b, "  %-14s %12zu %12zu %12zu\n", people[i],
		    a->whole.n[i][VERDICT_PASS], a->whole.n[i][VERDICT_FAIL],
		    a->whole.n[i][VERDICT_NONE]);
	if (!f.n)
		return;
	buf_printf(b, "\n  agreement     %zu of %zu, %.2f (%.2f to %.2f)\n"
	    "  kappa         ", f.agreed, f.n, (double)f.agreed /
	    (double)f.n, f.rate.low, f.rate.high);
	put_kappa(b, &f);
	buf_byte(b, '\n');
}

static void
put_checks(const struct agreement *a, struct buf *b)
{
	struct agreement_figures f;
	size_t i;

	if (a->nchecks < 2)
		return;
	buf_printf(b, "\n  %-24s %6s %10s  %s\n", "by check", "n",
	    "agreement", "kappa");
	for (i = 0; i < a->nchecks; i++) {
		agreement_figure(&a->checks[i], &f);
		if (!f.n) {
			buf_printf(b, "  %-24s %6d\n", a->checks[i].name, 0);
			continue;
		}
		buf_printf(b, "  %-24s %6zu %10.2f  ", a->checks[i].name, f.n,
		    (double)f.agreed / (double)f.n);
		put_kappa(b, &f);
		buf_byte(b, '\n');
	}
}

void
agreement_put_text(const struct agreement *a, struct buf *b)
{
	size_t labelled = a->traces - a->unlabelled - a->ties - a->others;

	buf_printf(b, "%zu of %zu traces are labelled", labelled, a->traces);
	if (a->others)
		buf_printf(b, "; of %zu only other answers are",
		    a->others);
	if (a->ties)
		buf_printf(b, "; people disagree about %zu", a->ties);
	buf_byte(b, '\n');
	if (!labelled)
		return;
	buf_byte(b, '\n');
	put_whole(a, b);
	put_checks(a, b);
	if (!a->disagreements)
		return;
	buf_printf(b, "\ndisagreements: %zu\n", a->disagreements);
	buf_add(b, a->list.p, a->list.len);
	if (a->disagreements > SHOWN)
		buf_printf(b, "  and %zu more\n", a->disagreements - SHOWN);
}

/* --- JSON ---------------------------------------------------------------- */

static void
agreement_put_table(struct buf *b, const char *key,
    const struct agreement_table *t)
{
	struct agreement_figures f;

	agreement_figure(t, &f);
	json_open(b, key, '{');
	if (t->name)
		json_add_str(b, "name", t->name);
	json_add_int(b, "n", (long long)f.n);
	json_add_int(b, "agreed", (long long)f.agreed);
	json_add_int(b, "false_pass", (long long)t->n[0][VERDICT_PASS]);
	json_add_int(b, "false_fail", (long long)t->n[1][VERDICT_FAIL]);
	json_add_int(b, "not_judged", (long long)f.none);
	json_add_double(b, "kappa", f.kappa);
	json_open(b, "kappa_ci", '[');
	json_add_double(b, NULL, f.ci.low);
	json_add_double(b, NULL, f.ci.high);
	json_close(b, ']');
	json_close(b, '}');
}

void
agreement_put_json(const struct agreement *a, struct buf *b)
{
	size_t i;

	json_open(b, "agreement", '{');
	agreement_put_table(b, "verdict", &a->whole);
	json_open(b, "checks", '[');
	for (i = 0; i < a->nchecks; i++)
		agreement_put_table(b, NULL, &a->checks[i]);
	json_close(b, ']');
	json_add_int(b, "unlabelled", (long long)a->unlabelled);
	json_add_int(b, "other_answers", (long long)a->others);
	json_add_int(b, "ties", (long long)a->ties);
	json_close(b, '}');
}
