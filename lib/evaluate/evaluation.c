#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/util.h"
#include "json/path.h"
#include "json/tree.h"
#include "yaml/yamlin.h"
#include "yaml/yamlmark.h"
#include "assertion.h"
#include "best.h"
#include "checks.h"
#include "judged.h"
#include "subject.h"
#include "text.h"
#include "evaluation.h"

#define ORIGINAL_THRESHOLD 0.5

/* An evaluator of the original: the mean of its rules, or a model. */
struct evaluator {
	char *name;
	double weight;
	struct assertion *rules;
	size_t n;
	int model;		/* 1: its only rule is llm_judge */
};

struct evaluation {
	struct buf json;	/* the whole configuration */
	struct json_span root;	/* the part of it that is about checks */
	struct tree tree;
	struct yamlmark *marks;
	struct evaluator *evaluators;
	size_t nevaluators;
	size_t evaluators_cap;
	struct assertion *asserts;
	size_t nasserts;
	size_t asserts_cap;
	double threshold;	/* threshold of the evaluators */
	int average;		/* 1: the mean has no weights */
	double assert_threshold;
	int has_assert_threshold;
	size_t numbered;	/* number of assertions so far */
	char hash[HASH_TEXT];
	struct judged *judged;
	struct best *best;	/* for --prompts; NULL: not yet needed */
	struct subject subject;
	schema_report *report;
	void *arg;
	int errors;
};

static const struct assertion_type llm_judge = {
	"llm_judge", ASSERTION_NOTHING, 0, prepare_model, judge_model, NULL,
	"a model scores by a prompt"
};

/* --- messages ------------------------------------------------------------ */

/* Reports an error or a warning at a value of the configuration. */
static void
complain(struct evaluation *v, int error, struct json_span at,
    const char *fmt, ...)
{
	struct err e = { 0 };
	size_t i;
	va_list ap;

	va_start(ap, fmt);
	err_vset(&e, 0, 0, fmt, ap);
	va_end(ap);
	for (i = 0; i < v->tree.n && v->tree.nodes[i].span.p != at.p; i++)
		;
	if (i < v->tree.n) {
		e.line = v->marks[i].line;
		e.col = v->marks[i].col;
	}
	v->errors += error;
	v->report(v->arg, error, &e);
	err_release(&e);
}

/* --- reading ------------------------------------------------------------- */

static void
number_all(struct evaluation *v, struct assertion *a)
{
	size_t i;

	a->number = v->numbered++;
	for (i = 0; i < a->nparts; i++)
		number_all(v, &a->parts[i]);
}

static void
read_assertion(struct evaluation *v, struct assertion *a, enum dialect d,
    struct json_span spec)
{
	struct json_span at = spec;
	struct err e = { 0 };

	if (assertion_read(a, d, spec, &at, &e))
		complain(v, 1, at, "%s", e.msg);
	else
		number_all(v, a);
	err_release(&e);
}

static void
read_asserts(struct evaluation *v, struct json_span list)
{
	struct json_span key, item;
	struct json_iter it;

	if (json_is_null(list))
		return;
	if (!json_is(list, JSON_ARRAY)) {
		complain(v, 1, list, "assert is %s, not a list",
		    json_type_name(json_type(list)));
		return;
	}
	for (it = json_each(list); json_next(&it, &key, &item); ) {
		ALLOC_GROW(v->asserts, v->nasserts + 1, v->asserts_cap);
		read_assertion(v, &v->asserts[v->nasserts++],
		    DIALECT_PROMPTFOO, item);
	}
}

static void
read_rules(struct evaluation *v, struct evaluator *e, struct json_span spec)
{
	struct json_span rules = json_get(spec, "rules"), key, item;
	struct json_iter it;
	size_t cap = 0;

	if (!json_is(rules, JSON_ARRAY)) {
		complain(v, 1, spec, "evaluator '%s' has no list of rules",
		    e->name);
		return;
	}
	for (it = json_each(rules); json_next(&it, &key, &item); ) {
		ALLOC_GROW(e->rules, e->n + 1, cap);
		read_assertion(v, &e->rules[e->n++], DIALECT_ORIGINAL, item);
	}
}

