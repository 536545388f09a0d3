/*
 * Assertions about the figures of a trace and of its steps as a whole.
 */
#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "json/path.h"
#include "trace/trace.h"
#include "assertion.h"
#include "steps.h"
#include "subject.h"
#include "text.h"

/* threshold: milliseconds */
void
judge_latency(struct assertion *a, struct subject *s, struct verdict *v)
{
	double ms;

	if (!value_number(s->v[TRACE_DURATION], &ms))
		verdict_none(v, "duration_ms is missing");
	else
		verdict_set(v, ms <= a->threshold, "%.1f ms: expected at "
		    "most %g", ms, a->threshold);
}

/* threshold: tokens of all generations */
void
judge_tokens(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_span usage = s->v[TRACE_TOKEN_USAGE];
	double n;

	if (!json_is(usage, JSON_OBJECT) ||
	    !value_number(json_get(usage, "total_tokens"), &n))
		verdict_none(v, "the tokens are not known");
	else
		verdict_set(v, n <= a->threshold, "%.0f tokens: expected at "
		    "most %g", n, a->threshold);
}

/* The cost of a trace, or of its steps together. Returns 0 if not known. */
static int
cost_of(struct subject *s, double *sum)
{
	const struct observation *o;
	struct trace *t;
	double d;
	size_t i;
	int known = 0;

	if (value_number(subject_get(s, "cost"), sum))
		return 1;
	t = subject_steps(s);
	for (i = 0, *sum = 0; t && i < t->nobs; i++) {
		o = &t->obs[i];
		if (json_is(o->v[OBS_METADATA], JSON_OBJECT) &&
		    value_number(json_get(o->v[OBS_METADATA], "cost"),
		    &d)) {
			*sum += d;
			known = 1;
		}
	}
	return known;
}

void
judge_cost(struct assertion *a, struct subject *s, struct verdict *v)
{
	double cost;

	if (!cost_of(s, &cost))
		verdict_none(v, "the cost is not known");
	else
		verdict_set(v, cost <= a->threshold, "it cost %g: expected at "
		    "most %g", cost, a->threshold);
}

void
judge_success(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_span success = s->v[TRACE_SUCCESS];
	struct buf why = { 0 };

	(void)a;
	if (json_is_null(success)) {
		verdict_none(v, "success is missing");
		return;
	}
	buf_puts(&why, "the run failed");
	if (json_is(s->v[TRACE_ERROR], JSON_STRING)) {
		buf_puts(&why, ": ");
		json_text(&why, s->v[TRACE_ERROR]);
		why.len = strcspn(buf_str(&why), "\n");
	}
	verdict_set(v, json_is_true(success), "%s", buf_str(&why));
	buf_release(&why);
}

/* Returns the finish reason of the trace, or of its last step that has one. */
static struct json_span
finish_reason(struct subject *s)
{
	static const char *const places[] = {
		"finish_reason", "finish_reasons.0", "stop_reason",
		"attributes.gen_ai.response.finish_reasons.0"
	};
	struct json_span v = subject_get(s, "finish_reason"), meta;
	struct trace *t = subject_steps(s);
	size_t i, k;

	for (i = t ? t->nobs : 0; json_is_null(v) && i-- > 0; ) {
		meta = t->obs[i].v[OBS_METADATA];
		for (k = 0; meta.p && json_is_null(v) && k < LEN(places); k++)
			v = path_get(meta, places[k]);
	}
	return v;
}

void
judge_finish_reason(struct assertion *a, struct subject *s, struct verdict *v)
{
	struct json_span reason = finish_reason(s), value;
	struct buf is = { 0 }, expected = { 0 };

	if (assertion_value(a, s, &value, v))
		return;
	if (json_is_null(reason)) {
		verdict_none(v, "the finish reason is not known");
		return;
	}
	value_text(reason, &is);
	value_text(value, &expected);
	verdict_set(v, is.len == expected.len &&
	    !memcmp(buf_str(&is), buf_str(&expected), is.len),
	    "it is '%s'", buf_str(&is));
	buf_release(&is);
	buf_release(&expected);
}

/* --- spans --------------------------------------------------------------- */

/* max: milliseconds of each span, or of a percentile if one is given */
void
judge_span_duration(struct assertion *a, struct subject *s, struct verdict *v)
{
	double max = HUGE_VAL, percentile = 0, worst = -1, ms;
	struct buf slowest = { 0 };
	size_t n = 0, over = 0, known = 0;
	struct steps c;

	if (steps_begin(&c, a, s, v))
		return;
	value_number(json_get(c.value, "max"), &max);
	value_number(json_get(c.value, "percentile"), &percentile);
	for (; steps_next(&c); n++) {
		if (!trace_duration(c.trace, c.step, &ms))
			continue;
		known++;
		over += ms > max;
		if (ms > worst) {
			worst = ms;
			slowest.len = 0;
			steps_name(c.step, &slowest);
		}
	}
	if (!known)
		verdict_none(v, n ? "the durations are not known" :
		    "there is no such step");
	else
		verdict_set(v, percentile > 0 ? (double)over <=
		    (double)known * (100 - percentile) / 100 : !over,
		    "%s took %.1f ms: expected at most %g",
		    buf_str(&slowest), worst, max);
	buf_release(&slowest);
	steps_end(&c);
}

/* value: the allowed number of failed steps, or max_count, max_percentage */
void
judge_error_spans(struct assertion *a, struct subject *s, struct verdict *v)
{
	double max = 0, percentage = -1, n = 0, failed = 0;
	struct buf first = { 0 };
	struct steps c;

	if (steps_begin(&c, a, s, v))
		return;
	if (!value_number(c.value, &max))
		value_number(json_get(c.value, "max_count"), &max);
	value_number(json_get(c.value, "max_percentage"), &percentage);
	for (; steps_next(&c); n++) {
		if (!trace_failed(c.step))
			continue;
		if (failed++ <= 0)
			steps_name(c.step, &first);
	}
	if (percentage >= 0)
		verdict_set(v, failed * 100 <= percentage * n,
		    "%g of %g steps failed, first %s", failed, n,
		    buf_str(&first));
	else
		verdict_set(v, failed <= max, "%g step%s failed, first %s",
		    failed, failed == 1 ? "" : "s", buf_str(&first));
	buf_release(&first);
	steps_end(&c);
}
