#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/nearest.h"
#include "base/util.h"
#include "json/json.h"
#include "assertion.h"
#include "subject.h"
#include "text.h"
#include "verdict.h"

/* The types of promptfoo, and a few like them that it does not have. */
static const struct assertion_type promptfoo[] = {
	{ "equals", ASSERTION_ANY, 0, NULL, judge_equals, NULL,
	    "the output is the value" },
	{ "contains", ASSERTION_TEXT, 0, NULL, judge_contains, NULL,
	    "the output contains the text" },
	{ "icontains", ASSERTION_TEXT, 0, NULL, judge_icontains, NULL,
	    "the same, in upper or lower case" },
	{ "contains-all", ASSERTION_TEXTS, 0, NULL, judge_contains_all, NULL,
	    "the output contains all texts of a list" },
	{ "contains-any", ASSERTION_TEXTS, 0, NULL, judge_contains_any, NULL,
	    "the output contains one text of a list" },
	{ "icontains-all", ASSERTION_TEXTS, 0, NULL, judge_icontains_all, NULL,
	    "the same as contains-all, in upper or lower case" },
	{ "icontains-any", ASSERTION_TEXTS, 0, NULL, judge_icontains_any, NULL,
	    "the same as contains-any, in upper or lower case" },
	{ "starts-with", ASSERTION_TEXT, 0, NULL, judge_starts_with, NULL,
	    "the output begins with the text" },
	{ "ends-with", ASSERTION_TEXT, 0, NULL, judge_ends_with, NULL,
	    "the output ends with the text" },
	{ "regex", ASSERTION_TEXT, 0, prepare_regex, judge_regex,
	    release_regex, "the pattern matches somewhere" },
	{ "levenshtein", ASSERTION_TEXT, 0, NULL, judge_levenshtein, NULL,
	    "at most threshold (5) edits lead to the value" },
	{ "similarity", ASSERTION_TEXT, 0, NULL, judge_similarity, NULL,
	    "difflib's ratio is at least threshold (0.75)" },
	{ "word-count", ASSERTION_ANY, 0, NULL, judge_word_count, NULL,
	    "a number of words, or min and max" },
	{ "is-refusal", ASSERTION_NOTHING, 0, NULL, judge_is_refusal, NULL,
	    "the output declines, or is empty" },
	{ "is-json", ASSERTION_OPTIONAL, 0, prepare_schema, judge_is_json,
	    release_schema, "the output is JSON, valid by the schema" },
	{ "contains-json", ASSERTION_OPTIONAL, 0, prepare_schema,
	    judge_contains_json, release_schema,
	    "the output has JSON in it, valid by the schema" },
	{ "latency", ASSERTION_NOTHING, 1, NULL, judge_latency, NULL,
	    "at most threshold milliseconds" },
	{ "tokens", ASSERTION_NOTHING, 1, NULL, judge_tokens, NULL,
	    "at most threshold tokens" },
	{ "cost", ASSERTION_NOTHING, 1, NULL, judge_cost, NULL,
	    "a cost of at most threshold" },
	{ "success", ASSERTION_NOTHING, 0, NULL, judge_success, NULL,
	    "the run did not fail" },
	{ "finish-reason", ASSERTION_TEXT, 0, NULL, judge_finish_reason, NULL,
	    "the model stopped for this reason" },
	{ "trace-span-count", ASSERTION_OBJECT, 0, NULL, judge_step_count,
	    NULL, "min to max steps of a pattern or type" },
	{ "trace-span-duration", ASSERTION_OBJECT, 0, NULL,
	    judge_span_duration, NULL, "steps take at most max milliseconds" },
	{ "trace-error-spans", ASSERTION_OPTIONAL, 0, NULL, judge_error_spans,
	    NULL, "at most max_count steps failed" },
	{ "trajectory:tool-used", ASSERTION_ANY, 0, prepare_trajectory,
	    judge_tool_used, NULL, "tools were called, min to max times" },
	{ "trajectory:tool-sequence", ASSERTION_ANY, 0, prepare_trajectory,
	    judge_tool_sequence, NULL, "tools were called in this order" },
	{ "trajectory:tool-args-match", ASSERTION_OBJECT, 0,
	    prepare_trajectory, judge_tool_args, NULL,
	    "a call of the tool had these arguments" },
	{ "trajectory:step-count", ASSERTION_OBJECT, 0, NULL,
	    judge_step_count, NULL, "min to max steps of a type or pattern" },
	{ "trajectory:no-loop", ASSERTION_OPTIONAL, 0, NULL, judge_no_loop,
	    NULL, "no call is repeated more than max (2) times" },
	{ "trajectory:no-failed-step", ASSERTION_OPTIONAL, 0, NULL,
	    judge_no_failed_step, NULL, "no step of a type or pattern failed" },
	{ "exec", ASSERTION_ANY, 0, prepare_exec, judge_exec, release_exec,
	    "a program judges, JSON lines both ways" },
	{ "python", ASSERTION_TEXT, 0, prepare_python, judge_exec,
	    release_exec, "a function judges: FILE.py:FUNCTION" },
	{ "llm-rubric", ASSERTION_ANY, 0, prepare_model, judge_model, NULL,
	    "a model judges by a rubric (--prompts, --judged)" },
	{ "factuality", ASSERTION_TEXT, 0, prepare_model, judge_model, NULL,
	    "a model compares the facts with a reference" },
	{ "g-eval", ASSERTION_ANY, 0, prepare_model, judge_model, NULL,
	    "a model scores by criteria" },
	{ "select-best", ASSERTION_ANY, 0, NULL, judge_best, NULL,
	    "a model names the best run of an input" },
	{ "assert-set", ASSERTION_NOTHING, 0, NULL, judge_set, NULL,
	    "all of assert hold, or any, or threshold of them" }
};