static void
read_judge(struct evaluation *v, struct evaluator *e, struct json_span spec)
{
	e->model = 1;
	e->rules = xcalloc(1, sizeof(*e->rules));
	e->n = 1;
	e->rules->type = &llm_judge;
	e->rules->spec = spec;
	e->rules->weight = 1;
	e->rules->target = xstrdup("output");
	e->rules->has_threshold = 1;
	e->rules->threshold = v->threshold;
	number_all(v, e->rules);
	if (json_is_null(json_get(spec, "prompt_template")))
		complain(v, 0, spec, "evaluator '%s' has no prompt_template: "
		    "it is not judged", e->name);
}

static void
read_evaluator(struct evaluation *v, struct json_span spec)
{
	struct json_span name, type, enabled, weight;
	struct evaluator *e;
	struct buf text = { 0 };

	if (!json_is(spec, JSON_OBJECT)) {
		complain(v, 1, spec, "an evaluator is an object");
		return;
	}
	name = json_get(spec, "name");
	type = json_get(spec, "type");
	enabled = json_get(spec, "enabled");
	weight = json_get(spec, "weight");
	if (json_is_null(name) || json_is_null(type)) {
		complain(v, 1, spec, "an evaluator without a name or type");
		return;
	}
	if (json_is(enabled, JSON_BOOL) && !json_is_true(enabled))
		return;
	ALLOC_GROW(v->evaluators, v->nevaluators + 1, v->evaluators_cap);
	e = &v->evaluators[v->nevaluators++];
	memset(e, 0, sizeof(*e));
	value_text(name, &text);
	e->name = buf_detach(&text, NULL);
	e->weight = 1;
	if (!json_is_null(weight) && !value_number(weight, &e->weight))
		complain(v, 1, weight, "weight is not a number");
	if (json_is_str(type, "rule_based"))
		read_rules(v, e, spec);
	else if (json_is_str(type, "llm_judge"))
		read_judge(v, e, spec);
	else
		complain(v, 1, type, "unknown type of an evaluator: expected "
		    "rule_based or llm_judge");
}

static void
read_aggregate(struct evaluation *v)
{
	struct json_span a = json_get(v->root, "aggregate"), method, number;

	v->threshold = ORIGINAL_THRESHOLD;
	if (json_is(a, JSON_OBJECT)) {
		method = json_get(a, "method");
		v->average = json_is_str(method, "average");
		if (!json_is_null(method) && !v->average &&
		    !json_is_str(method, "weighted_sum"))
			complain(v, 1, method, "aggregate.method is "
			    "weighted_sum or average");
		number = json_get(a, "threshold");
		if (!json_is_null(number) &&
		    !value_number(number, &v->threshold))
			complain(v, 1, number, "aggregate.threshold is not a "
			    "number");
	}
	number = json_get(v->root, "threshold");
	if (!json_is_null(number))
		v->has_assert_threshold = value_number(number,
		    &v->assert_threshold);
}

/*
 * Reads the settings of judges: limits.sample_rate, llm.structured, llm.mask.
 */
static void
read_judging(struct evaluation *v)
{
	struct judging *j = &v->subject.judging;
	struct json_span rate = path_get(v->root, "limits.sample_rate"), value;

	j->rate = 1;
	if (!json_is_null(rate) && (!value_number(rate, &j->rate) ||
	    j->rate < 0 || j->rate > 1))
		complain(v, 1, rate, "limits.sample_rate is not a number from "
		    "0 to 1");
	value = path_get(v->root, "llm.structured");
	j->unstructured = json_is(value, JSON_BOOL) && !json_is_true(value);
	value = path_get(v->root, "llm.mask");
	j->unmasked = json_is(value, JSON_BOOL) && !json_is_true(value);
}

/* Keys of the top level; why: the reason why one has no effect, or NULL. */
static const struct {
	const char *name, *why;
} keys[] = {
	{ "evaluators", NULL }, { "assert", NULL }, { "threshold", NULL },
	{ "aggregate", NULL }, { "success_criteria", NULL },
	{ "gates", NULL }, { "evaluation_goal", NULL }, { "limits", NULL },
	{ "llm", NULL },
	{ "metrics", "no check uses it" },
	{ "efficiency", "no check uses it" },
	{ "additional_analysis", "summaries have no such part" },
	{ "report", "fl-evaluate writes no report" },
	{ "advanced", "no check uses it" }
};

