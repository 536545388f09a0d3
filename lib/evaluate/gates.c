#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "agreement.h"
#include "assertion.h"
#include "checks.h"
#include "evaluation.h"
#include "text.h"
#include "gates.h"

#define REASONS_MAX 10000	/* reasons that are counted */
#define REASONS_SHOWN 10
#define INPUTS_SHOWN 10
#define EPSILON 1e-9		/* so that 27 of 30 reach 0.9 */

static void
names_release(struct standing_names *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
	set_release(&l->known);
}

void
standing_release(struct standing *s)
{
	size_t i;

	for (i = 0; i < s->ninputs; i++)
		free(s->inputs[i].name);
	free(s->inputs);
	set_release(&s->known);
	names_release(&s->scores);
	names_release(&s->personas);
	names_release(&s->reasons);
}

/* --- adding -------------------------------------------------------------- */

static struct standing_name *
gates_find_name(struct standing_names *l, const char *name, size_t n)
{
	int added;
	size_t *place = set_add(&l->known, hash_bytes(0, 0, name, n), &added);

	if (added) {
		ALLOC_GROW(l->v, l->n + 1, l->cap);
		memset(&l->v[l->n], 0, sizeof(*l->v));
		l->v[l->n].name = xmemdup(name, n);
		*place = l->n++;
	}
	return &l->v[*place];
}

static void
add_score(struct standing_name *e, double d, int passed)
{
	e->min = !e->n || d < e->min ? d : e->min;
	e->max = !e->n || d > e->max ? d : e->max;
	e->sum += d;
	e->n++;
	e->passed += (size_t)passed;
}

static void
add_scores(struct standing *s, const struct outcome *o)
{
	struct json_iter it = json_each(json_buf(&o->scores));
	struct json_span key, value;
	struct buf name = { 0 };
	double d;

	while (json_next(&it, &key, &value)) {
		name.len = 0;
		json_text(&name, key);
		if (json_double(value, &d))
			add_score(gates_find_name(&s->scores, buf_str(&name),
			    name.len), d, 0);
	}
	buf_release(&name);
}

static void
add_reasons(struct standing *s, const struct outcome *o)
{
	struct json_iter it = checks_each(json_buf(&o->record));
	struct json_span key, check, reason;
	struct buf text = { 0 };

	while (s->reasons.n < REASONS_MAX && json_next(&it, &key, &check)) {
		reason = checks_reason(check);
		if (!reason.p)
			continue;
		text.len = 0;
		json_text(&text, reason);
		gates_find_name(&s->reasons, buf_str(&text), text.len)->n++;
	}
	buf_release(&text);
}

/*
 * Returns the figures of an input, found by its id or else its text, and the
 * persona.
 */
static struct standing_input *
gates_find_input(struct standing *s, const struct standing_run *r)
{
	struct json_span id = json_is_null(r->input_id) ? r->input :
	    r->input_id;
	struct buf key = { 0 };
	struct standing_input *in;
	size_t *place;
	int added;

	if (id.p)
		buf_add(&key, id.p, id.n);
	buf_byte(&key, '\0');
	if (!json_is_null(r->persona))
		buf_add(&key, r->persona.p, r->persona.n);
	place = set_add(&s->known, hash_bytes(0, 0, key.p, key.len), &added);
	if (added) {
		ALLOC_GROW(s->inputs, s->ninputs + 1, s->cap);
		in = &s->inputs[s->ninputs];
		memset(in, 0, sizeof(*in));
		*place = s->ninputs++;
	}
	in = &s->inputs[*place];
	buf_release(&key);
	return in;
}

/*
 * Sets the name of an input, once a run of it does not pass: only then it is
 * shown.
 */
static void
name_input(struct standing_input *in, const struct standing_run *r)
{
	struct buf text = { 0 }, name = { 0 };

	value_text(r->input, &text);
	text_quote(&name, buf_str(&text), text.len);
	if (!json_is_null(r->persona)) {
		buf_puts(&name, " by ");
		value_text(r->persona, &name);
	}
	in->name = buf_detach(&name, NULL);
	buf_release(&text);
}

void
standing_add(struct standing *s, const struct standing_run *r)
{
	const struct verdict *v = &r->outcome->verdict;
	struct standing_input *in = gates_find_input(s, r);
	struct buf persona = { 0 };
	double ms;

	s->runs++;
	s->passed += v->kind == VERDICT_PASS;
	s->failed += v->kind == VERDICT_FAIL;
	s->none += v->kind == VERDICT_NONE;
	if (!isnan(v->score)) {
		s->scored++;
		s->score += v->score;
	}
	in->runs++;
	in->passed += v->kind == VERDICT_PASS;
	if (v->kind != VERDICT_PASS && !in->name)
		name_input(in, r);
	if (json_double(r->duration, &ms)) {
		s->duration += ms;
		s->longest = ms > s->longest ? ms : s->longest;
		s->durations++;
	}
	s->unsuccessful += json_is_null(r->success) ?
	    v->kind != VERDICT_PASS : !json_is_true(r->success);
	if (json_is_null(r->persona))
		buf_puts(&persona, "default");
	else
		value_text(r->persona, &persona);
	add_score(gates_find_name(&s->personas, buf_str(&persona),
	    persona.len), isnan(v->score) ? 0 : v->score,
	    v->kind == VERDICT_PASS);
	add_scores(s, r->outcome);
	if (r->outcome->misses)
		add_reasons(s, r->outcome);
	buf_release(&persona);
}