static const struct assertion_type original[] = {
	{ "output_not_empty", ASSERTION_NOTHING, 0, NULL, judge_rule_output,
	    NULL, "target has text" },
	{ "success", ASSERTION_NOTHING, 0, NULL, judge_success, NULL,
	    "the run did not fail" },
	{ "contains", ASSERTION_NOTHING, 0, prepare_rule_keywords,
	    judge_rule_contains, NULL, "the share of keywords in target" },
	{ "not_contains", ASSERTION_NOTHING, 0, prepare_rule_keywords,
	    judge_rule_not_contains, NULL, "no keyword is in target" },
	{ "matches_regex", ASSERTION_NOTHING, 0, prepare_rule_regex,
	    judge_rule_regex, release_regex, "pattern matches in target" },
	{ "latency_under", ASSERTION_NOTHING, 0, prepare_rule_latency,
	    judge_rule_latency, NULL, "at most budget_ms" },
	{ "token_usage_under", ASSERTION_NOTHING, 0, prepare_rule_tokens,
	    judge_rule_tokens, NULL, "at most max_total_tokens and so on" },
	{ "similarity", ASSERTION_NOTHING, 0, prepare_rule_similarity,
	    judge_rule_similarity, NULL, "difflib's ratio to expected_path" }
};

static const struct {
	const char *name;
	const struct assertion_type *types;
	size_t n;
} dialects[] = {
	[DIALECT_PROMPTFOO] = { "promptfoo", promptfoo, LEN(promptfoo) },
	[DIALECT_ORIGINAL] = { "fluxloop", original, LEN(original) }
};

/* promptfoo's types that need an embedding model, a browser and the like. */
static const char *const unsupported[] = {
	"similar", "answer-relevance", "context-faithfulness",
	"context-recall", "context-relevance", "conversation-relevance",
	"max-score", "classifier", "moderation", "guardrails",
	"perplexity", "perplexity-score", "rouge-n", "bleu", "gleu", "meteor",
	"is-sql", "contains-sql", "is-xml", "contains-xml", "is-html",
	"contains-html", "is-valid-function-call", "is-valid-openai-tools-call",
	"is-valid-openai-function-call", "tool-call-f1", "javascript", "ruby",
	"webhook", "pi", "model-graded-closedqa", "model-graded-factuality",
	"human", "search-rubric", "skill-used", "trajectory:goal-success"
};