static void
check_keys(struct evaluation *v)
{
	struct json_span key, value;
	struct nearest near;
	struct buf name = { 0 };
	struct json_iter it;
	size_t i;

	for (it = json_each(v->root); json_next(&it, &key, &value); ) {
		name.len = 0;
		json_text(&name, key);
		nearest_init(&near, buf_str(&name));
		for (i = 0; i < LEN(keys) &&
		    strcmp(keys[i].name, buf_str(&name)) != 0; i++)
			nearest_try(&near, keys[i].name);
		if (i == LEN(keys) && near.found)
			complain(v, 0, key, "unknown key '%s'; did you mean "
			    "'%s'?", buf_str(&name), near.found);
		else if (i == LEN(keys))
			complain(v, 0, key, "unknown key '%s'",
			    buf_str(&name));
		else if (keys[i].why && !trace_falsy(value))
			complain(v, 0, key, "'%s' has no effect: %s",
			    keys[i].name, keys[i].why);
	}
	buf_release(&name);
}

/*
 * Returns the part about checks, which a setting.yaml has under "evaluation".
 */
static struct json_span
find_root(struct json_span whole, int *own)
{
	struct json_span part = json_get(whole, "evaluation");

	*own = !json_is(part, JSON_OBJECT) &&
	    json_is_null(json_get(whole, "iterations")) &&
	    json_is_null(json_get(whole, "runner")) &&
	    json_is_null(json_get(whole, "base_inputs"));
	return json_is(part, JSON_OBJECT) ? part : whole;
}

static void
read_all(struct evaluation *v)
{
	struct json_span list, key, item;
	struct buf canonical = { 0 };
	struct json_iter it;
	int own;

	v->root = find_root(json_buf(&v->json), &own);
	if (!json_is(v->root, JSON_OBJECT)) {
		complain(v, 1, v->root, "the configuration is not a mapping");
		return;
	}
	tree_canonical(&v->tree, 0, &canonical);
	hash_text(hash_bytes(0, 0, buf_str(&canonical), canonical.len),
	    v->hash);
	buf_release(&canonical);
	if (own || v->root.p != v->json.p)
		check_keys(v);
	read_aggregate(v);
	read_judging(v);
	list = json_get(v->root, "evaluators");
	if (json_is(list, JSON_ARRAY))
		for (it = json_each(list); json_next(&it, &key, &item); )
			read_evaluator(v, item);
	else if (!json_is_null(list))
		complain(v, 1, list, "evaluators is not a list");
	read_asserts(v, json_get(v->root, "assert"));
	/* an empty list means that inputs have checks of their own */
	if (!v->errors && json_is_null(list) &&
	    json_is_null(json_get(v->root, "assert")))
		complain(v, 1, v->root, "there is nothing to check: neither "
		    "evaluators nor assert (write evaluation.yaml)");
}

/* Reads the YAML. Returns 0, or -1 after a report. */
static int
read_yaml(struct evaluation *v, int fd)
{
	struct yamlin_reader *r = yamlin_new(fd, YAMLIN_DOCUMENTS,
	    v->report, v->arg);
	const struct yamlmark *marks;
	struct err e = { 0 };
	size_t line, n;
	int got = yamlin_next(r, &v->json, &line, &e);

	if (got > 0 && !tree_parse(&v->tree, json_buf(&v->json))) {
		marks = yamlin_marks(r, &n);
		v->marks = xreallocarray(NULL, n + 1, sizeof(*v->marks));
		memcpy(v->marks, marks, n * sizeof(*v->marks));
	} else if (got >= 0) {
		got = err_set(&e, 0, 0, "it is empty");
	}
	if (got < 0)
		v->report(v->arg, 1, &e);
	err_release(&e);
	yamlin_free(r);
	return got > 0 ? 0 : -1;
}

struct evaluation *
evaluation_read(const char *file, schema_report *report, void *arg)
{
	struct evaluation *v = xcalloc(1, sizeof(*v));
	struct err e = { 0 };
	int fd = open(file, O_RDONLY | O_CLOEXEC), bad;

	v->report = report;
	v->arg = arg;
	if (fd < 0) {
		err_set(&e, 0, 0, "%s", strerror(errno));
		report(arg, 1, &e);
		err_release(&e);
	}
	bad = fd < 0 || read_yaml(v, fd);
	if (fd >= 0)
		close(fd);
	if (!bad)
		read_all(v);
	if (!bad && !v->errors)
		return v;
	evaluation_free(v);
	return NULL;
}

