/*
 * The rules of the original FluxLoop (0.2.x and 0.3.x), with its scores: see
 * fluxloop_cli/evaluation/rules.py there. Where it gives 0 to a trace because a
 * figure is missing, the trace is not judged here.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "trace/trace.h"
#include "assertion.h"
#include "pattern.h"
#include "similar.h"
#include "subject.h"
#include "text.h"
#include "verdict.h"

/* The text at the target, empty when it leads nowhere, as in the original. */
static struct json_span
rule_text(struct assertion *a, struct subject *s)
{
	struct json_span text = { "", 0 };

	subject_text(s, a->target, &text);
	return text;
}

void
judge_rule_output(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_span text = rule_text(a, s);

	verdict_set(v, text_trim(text.p, text.n).n > 0, "%s is empty",
	    a->target);
}

/* --- keywords ------------------------------------------------------------ */

int
prepare_rule_keywords(struct assertion *a, struct err *e)
{
	a->value = json_get(a->spec, "keywords");
	if (!a->value.p)
		return err_set(e, 0, 0, "it has no keywords");
	if (!json_is(a->value, JSON_ARRAY) && !json_is(a->value, JSON_STRING))
		return err_set(e, 0, 0, "keywords is not a list of strings");
	return 0;
}

/* The number of keywords, and how many the target has. */
struct keywords {
	size_t n, found;
	struct buf has, misses;	/* lists of them, ", " between */
};

static void
try_keyword(struct keywords *k, struct json_span text, struct json_span word,
    int fold)
{
	struct buf plain = { 0 }, low = { 0 };
	struct buf *list;
	int has;

	value_text(word, &plain);
	if (fold)
		text_lower(&low, buf_str(&plain), plain.len);
	else
		buf_add(&low, buf_str(&plain), plain.len);
	has = text_has(text.p, text.n, buf_str(&low), low.len);
	list = has ? &k->has : &k->misses;
	if (list->len)
		buf_puts(list, ", ");
	buf_add(list, plain.p, plain.len);
	k->n++;
	k->found += (size_t)has;
	buf_release(&plain);
	buf_release(&low);
}

static void
find_keywords(struct assertion *a, struct subject *s, struct keywords *k)
{
	int fold = !json_is_true(json_get(a->spec, "case_sensitive"));
	struct json_span text = rule_text(a, s), key, word;
	struct json_iter it;

	if (fold) {
		a->lowered.len = 0;
		text_lower(&a->lowered, text.p, text.n);
		text.p = buf_str(&a->lowered);
		text.n = a->lowered.len;
	}
	if (json_is(a->value, JSON_STRING)) {
		try_keyword(k, text, a->value, fold);
		return;
	}
	for (it = json_each(a->value); json_next(&it, &key, &word); )
		try_keyword(k, text, word, fold);
}

/* The score is the share of the keywords that are there. */
void
judge_rule_contains(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct keywords k = { .n = 0 };

	find_keywords(a, s, &k);
	verdict_set(v, k.found == k.n, "missing keywords: %s",
	    buf_str(&k.misses));
	if (k.n)
		v->score = (double)k.found / (double)k.n;
	buf_release(&k.has);
	buf_release(&k.misses);
}

void
judge_rule_not_contains(struct assertion *a, struct subject *s,
    struct verdict *v)
{
	struct keywords k = { .n = 0 };

	find_keywords(a, s, &k);
	verdict_set(v, !k.found, "found forbidden keywords: %s",
	    buf_str(&k.has));
	buf_release(&k.has);
	buf_release(&k.misses);
}

/* --- patterns ------------------------------------------------------------ */

static int
add_flag(struct json_span name, unsigned *flags, struct err *e)
{
	static const struct {
		const char *name;
		unsigned flag;
	} known[] = {
		{ "ignorecase", PATTERN_CASELESS },
		{ "multiline", PATTERN_MULTILINE },
		{ "dotall", PATTERN_DOTALL }
	};
	struct buf text = { 0 }, low = { 0 };
	size_t i;

	value_text(name, &text);
	text_lower(&low, buf_str(&text), text.len);
	for (i = 0; i < LEN(known) && strcmp(buf_str(&low), known[i].name); i++)
		;
	if (i < LEN(known))
		*flags |= known[i].flag;
	else
		err_set(e, 0, 0, "unknown flag '%s': expected IGNORECASE, "
		    "MULTILINE or DOTALL", buf_str(&text));
	buf_release(&text);
	buf_release(&low);
	return i < LEN(known) ? 0 : -1;
}

int
prepare_rule_regex(struct assertion *a, struct err *e)
{
	struct json_span flags = json_get(a->spec, "flags"), key, flag;
	unsigned set = PATTERN_PROPERTIES;
	struct json_iter it;
	struct buf text = { 0 };

	a->value = json_get(a->spec, "pattern");
	if (json_is_null(a->value))
		return err_set(e, 0, 0, "it has no pattern");
	if (json_is(flags, JSON_STRING) && add_flag(flags, &set, e))
		return -1;
	if (json_is(flags, JSON_ARRAY))
		for (it = json_each(flags); json_next(&it, &key, &flag); )
			if (add_flag(flag, &set, e))
				return -1;
	value_text(a->value, &text);
	a->state = pattern_new(buf_str(&text), text.len, set, e);
	buf_release(&text);
	return a->state ? 0 : -1;
}