const struct assertion_type *
assertion_find(enum dialect d, const char *name, const char **near)
{
	struct nearest n;
	size_t i;

	nearest_init(&n, name);
	for (i = 0; i < dialects[d].n; i++) {
		if (!strcmp(dialects[d].types[i].name, name))
			return &dialects[d].types[i];
		nearest_try(&n, dialects[d].types[i].name);
	}
	*near = n.found;
	return NULL;
}

int
assertion_is_unsupported(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(unsupported); i++)
		if (!strcmp(unsupported[i], name))
			return 1;
	return 0;
}

void
assertion_list(struct buf *b)
{
	size_t d, i;

	for (d = 0; d < LEN(dialects); d++)
		for (i = 0; i < dialects[d].n; i++)
			buf_printf(b, "%s\t%s\t%s\n", dialects[d].name,
			    dialects[d].types[i].name,
			    dialects[d].types[i].summary);
}

/* --- verdicts and values ------------------------------------------------- */

static void
set_reason(struct verdict *v, const char *fmt, va_list ap)
{
	v->reason.len = 0;
	buf_vprintf(&v->reason, fmt, ap);
}

void
verdict_set(struct verdict *v, int holds, const char *fmt, ...)
{
	va_list ap;

	v->kind = holds ? VERDICT_PASS : VERDICT_FAIL;
	v->score = holds != 0;
	va_start(ap, fmt);
	set_reason(v, fmt, ap);
	va_end(ap);
}

void
verdict_none(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	v->kind = VERDICT_NONE;
	va_start(ap, fmt);
	set_reason(v, fmt, ap);
	va_end(ap);
}

/* Appends the JSON text of a string with its {{paths}} filled in. */
static int
fill_string(struct json_span string, const struct subject *s, struct buf *b,
    struct verdict *v)
{
	struct buf text = { 0 }, filled = { 0 };
	struct json_span value = { 0 }, path;
	char *p, *open, *close;
	int bad = 0, n = 0;

	json_text(&text, string);
	for (p = buf_str(&text); !bad && (open = strstr(p, "{{")) &&
	    (close = strstr(open, "}}")); p = close + 2) {
		buf_add(&filled, p, (size_t)(open - p));
		*close = '\0';
		for (open += 2; *open == ' '; open++)
			;
		path.n = strcspn(open, " |");
		open[path.n] = '\0';
		value = subject_get(s, open);
		n++;
		bad = json_is_null(value);
		if (bad)
			verdict_none(v, "the trace has no %s", open);
		else
			value_text(value, &filled);
	}
	/* "{{metadata.expected}}" alone is replaced by a value of any type */
	if (!bad && n == 1 && !strncmp(text.p, "{{", 2) &&
	    p == text.p + text.len) {
		buf_add(b, value.p, value.n);
	} else if (!bad) {
		buf_puts(&filled, p);
		json_put_text(b, buf_str(&filled), filled.len);
	}
	buf_release(&text);
	buf_release(&filled);
	return bad ? -1 : 0;
}

static int
fill(struct json_span value, const struct subject *s, struct buf *b,
    struct verdict *v)
{
	struct json_span key = { 0 }, item;
	struct json_iter it;
	int object = json_is(value, JSON_OBJECT);

	if (json_is(value, JSON_STRING))
		return fill_string(value, s, b, v);
	if (!object && !json_is(value, JSON_ARRAY)) {
		buf_add(b, value.p, value.n);
		return 0;
	}
	buf_byte(b, object ? '{' : '[');
	for (it = json_each(value); json_next(&it, &key, &item); ) {
		json_comma(b);
		if (object) {
			buf_add(b, key.p, key.n);
			buf_byte(b, ':');
		}
		if (fill(item, s, b, v))
			return -1;
	}
	buf_byte(b, object ? '}' : ']');
	return 0;
}

int
assertion_value(struct assertion *a, const struct subject *s,
    struct json_span *value, struct verdict *v)
{
	*value = a->value;
	if (!a->templated)
		return 0;
	a->rendered.len = 0;
	if (fill(a->value, s, &a->rendered, v))
		return -1;
	*value = json_buf(&a->rendered);
	return 0;
}