static void
release_all(struct assertion *a, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		assertion_release(&a[i]);
	free(a);
}

void
evaluation_free(struct evaluation *v)
{
	size_t i;

	if (!v)
		return;
	for (i = 0; i < v->nevaluators; i++) {
		free(v->evaluators[i].name);
		release_all(v->evaluators[i].rules, v->evaluators[i].n);
	}
	free(v->evaluators);
	release_all(v->asserts, v->nasserts);
	buf_release(&v->json);
	tree_release(&v->tree);
	free(v->marks);
	subject_release(&v->subject);
	best_free(v->best);
	free(v);
}

struct json_span
evaluation_get(const struct evaluation *v, const char *path)
{
	return path_get(v->root, path);
}

double
evaluation_threshold(const struct evaluation *v)
{
	return !v->nevaluators && v->has_assert_threshold ?
	    v->assert_threshold : v->threshold;
}

void
evaluation_set_judged(struct evaluation *v, struct judged *j)
{
	v->judged = j;
}

void
evaluation_list_checks(struct buf *b)
{
	assertion_list(b);
}

/* --- judging ------------------------------------------------------------- */

void
outcome_release(struct outcome *o)
{
	buf_release(&o->verdict.reason);
	buf_release(&o->scores);
	buf_release(&o->record);
}

/* Adds the reasons of the checks that have the name of the first. */
static void
put_reasons_of(struct json_iter it, struct json_span first, struct buf *b)
{
	struct json_span name = json_get(first, "name"), key, check, other;
	struct buf text = { 0 }, list = { 0 };
	size_t n = 1;

	json_text(&text, name);
	json_open(&list, NULL, '[');
	json_add(&list, NULL, checks_reason(first));
	while (json_next(&it, &key, &check)) {
		other = json_get(check, "name");
		if (!checks_reason(check).p || !json_is_str(other,
		    buf_str(&text)))
			continue;
		json_add(&list, NULL, checks_reason(check));
		n++;
	}
	json_close(&list, ']');
	json_add(b, buf_str(&text), n > 1 ? json_buf(&list) :
	    checks_reason(first));
	buf_release(&text);
	buf_release(&list);
}

/* Whether an earlier check has the same name, and a reason. */
static int
was_named(struct json_span checks, struct json_span check)
{
	struct json_iter it = json_each(checks);
	struct json_span key, other, name = json_get(check, "name"), own;

	while (json_next(&it, &key, &other) && other.p != check.p) {
		own = json_get(other, "name");
		if (checks_reason(other).p && own.n == name.n &&
		    !memcmp(own.p, name.p, name.n))
			return 1;
	}
	return 0;
}

void
outcome_put_reasons(const struct outcome *o, struct buf *b)
{
	struct json_span checks = checks_of(json_buf(&o->record)), key, check;
	struct json_iter it = json_each(checks);

	json_open(b, NULL, '{');
	while (json_next(&it, &key, &check))
		if (checks_reason(check).p && !was_named(checks, check))
			put_reasons_of(it, check, b);
	json_close(b, '}');
}

/* Sums of the results of the checks so far. */
struct sum {
	double score, weight;	/* sums over the judged checks */
	double unknown;		/* weight of the checks not judged */
	size_t failed, none;	/* checks with a weight: failed, not judged */
};

static void
sum_add(struct sum *k, const struct verdict *v, double weight)
{
	if (v->kind == VERDICT_NONE) {
		k->unknown += weight;
		k->none += weight > 0;
		return;
	}
	k->score += weight * v->score;
	k->weight += weight;
	k->failed += v->kind == VERDICT_FAIL && weight > 0;
}

/* The mean score of the judged checks; NaN if none has a weight. */
static double
sum_score(const struct sum *k)
{
	return k->weight > 0 ? k->score / k->weight : (double)NAN;
}

/*
 * Whether the score reaches a threshold: not judged if that depends on the
 * checks that were not judged.
 */
static enum verdict_kind
sum_reaches(const struct sum *k, double threshold)
{
	double all = k->weight + k->unknown;

	if (all <= 0)
		return VERDICT_NONE;
	if (k->score / all >= threshold)
		return VERDICT_PASS;
	return (k->score + k->unknown) / all >= threshold ? VERDICT_NONE :
	    VERDICT_FAIL;
}