/* --- gates --------------------------------------------------------------- */

int
gates_read_pass_hat_k(struct gates *g, const char *text)
{
	unsigned k;
	double p;
	char end;
	size_t digits = strspn(text, "0123456789");

	/* sscanf takes signs, and wraps what does not fit */
	if (!digits || digits > 9 ||
	    sscanf(text, "%u:%lf%c", &k, &p, &end) != 2 || !k ||
	    !(p >= 0 && p <= 1))
		return -1;
	g->k = k;
	g->min_pass_hat_k = p;
	return 0;
}

int
gates_read(struct gates *g, const struct evaluation *v, const char **bad)
{
	struct {
		const char *path;
		double *gate;
	} rates[] = {
		{ "gates.min_pass_rate", &g->min_pass_rate },
		{ "gates.min_input_pass_rate", &g->min_input_pass_rate },
		{ "gates.min_score", &g->min_score }
	};
	struct json_span value;
	struct buf text = { 0 };
	size_t i;
	double d;

	for (i = 0; i < LEN(rates); i++) {
		value = evaluation_get(v, rates[i].path);
		*bad = rates[i].path;
		if (json_is_null(value) || *rates[i].gate >= 0)
			continue;
		if (!value_number(value, &d) || d < 0 || d > 1)
			return -1;
		*rates[i].gate = d;
	}
	*bad = "gates.min_pass_hat_k";
	value = evaluation_get(v, *bad);
	if (json_is_null(value) || g->min_pass_hat_k >= 0)
		return 0;
	value_text(value, &text);
	i = (size_t)gates_read_pass_hat_k(g, buf_str(&text));
	buf_release(&text);
	return i ? -1 : 0;
}

int
gates_are_set(const struct gates *g, const struct evaluation *v)
{
	return g->min_pass_rate >= 0 || g->min_input_pass_rate >= 0 ||
	    g->min_score >= 0 || g->min_pass_hat_k >= 0 ||
	    json_is(evaluation_get(v, "success_criteria"), JSON_OBJECT);
}

/* Reports a gate that was missed; appends every gate to b, unless it is NULL. */
struct gatekeeper {
	void (*report)(const char *msg);
	struct buf *b;
	size_t missed;
};

/* Writes {"name","value","at_least","at_most","met"}; a limit may be infinite. */
static void
put_gate(struct buf *b, const char *what, double is, double least, double most,
    int met)
{
	json_open(b, NULL, '{');
	json_add_str(b, "name", what);
	json_add_double(b, "value", is);
	if (isfinite(least) && (least > 0 || !isfinite(most)))
		json_add_double(b, "at_least", least);
	if (isfinite(most))
		json_add_double(b, "at_most", most);
	json_add_bool(b, "met", met);
	json_close(b, '}');
}

static void
demand(struct gatekeeper *k, const char *what, double is, double least,
    double most)
{
	int met = is + EPSILON >= least && is - EPSILON <= most;
	char *msg;

	if (k->b)
		put_gate(k->b, what, is, least, most, met);
	if (met)
		return;
	k->missed++;
	msg = xasprintf("%s is %.4g: expected %s %.4g", what, is,
	    is + EPSILON < least ? "at least" : "at most",
	    is + EPSILON < least ? least : most);
	k->report(msg);
	free(msg);
}

static double
input_rate(const struct standing_input *in)
{
	return (double)in->passed / (double)in->runs;
}

/* Names the inputs that missed, the worst first. */
static int
by_rate(const void *x, const void *y)
{
	const struct standing_input *a = x, *b = y;
	double d = input_rate(a) - input_rate(b);

	return d < 0 ? -1 : d > 0 ? 1 : strcmp(a->name, b->name);
}