/* --- reading ------------------------------------------------------------- */

static int
assertion_check_value(const struct assertion *a, struct err *e)
{
	struct json_span v = a->value;
	double d;

	if (json_is_null(v) && a->type->value != ASSERTION_NOTHING &&
	    a->type->value != ASSERTION_OPTIONAL)
		return err_set(e, 0, 0, "it has no value");
	switch (a->type->value) {
	case ASSERTION_TEXT:
		if (json_is(v, JSON_ARRAY) || json_is(v, JSON_OBJECT))
			return err_set(e, 0, 0, "its value is %s, not text",
			    json_type_name(json_type(v)));
		return 0;
	case ASSERTION_TEXTS:
		return !json_is(v, JSON_OBJECT) ? 0 : err_set(e, 0, 0,
		    "its value is an object, not a list");
	case ASSERTION_NUMBER:
		return value_number(v, &d) ? 0 : err_set(e, 0, 0,
		    "its value is not a number");
	case ASSERTION_OBJECT:
		return json_is(v, JSON_OBJECT) ? 0 : err_set(e, 0, 0,
		    "its value is %s, not an object",
		    json_type_name(json_type(v)));
	default:
		return 0;
	}
}

/* Finds the type of a name, which "not-" may begin. */
static int
assertion_find_type(struct assertion *a, enum dialect d, const char *name,
    struct err *e)
{
	const char *near = NULL;

	a->type = assertion_find(d, name, &near);
	if (!a->type && d == DIALECT_PROMPTFOO && !strncmp(name, "not-", 4)) {
		a->negated = 1;
		name += 4;
		a->type = assertion_find(d, name, &near);
	}
	if (a->type)
		return 0;
	if (assertion_is_unsupported(name))
		return err_set(e, 0, 0, "fl-evaluate has no check '%s'; exec "
		    "runs one of your own", name);
	return near ? err_set(e, 0, 0, "unknown check '%s'; did you mean "
	    "'%s'?", name, near) : err_set(e, 0, 0, "unknown check '%s'",
	    name);
}

/* Reads a number; *d is not changed if it is absent. */
static int
assertion_read_number(struct json_span spec, const char *key, double *d,
    struct json_span *at, struct err *e)
{
	struct json_span v = json_get(spec, key);

	if (json_is_null(v))
		return 0;
	if (json_double(v, d) && *d >= 0)
		return 1;
	*at = v;
	return err_set(e, 0, 0, "%s is not a number from 0", key);
}

static int
read_parts(struct assertion *a, struct json_span *at, struct err *e)
{
	struct json_span list = json_get(a->spec, "assert"), key, item;
	struct json_iter it;
	size_t cap = 0;

	if (!json_is(list, JSON_ARRAY))
		return err_set(e, 0, 0, "an assert-set has a list, assert");
	a->any = json_is_true(json_get(a->spec, "any"));
	for (it = json_each(list); json_next(&it, &key, &item); ) {
		ALLOC_GROW(a->parts, a->nparts + 1, cap);
		if (assertion_read(&a->parts[a->nparts++], DIALECT_PROMPTFOO,
		    item, at, e))
			return -1;
	}
	return 0;
}

static char *
text_or(struct json_span spec, const char *key, const char *other)
{
	struct json_span v = json_get(spec, key);
	struct buf text = { 0 };

	if (json_is_null(v))
		return other ? xstrdup(other) : NULL;
	value_text(v, &text);
	return buf_detach(&text, NULL);
}

static int
assertion_read_fields(struct assertion *a, enum dialect d, struct json_span *at,
    struct err *e)
{
	int got;

	a->value = json_get(a->spec, "value");
	if (json_is_null(a->value))
		a->value.p = NULL;
	a->templated = a->value.p && text_has(a->value.p, a->value.n, "{{", 2);
	a->target = text_or(a->spec, "target", "output");
	a->name = d == DIALECT_PROMPTFOO ? text_or(a->spec, "metric", NULL) :
	    NULL;
	if (assertion_read_number(a->spec, "weight", &a->weight, at, e) < 0)
		return -1;
	if (d == DIALECT_ORIGINAL)
		return 0;
	got = assertion_read_number(a->spec, "threshold", &a->threshold, at, e);
	a->has_threshold = got > 0;
	if (got < 0)
		return -1;
	if (a->type->threshold && !a->has_threshold)
		return err_set(e, 0, 0, "%s has no threshold", a->type->name);
	return 0;
}