static enum verdict_kind
both(enum verdict_kind x, enum verdict_kind y)
{
	if (x == VERDICT_FAIL || y == VERDICT_FAIL)
		return VERDICT_FAIL;
	return x == VERDICT_NONE || y == VERDICT_NONE ? VERDICT_NONE :
	    VERDICT_PASS;
}

/* Adds a check to the record, its score, and its reason. */
static void
put_check(struct outcome *o, const char *name, int negated, const char *type,
    const struct verdict *v, double weight)
{
	struct buf full = { 0 };
	const char *reason = v->reason.len ? v->reason.p : "it holds";
	size_t n = v->reason.len ? v->reason.len : strlen(reason);

	buf_printf(&full, "%s%s", negated ? "not-" : "", type);
	json_open(&o->record, NULL, '{');
	json_add_str(&o->record, "name", name ? name : buf_str(&full));
	json_add_str(&o->record, "type", buf_str(&full));
	if (v->kind == VERDICT_NONE) {
		json_add_null(&o->record, "pass");
		json_add_null(&o->record, "score");
	} else {
		json_add_bool(&o->record, "pass", v->kind == VERDICT_PASS);
		json_add_double(&o->record, "score", v->score);
	}
	json_add_double(&o->record, "weight", weight);
	o->misses += v->kind != VERDICT_PASS;
	if (v->kind != VERDICT_PASS)
		json_add_text(&o->record, v->kind == VERDICT_NONE ? "error" :
		    "reason", reason, n);
	json_close(&o->record, '}');
	if (v->kind != VERDICT_PASS && !o->verdict.reason.len) {
		buf_printf(&o->verdict.reason, "%s: ", name ? name :
		    buf_str(&full));
		buf_add(&o->verdict.reason, reason, n);
	}
	buf_release(&full);
}

/* Judges an evaluator: the mean of its rules, as the original computes it. */
static void
judge_evaluator(struct evaluation *v, struct evaluator *e, struct outcome *o,
    struct sum *k)
{
	struct verdict rule = { .score = 0 }, whole = { .score = 0 };
	double sum = 0;
	size_t i, none = 0;

	for (i = 0; i < e->n; i++) {
		rule.reason.len = 0;
		assertion_judge(&e->rules[i], &v->subject, &rule);
		none += rule.kind == VERDICT_NONE;
		sum += rule.kind == VERDICT_NONE ? 0 : rule.score;
		if (rule.kind != VERDICT_PASS)
			buf_printf(&whole.reason, "%s%s",
			    whole.reason.len ? "; " : "",
			    buf_str(&rule.reason));
	}
	if (!e->n)
		buf_puts(&whole.reason, "No rules configured");
	whole.score = e->n ? sum / (double)e->n : 0;
	whole.kind = none ? VERDICT_NONE : whole.score >= v->threshold ?
	    VERDICT_PASS : VERDICT_FAIL;
	sum_add(k, &whole, v->average && e->weight > 0 ? 1 : e->weight);
	put_check(o, e->name, 0, e->model ? "llm_judge" : "rule_based",
	    &whole, e->weight);
	if (whole.kind != VERDICT_NONE)
		json_add_double(&o->scores, e->name, whole.score);
	buf_release(&rule.reason);
	buf_release(&whole.reason);
}

/* Adds the mean score of each metric. */
static void
put_metrics(struct assertion *const *a, const struct verdict *got, size_t n,
    struct outcome *o)
{
	double sum, weight;
	size_t i, j;

	for (i = 0; i < n; i++) {
		if (!a[i]->name)
			continue;
		for (j = 0; j < i && (!a[j]->name ||
		    strcmp(a[j]->name, a[i]->name) != 0); j++)
			;
		if (j < i)
			continue;
		for (sum = weight = 0; j < n; j++)
			if (a[j]->name && !strcmp(a[j]->name, a[i]->name) &&
			    got[j].kind != VERDICT_NONE) {
				sum += got[j].score;
				weight++;
			}
		if (weight > 0)
			json_add_double(&o->scores, a[i]->name, sum / weight);
	}
}

static void
judge_asserts(struct evaluation *v, struct assertion *const *a, size_t n,
    struct outcome *o, struct sum *k)
{
	struct verdict *got = xcalloc(n + 1, sizeof(*got));
	size_t i;