void
judge_rule_regex(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_span text = rule_text(a, s);
	struct buf pattern = { 0 };
	struct err e = { 0 };
	int found = pattern_find(a->state, text.p, text.n, &e);

	value_text(a->value, &pattern);
	if (found < 0)
		verdict_none(v, "%s", e.msg);
	else
		verdict_set(v, found, "pattern '%s' not found",
		    buf_str(&pattern));
	buf_release(&pattern);
	err_release(&e);
}

/* --- budgets ------------------------------------------------------------- */

int
prepare_rule_latency(struct assertion *a, struct err *e)
{
	double d;

	a->value = json_get(a->spec, "budget_ms");
	if (!value_number(a->value, &d))
		return err_set(e, 0, 0, "it has no budget_ms, a number");
	a->threshold = d;
	return 0;
}

/* A budget that is exceeded scores its share of what was used. */
static double
share(double budget, double used)
{
	double d = used > 0 ? budget / used : 0;

	return d < 0 ? 0 : d > 1 ? 1 : d;
}

void
judge_rule_latency(struct assertion *a, struct subject *s, struct verdict *v)
{
	double ms;

	if (!value_number(s->v[TRACE_DURATION], &ms)) {
		verdict_none(v, "duration_ms is missing");
		return;
	}
	verdict_set(v, ms <= 0 || ms <= a->threshold,
	    "duration %.1f ms exceeds the budget of %.1f ms", ms, a->threshold);
	if (v->kind == VERDICT_FAIL)
		v->score = share(a->threshold, ms);
}

static const struct {
	const char *limit, *count, *name;
} budgets[] = {
	{ "max_total_tokens", "total_tokens", "total" },
	{ "max_prompt_tokens", "prompt_tokens", "prompt" },
	{ "max_completion_tokens", "completion_tokens", "completion" }
};

int
prepare_rule_tokens(struct assertion *a, struct err *e)
{
	struct json_span limit;
	size_t i, n = 0;
	double d;

	for (i = 0; i < LEN(budgets); i++) {
		limit = json_get(a->spec, budgets[i].limit);
		if (json_is_null(limit))
			continue;
		if (!value_number(limit, &d) || d <= 0)
			return err_set(e, 0, 0, "%s is not a number greater "
			    "than 0", budgets[i].limit);
		n++;
	}
	return n ? 0 : err_set(e, 0, 0, "it has no max_total_tokens, "
	    "max_prompt_tokens or max_completion_tokens");
}

/* The count of tokens; a missing total is the sum of the others. */
static int
tokens(struct json_span usage, size_t which, double *d)
{
	double prompt = 0, completion = 0;
	int known;

	if (value_number(json_get(usage, budgets[which].count), d))
		return 1;
	known = value_number(json_get(usage, "prompt_tokens"), &prompt);
	known += value_number(json_get(usage, "completion_tokens"),
	    &completion);
	if (which || !known)
		return 0;
	*d = prompt + completion;
	return 1;
}

void
judge_rule_tokens(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_span usage = s->v[TRACE_TOKEN_USAGE];
	struct buf why = { 0 };
	double limit, used, score = 1;
	size_t i;

	for (i = 0; i < LEN(budgets); i++) {
		if (!value_number(json_get(a->spec, budgets[i].limit),
		    &limit))
			continue;
		if (!json_is(usage, JSON_OBJECT) || !tokens(usage, i, &used)) {
			verdict_none(v, "the %s tokens are not known",
			    budgets[i].name);
			buf_release(&why);
			return;
		}
		if (used <= limit)
			continue;
		if (share(limit, used) < score)
			score = share(limit, used);
		buf_printf(&why, "%s%s tokens %.0f exceeds budget %.0f",
		    why.len ? "; " : "", budgets[i].name, used, limit);
	}
	verdict_set(v, !why.len, "%s", buf_str(&why));
	v->score = score;
	buf_release(&why);
}

/* --- alike --------------------------------------------------------------- */

int
prepare_rule_similarity(struct assertion *a, struct err *e)
{
	struct json_span method = json_get(a->spec, "method");
	struct json_span least = json_get(a->spec, "min_score");

	a->value = json_get(a->spec, "expected_path");
	if (!json_is(a->value, JSON_STRING))
		return err_set(e, 0, 0, "it has no expected_path");
	if (!json_is_null(method) && !json_is_str(method, "difflib"))
		return err_set(e, 0, 0, "the only method is difflib");
	if (json_is_null(least))
		least = json_get(a->spec, "threshold");
	value_number(least, &a->threshold);
	return 0;
}

void
judge_rule_similarity(struct assertion *a, struct subject *s,
    struct verdict *v)
{
	struct json_span text = rule_text(a, s), expected;
	struct buf path = { 0 }, value = { 0 };
	double ratio = -1;

	value_text(a->value, &path);
	expected = subject_get(s, buf_str(&path));
	if (!json_is_null(expected))
		value_text(expected, &value);
	if (!value.len) {
		verdict_none(v, "there is no %s to compare with",
		    buf_str(&path));
	} else if (!text.n) {
		verdict_set(v, 0, "%s is empty", a->target);
	} else {
		ratio = similar_ratio(buf_str(&value), value.len, text.p,
		    text.n);
		if (ratio < 0)
			verdict_none(v, "the texts are too long to compare");
		else
			verdict_set(v, ratio >= a->threshold, "similarity "
			    "%.2f below min_score %.2f", ratio, a->threshold);
	}
	if (ratio >= 0)
		v->score = ratio;
	buf_release(&path);
	buf_release(&value);
}