int
assertion_read(struct assertion *a, enum dialect d, struct json_span spec,
    struct json_span *at, struct err *e)
{
	const char *key = d == DIALECT_PROMPTFOO ? "type" : "check";
	struct json_span type;
	struct buf name = { 0 };
	int bad;

	memset(a, 0, sizeof(*a));
	a->spec = *at = spec;
	a->weight = 1;
	if (!json_is(spec, JSON_OBJECT))
		return err_set(e, 0, 0, "a check is an object, not %s",
		    json_type_name(json_type(spec)));
	type = json_get(spec, key);
	if (!json_is(type, JSON_STRING))
		return err_set(e, 0, 0, "a check without a %s", key);
	*at = type;
	json_text(&name, type);
	bad = assertion_find_type(a, d, buf_str(&name), e);
	buf_release(&name);
	if (bad)
		return -1;
	*at = spec;
	if (assertion_read_fields(a, d, at, e))
		return -1;
	*at = a->value.p ? a->value : spec;
	if (assertion_check_value(a, e))
		return -1;
	if (a->type->judge == judge_set)
		return read_parts(a, at, e);
	return a->type->prepare ? a->type->prepare(a, e) : 0;
}

void
assertion_release(struct assertion *a)
{
	size_t i;

	for (i = 0; i < a->nparts; i++)
		assertion_release(&a->parts[i]);
	free(a->parts);
	if (a->type && a->type->release)
		a->type->release(a->state);
	free(a->name);
	free(a->target);
	buf_release(&a->rendered);
	buf_release(&a->lowered);
}

/* --- judging ------------------------------------------------------------- */

/*
 * Sets the score to the weighted mean of the parts, or to the best of them if
 * one is enough, and the verdict to whether enough of them hold.
 */
void
judge_set(struct assertion *a, struct subject *s, struct verdict *v)
{
	double sum = 0, weights = 0, unknown = 0, most = 0, score, best;
	size_t i, failed = 0, passed = 0, none = 0;
	struct verdict part = { .score = 0 };
	struct buf why = { 0 };

	for (i = 0; i < a->nparts; i++) {
		struct assertion *p = &a->parts[i];

		part.reason.len = 0;
		assertion_judge(p, s, &part);
		weights += p->weight;
		if (part.kind == VERDICT_NONE)
			unknown += p->weight;
		else
			sum += p->weight * part.score;
		if (p->weight > 0) {
			if (part.kind != VERDICT_NONE && part.score > most)
				most = part.score;
			failed += part.kind == VERDICT_FAIL;
			passed += part.kind == VERDICT_PASS;
			none += part.kind == VERDICT_NONE;
		}
		if (part.kind != VERDICT_PASS)
			buf_printf(&why, "%s%s%s: %s", why.len ? "; " : "",
			    p->negated ? "not-" : "", p->type->name,
			    buf_str(&part.reason));
	}
	score = weights > 0 ? sum / weights : 1;
	best = weights > 0 ? (sum + unknown) / weights : 1;
	if (a->any ? passed > 0 : a->has_threshold ? score >= a->threshold :
	    !failed && !none)
		verdict_set(v, 1, "%s", buf_str(&why));
	else if (a->any ? none > 0 : a->has_threshold ?
	    best >= a->threshold : !failed)
		verdict_none(v, "%s", buf_str(&why));
	else
		verdict_set(v, 0, "%s", buf_str(&why));
	v->score = a->any ? most : score;
	buf_release(&part.reason);
	buf_release(&why);
}

void
assertion_judge(struct assertion *a, struct subject *s, struct verdict *v)
{
	a->type->judge(a, s, v);
	if (!a->negated || v->kind == VERDICT_NONE)
		return;
	v->kind = v->kind == VERDICT_PASS ? VERDICT_FAIL : VERDICT_PASS;
	v->score = 1 - v->score;
}