	for (i = 0; i < n; i++) {
		assertion_judge(a[i], &v->subject, &got[i]);
		sum_add(k, &got[i], a[i]->weight);
		put_check(o, a[i]->name, a[i]->negated, a[i]->type->name,
		    &got[i], a[i]->weight);
	}
	put_metrics(a, got, n, o);
	for (i = 0; i < n; i++)
		buf_release(&got[i].reason);
	free(got);
}

/*
 * Judges the run itself, unless a check is about success: an output that is
 * missing because the run failed must not satisfy a not-contains.
 */
static void
evaluation_judge_run(struct evaluation *v, struct assertion *const *a, size_t n,
    struct outcome *o, struct sum *k)
{
	struct assertion success = { .weight = 1 };
	struct verdict got = { .score = 0 };
	size_t i;

	for (i = 0; i < n; i++)
		if (a[i]->type->judge == judge_success)
			return;
	judge_success(&success, &v->subject, &got);
	if (got.kind == VERDICT_FAIL) {
		sum_add(k, &got, 1);
		put_check(o, NULL, 0, "success", &got, 1);
	}
	buf_release(&got.reason);
}

/* An input's own assertions, in its metadata. */
struct own {
	struct assertion *a;
	size_t n;
	size_t cap;
	double threshold;
	int has_threshold;
};

/* Whether an assertion runs a program, which data must not decide. */
static int
runs_program(const struct assertion *a)
{
	size_t i;

	if (a->type && a->type->judge == judge_exec)
		return 1;
	for (i = 0; i < a->nparts; i++)
		if (runs_program(&a->parts[i]))
			return 1;
	return 0;
}

static void
read_own(struct evaluation *v, struct own *own, struct outcome *o,
    struct sum *k)
{
	struct json_span meta = v->subject.v[TRACE_METADATA], list, key, item,
	    at;
	struct verdict bad = { .kind = VERDICT_NONE };
	struct json_iter it;
	struct err e = { 0 };
	size_t numbered = v->numbered;

	if (!json_is(meta, JSON_OBJECT))
		return;
	own->has_threshold = value_number(json_get(meta, "threshold"),
	    &own->threshold);
	list = json_get(meta, "assert");
	if (!json_is(list, JSON_ARRAY))
		return;
	for (it = json_each(list); json_next(&it, &key, &item); ) {
		ALLOC_GROW(own->a, own->n + 1, own->cap);
		if (!assertion_read(&own->a[own->n], DIALECT_PROMPTFOO, item,
		    &at, &e)) {
			if (!runs_program(&own->a[own->n])) {
				number_all(v, &own->a[own->n++]);
				continue;
			}
			err_set(&e, 0, 0, "only the configuration may name a "
			    "program");
		}
		assertion_release(&own->a[own->n]);
		buf_printf(&bad.reason, "metadata.assert: %s", e.msg);
		sum_add(k, &bad, 1);
		put_check(o, NULL, 0, "assert", &bad, 1);
		bad.reason.len = 0;
	}
	/* the next trace's own assertions have the same numbers */
	v->numbered = numbered;
	buf_release(&bad.reason);
	err_release(&e);
}

/* Whether the check is left out: a model's, for a trace not in its sample. */
static int
is_left_out(const struct evaluation *v, const struct assertion *a)
{
	return a->type->judge == judge_model &&
	    !judged_is_sampled(&v->subject);
}

/* All assertions of promptfoo's dialect. */
static enum verdict_kind
judge_promptfoo(struct evaluation *v, struct outcome *o, struct sum *k)
{
	struct own own = { .n = 0 };
	struct assertion **all;
	double threshold = v->assert_threshold;
	enum verdict_kind kind;
	struct assertion *a;
	size_t i, n = 0;

	read_own(v, &own, o, k);
	all = xreallocarray(NULL, v->nasserts + own.n + 1,
	    sizeof(struct assertion *));
	for (i = 0; i < v->nasserts + own.n; i++) {
		a = i < v->nasserts ? &v->asserts[i] :
		    &own.a[i - v->nasserts];
		if (!is_left_out(v, a))
			all[n++] = a;
	}
	judge_asserts(v, all, n, o, k);
	if (n)
		evaluation_judge_run(v, all, n, o, k);
	if (own.has_threshold)
		threshold = own.threshold;
	if (!n && !k->none)
		kind = VERDICT_PASS;
	else if (own.has_threshold || v->has_assert_threshold)
		kind = sum_reaches(k, threshold);
	else
		kind = k->failed ? VERDICT_FAIL : k->none ? VERDICT_NONE :
		    VERDICT_PASS;
	free(all);
	release_all(own.a, own.n);
	return kind;
}