static void
demand_inputs(struct gatekeeper *k, const struct standing *s, double least)
{
	struct standing_input *in = xreallocarray(NULL, s->ninputs + 1,
	    sizeof(*in));
	size_t i, missed = 0;
	double worst = 1;
	char *msg;

	for (i = 0; i < s->ninputs; i++)
		worst = fmin(worst, input_rate(&s->inputs[i]));
	if (k->b)
		put_gate(k->b, "the pass rate of each input", worst, least,
		    HUGE_VAL, worst + EPSILON >= least);
	for (i = 0; i < s->ninputs; i++)
		if (input_rate(&s->inputs[i]) + EPSILON < least)
			in[missed++] = s->inputs[i];
	qsort(in, missed, sizeof(*in), by_rate);
	for (i = 0; i < missed && i < INPUTS_SHOWN; i++) {
		msg = xasprintf("%u of %u runs of %s pass: expected at "
		    "least %.4g of them", in[i].passed, in[i].runs, in[i].name, least);
		k->report(msg);
		free(msg);
	}
	if (missed > INPUTS_SHOWN) {
		msg = xasprintf("and %zu more inputs", missed - INPUTS_SHOWN);
		k->report(msg);
		free(msg);
	}
	k->missed += missed > 0;
	free(in);
}

/* Mean of C(passed,k)/C(runs,k) over the inputs with at least k runs. */
static double
pass_hat_k(const struct standing *s, unsigned k)
{
	const struct standing_input *in;
	double sum = 0, chance;
	size_t i, n = 0;
	unsigned j;

	for (i = 0; i < s->ninputs; i++) {
		in = &s->inputs[i];
		if (in->runs < k)
			continue;
		for (j = 0, chance = 1; j < k; j++)
			chance *= in->passed > j ? (double)(in->passed - j) /
			    (double)(in->runs - j) : 0;
		sum += chance;
		n++;
	}
	return n ? sum / (double)n : -1;
}

static double
rate(const struct standing *s)
{
	return s->runs ? (double)s->passed / (double)s->runs : 0;
}

static double
mean_score(const struct standing *s)
{
	return s->scored ? s->score / (double)s->scored : 0;
}

/*
 * Reads success_criteria.performance.NAME. Returns 1 with its limit if enabled.
 */
static int
criterion(const struct evaluation *v, const char *name, const char *limit,
    double *d)
{
	struct json_span c;
	char *path = xasprintf("success_criteria.performance.%s", name);

	c = evaluation_get(v, path);
	free(path);
	return json_is(c, JSON_OBJECT) && json_is_true(json_get(c,
	    "enabled")) && value_number(json_get(c, limit), d);
}

static void
demand_criteria(struct gatekeeper *k, const struct standing *s,
    const struct evaluation *v)
{
	double limit;

	if (json_is_true(evaluation_get(v, "success_criteria.performance."
	    "all_traces_successful")))
		demand(k, "the number of failed runs",
		    (double)s->unsuccessful, 0, 0);
	if (criterion(v, "avg_response_time", "threshold_ms", &limit) &&
	    s->durations)
		demand(k, "the average response time in ms",
		    s->duration / (double)s->durations, 0, limit);
	if (criterion(v, "max_response_time", "threshold_ms", &limit) &&
	    s->durations)
		demand(k, "the longest response time in ms", s->longest, 0,
		    limit);
	if (criterion(v, "error_rate", "threshold_percent", &limit) &&
	    s->runs)
		demand(k, "the error rate in percent",
		    (double)s->unsuccessful * 100 / (double)s->runs, 0, limit);
}

/* Adds a gate: the evaluators of a name must reach the threshold on average. */
static void
demand_quality(struct gatekeeper *k, const struct standing *s,
    const struct evaluation *v)
{
	struct json_span quality = evaluation_get(v,
	    "success_criteria.quality"), key, value;
	struct json_iter it;
	struct buf name = { 0 };
	size_t i;

	if (!json_is(quality, JSON_OBJECT))
		return;
	for (it = json_each(quality); json_next(&it, &key, &value); ) {
		name.len = 0;
		json_text(&name, key);
		for (i = 0; json_is_true(value) && i < s->scores.n; i++)
			if (!strcmp(s->scores.v[i].name, buf_str(&name)))
				demand(k, buf_str(&name), s->scores.v[i].sum /
				    (double)s->scores.v[i].n,
				    evaluation_threshold(v), HUGE_VAL);
	}
	buf_release(&name);
}

static void
demand_all(struct gatekeeper *k, const struct gates *g,
    const struct standing *s, const struct evaluation *v)
{
	char *what;
	double chance;

	if (g->min_pass_rate >= 0)
		demand(k, "the pass rate", rate(s), g->min_pass_rate,
		    HUGE_VAL);
	if (g->min_score >= 0)
		demand(k, "the average score", mean_score(s), g->min_score,
		    HUGE_VAL);
	if (g->min_input_pass_rate >= 0)
		demand_inputs(k, s, g->min_input_pass_rate);
	if (g->min_pass_hat_k >= 0) {
		chance = pass_hat_k(s, g->k);
		what = chance < 0 ? xasprintf("no input has %u runs: pass^%u",
		    g->k, g->k) : xasprintf("pass^%u", g->k);
		demand(k, what, chance < 0 ? 0 : chance, g->min_pass_hat_k,
		    HUGE_VAL);
		free(what);
	}
	demand_criteria(k, s, v);
	demand_quality(k, s, v);
}