static void
judge_all(struct evaluation *v, struct outcome *o)
{
	struct sum rules = { .score = 0 }, asserts = { .score = 0 };
	struct sum k = { .score = 0 };
	enum verdict_kind kind = VERDICT_PASS;
	size_t i;

	for (i = 0; i < v->nevaluators; i++)
		if (!v->evaluators[i].model ||
		    !is_left_out(v, v->evaluators[i].rules))
			judge_evaluator(v, &v->evaluators[i], o, &rules);
	if (v->nevaluators)
		kind = sum_reaches(&rules, v->threshold);
	kind = both(kind, judge_promptfoo(v, o, &asserts));
	k.score = rules.score + asserts.score;
	k.weight = rules.weight + asserts.weight;
	k.failed = asserts.failed;
	if (!v->nevaluators && k.weight <= 0 && !asserts.none &&
	    !v->nasserts)
		kind = VERDICT_NONE;
	o->verdict.kind = kind;
	o->verdict.score = sum_score(&k);
}

static void
outcome_begin(struct outcome *o)
{
	o->verdict.reason.len = o->scores.len = o->record.len = 0;
	o->misses = 0;
	json_open(&o->scores, NULL, '{');
	json_open(&o->record, NULL, '[');
}

/* Makes the record: its first members are known after the checks. */
static void
outcome_end(const struct evaluation *v, struct outcome *o)
{
	struct buf record = { 0 };

	json_close(&o->scores, '}');
	json_close(&o->record, ']');
	json_open(&record, NULL, '{');
	if (o->verdict.kind == VERDICT_NONE)
		json_add_null(&record, "pass");
	else
		json_add_bool(&record, "pass", o->verdict.kind ==
		    VERDICT_PASS);
	json_add_double(&record, "score", o->verdict.score);
	json_add_double(&record, "threshold", evaluation_threshold(v));
	json_add_str(&record, "config_hash", v->hash);
	json_add(&record, "checks", json_buf(&o->record));
	json_close(&record, '}');
	buf_release(&o->record);
	o->record = record;
}

void
evaluation_judge(struct evaluation *v, struct json_span record,
    const struct json_span fields[TRACE_FIELDS], struct outcome *o)
{
	subject_begin(&v->subject, record, fields);
	v->subject.judged = v->judged;
	outcome_begin(o);
	judge_all(v, o);
	outcome_end(v, o);
}

/* --- models -------------------------------------------------------------- */

static int
has_judge(const struct assertion *a, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (a[i].type->judge == judge_model ||
		    a[i].type->judge == judge_best ||
		    has_judge(a[i].parts, a[i].nparts))
			return 1;
	return 0;
}

int
evaluation_has_judges(const struct evaluation *v)
{
	size_t i;

	for (i = 0; i < v->nevaluators; i++)
		if (v->evaluators[i].model)
			return 1;
	return has_judge(v->asserts, v->nasserts);
}

void
evaluation_put_requests(struct evaluation *v, struct json_span record,
    const struct json_span fields[TRACE_FIELDS], struct buf *b)
{
	struct outcome unused = { .scores.len = 0 };
	struct sum sum = { .score = 0 };
	struct own own = { .n = 0 };
	size_t i;

	subject_begin(&v->subject, record, fields);
	if (!v->best)
		v->best = best_new();
	for (i = 0; i < v->nasserts; i++)
		best_add(v->best, &v->asserts[i], &v->subject);
	if (!judged_is_sampled(&v->subject))
		return;
	for (i = 0; i < v->nevaluators; i++)
		if (v->evaluators[i].model)
			judged_put_requests(v->evaluators[i].rules,
			    &v->subject, b);
	for (i = 0; i < v->nasserts; i++)
		judged_put_requests(&v->asserts[i], &v->subject, b);
	read_own(v, &own, &unused, &sum);
	for (i = 0; i < own.n; i++)
		judged_put_requests(&own.a[i], &v->subject, b);
	release_all(own.a, own.n);
	outcome_release(&unused);
}

void
evaluation_put_comparisons(struct evaluation *v, struct buf *b)
{
	if (v->best)
		best_put_requests(v->best, &v->subject, b);
}