size_t
gates_check(const struct gates *g, const struct standing *s,
    const struct evaluation *v, void (*report)(const char *msg))
{
	struct gatekeeper k = { report, NULL, 0 };

	demand_all(&k, g, s, v);
	return k.missed;
}

/* --- the summary --------------------------------------------------------- */

static void
put_stats(const struct standing *s, struct buf *b)
{
	const struct standing_name *e;
	size_t i;

	json_open(b, "evaluator_stats", '{');
	for (i = 0; i < s->scores.n; i++) {
		e = &s->scores.v[i];
		json_open(b, e->name, '{');
		json_add_double(b, "average", e->sum / (double)e->n);
		json_add_double(b, "min", e->min);
		json_add_double(b, "max", e->max);
		json_add_int(b, "count", (long long)e->n);
		json_close(b, '}');
	}
	json_close(b, '}');
}

static void
put_personas(const struct standing *s, const struct evaluation *v,
    struct buf *b)
{
	const struct standing_name *e;
	size_t i;

	json_open(b, "persona_breakdown", '{');
	for (i = 0; json_is_true(evaluation_get(v, "aggregate.by_persona")) &&
	    i < s->personas.n; i++) {
		e = &s->personas.v[i];
		json_open(b, e->name, '{');
		json_add_int(b, "count", (long long)e->n);
		json_add_double(b, "average_score", e->sum / (double)e->n);
		json_add_double(b, "pass_rate", (double)e->passed /
		    (double)e->n);
		json_close(b, '}');
	}
	json_close(b, '}');
}

static int
by_count(const void *x, const void *y)
{
	const struct standing_name *a = x, *b = y;

	return a->n != b->n ? (a->n < b->n ? 1 : -1) : strcmp(a->name,
	    b->name);
}

static void
put_reasons(const struct standing *s, struct buf *b)
{
	struct standing_name *e = xreallocarray(NULL, s->reasons.n + 1,
	    sizeof(*e));
	size_t i;

	if (s->reasons.n)
		memcpy(e, s->reasons.v, s->reasons.n * sizeof(*e));
	qsort(e, s->reasons.n, sizeof(*e), by_count);
	json_open(b, "top_reasons", '[');
	for (i = 0; i < s->reasons.n && i < REASONS_SHOWN; i++) {
		json_open(b, NULL, '[');
		json_add_str(b, NULL, e[i].name);
		json_add_int(b, NULL, (long long)e[i].n);
		json_close(b, ']');
	}
	json_close(b, ']');
	free(e);
}

static void
say_nothing(const char *msg)
{
	(void)msg;
}

static void
put_gates(const struct gates *g, const struct standing *s,
    const struct evaluation *v, struct buf *b)
{
	struct gatekeeper k = { say_nothing, b, 0 };

	if (!gates_are_set(g, v))
		return;
	json_open(b, "gates", '[');
	demand_all(&k, g, s, v);
	json_close(b, ']');
}

void
standing_put(const struct standing *s, const struct gates *g,
    const struct evaluation *v, const struct agreement *agreement,
    struct buf *b)
{
	struct json_span goal = evaluation_get(v, "evaluation_goal.text");
	struct json_span method = evaluation_get(v, "aggregate.method");
	struct buf json = { 0 };
	size_t i;

	json_open(&json, NULL, '{');
	json_add_int(&json, "total_traces", (long long)s->runs);
	json_add_int(&json, "passed_traces", (long long)s->passed);
	json_add_int(&json, "failed_traces", (long long)s->failed);
	json_add_int(&json, "not_judged", (long long)s->none);
	json_add_double(&json, "pass_rate", rate(s));
	json_add_double(&json, "average_score", mean_score(s));
	json_add_double(&json, "threshold", evaluation_threshold(v));
	if (json_is_null(method))
		json_add_str(&json, "aggregate_method", "weighted_sum");
	else
		json_add(&json, "aggregate_method", method);
	json_open(&json, "evaluators", '[');
	for (i = 0; i < s->scores.n; i++)
		json_add_str(&json, NULL, s->scores.v[i].name);
	json_close(&json, ']');
	put_stats(s, &json);
	put_personas(s, v, &json);
	put_reasons(s, &json);
	if (!json_is_null(goal))
		json_add(&json, "evaluation_goal", goal);
	put_gates(g, s, v, &json);
	if (agreement)
		agreement_put_json(agreement, &json);
	json_close(&json, '}');
	json_pretty(b, json_buf(&json), 0);
	buf_byte(b, '\n');
	buf_release(&json);
}
