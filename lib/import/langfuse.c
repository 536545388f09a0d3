#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "export.h"
#include "leftover.h"
#include "otlpval.h"
#include "spanmake.h"
#include "spanshape.h"
#include "langfuse.h"

/* The members of traces and observations that have a field of a record. */
enum {
	LF_ID, LF_TRACE_ID, LF_PARENT, LF_TYPE, LF_NAME, LF_INPUT, LF_OUTPUT,
	LF_METADATA, LF_START, LF_END, LF_TIMESTAMP, LF_LATENCY, LF_LEVEL,
	LF_STATUS, LF_MODEL, LF_PROVIDED_MODEL, LF_PARAMETERS, LF_USAGE,
	LF_USAGE_DETAILS, LF_SCORES, LF_OBSERVATIONS, LF_TRACE, LF_CREATED,
	LF_TRACE_NAME, LF_PROMPT_TOKENS, LF_COMPLETION_TOKENS,
	LF_TOTAL_TOKENS, LF_INPUT_USAGE, LF_OUTPUT_USAGE, LF_TOTAL_USAGE,
	LF_BOOKMARKED, LF_VALUE, LF_STRING_VALUE, LF_DATA_TYPE, LF_BODY,
	LF_MEMBERS
};

static const char *const member_names[LF_MEMBERS] = {
	[LF_ID] = "id",
	[LF_TRACE_ID] = "traceId",
	[LF_PARENT] = "parentObservationId",
	[LF_TYPE] = "type",
	[LF_NAME] = "name",
	[LF_INPUT] = "input",
	[LF_OUTPUT] = "output",
	[LF_METADATA] = "metadata",
	[LF_START] = "startTime",
	[LF_END] = "endTime",
	[LF_TIMESTAMP] = "timestamp",
	[LF_LATENCY] = "latency",
	[LF_LEVEL] = "level",
	[LF_STATUS] = "statusMessage",
	[LF_MODEL] = "model",
	[LF_PROVIDED_MODEL] = "providedModelName",
	[LF_PARAMETERS] = "modelParameters",
	[LF_USAGE] = "usage",
	[LF_USAGE_DETAILS] = "usageDetails",
	[LF_SCORES] = "scores",
	[LF_OBSERVATIONS] = "observations",
	[LF_TRACE] = "trace",
	[LF_CREATED] = "createdAt",
	[LF_TRACE_NAME] = "traceName",
	[LF_PROMPT_TOKENS] = "promptTokens",
	[LF_COMPLETION_TOKENS] = "completionTokens",
	[LF_TOTAL_TOKENS] = "totalTokens",
	[LF_INPUT_USAGE] = "inputUsage",
	[LF_OUTPUT_USAGE] = "outputUsage",
	[LF_TOTAL_USAGE] = "totalUsage",
	[LF_BOOKMARKED] = "bookmarked",
	[LF_VALUE] = "value",
	[LF_STRING_VALUE] = "stringValue",
	[LF_DATA_TYPE] = "dataType",
	[LF_BODY] = "body"
};

/* The members above that the metadata does not repeat. */
static const unsigned char in_fields[LF_MEMBERS] = {
	[LF_ID] = 1, [LF_TRACE_ID] = 1, [LF_PARENT] = 1, [LF_TYPE] = 1,
	[LF_NAME] = 1, [LF_INPUT] = 1, [LF_OUTPUT] = 1, [LF_METADATA] = 1,
	[LF_START] = 1, [LF_END] = 1, [LF_TIMESTAMP] = 1, [LF_LEVEL] = 1,
	[LF_STATUS] = 1, [LF_MODEL] = 1, [LF_PARAMETERS] = 1,
	[LF_SCORES] = 1, [LF_OBSERVATIONS] = 1, [LF_TRACE] = 1,
	[LF_TRACE_NAME] = 1
};

struct langfuse {
	struct buf metadata;
	struct buf scores;
	struct buf name;
	size_t named;		/* observations of which only the ids are
				   known */
	size_t observations;	/* observations that were read */
};

/* Whether a value is empty. */
static int
is_nothing(struct json_span v)
{
	return json_is_null(v) || (v.n == 2 && strchr("\"[{", *v.p));
}

/* Adds the members that have no field, and the user's own metadata. */
static void
langfuse_put_metadata(struct export *x, struct json_span v,
    const struct json_span m[LF_MEMBERS])
{
	struct langfuse *l = x->state;
	struct json_span key = { 0 }, value, own = m[LF_METADATA];
	struct buf *b = &l->metadata;
	struct json_iter it;
	size_t i;

	b->len = 0;
	json_open(b, NULL, '{');
	if (json_is(own, JSON_OBJECT))
		json_add_others(b, own, NULL, 0);
	else if (!is_nothing(own))
		json_add(b, "metadata", own);
	for (it = json_each(v); json_next(&it, &key, &value); ) {
		i = otlpval_key(key, member_names, LF_MEMBERS);
		if ((i < LF_MEMBERS && in_fields[i]) || is_nothing(value))
			continue;
		l->name.len = 0;
		json_text(&l->name, key);
		buf_str(&l->name);
		/* the user's own member of that name has precedence */
		if (!json_get(own, l->name.p).p)
			json_add(b, l->name.p, value);
	}
	json_close(b, '}');
	if (b->len > 2)
		spanmake_json(&x->make, "metadata", json_buf(b));
}

/* Adds an input or output, which may be JSON in a string. */
static void
put_side(struct export *x, const char *key, const char *exact,
    struct json_span v)
{
	if (json_is(v, JSON_STRING))
		spanmake_put(&x->make, key, v);
	else
		spanmake_json(&x->make, exact, v);
}

static void
put_sides(struct export *x, const struct json_span m[LF_MEMBERS])
{
	put_side(x, "langfuse.observation.input", "fluxloop.import.input",
	    m[LF_INPUT]);
	put_side(x, "langfuse.observation.output", "fluxloop.import.output",
	    m[LF_OUTPUT]);
}

/* Reads a score: a number; in a table, the average of a list. */
static int
score_value(struct json_span v, double *d)
{
	struct json_span unused, element;
	struct json_iter it;
	double sum = 0;
	int n = 0;

	if (json_double(v, d))
		return 1;
	if (!json_is(v, JSON_ARRAY))
		return 0;
	for (it = json_each(v); json_next(&it, &unused, &element); n++) {
		if (!json_double(element, d))
			return 0;
		sum += *d;
	}
	*d = n ? sum / n : 0;
	return n > 0;
}

/* Adds scores of the API: a list of objects with a name and a value. */
static void
add_listed_scores(struct export *x, struct buf *b, struct json_span scores)
{
	struct json_span unused, v, name;
	struct json_iter it;
	struct buf text = { 0 };
	double d;

	for (it = json_each(scores); json_next(&it, &unused, &v); ) {
		if (!json_is(v, JSON_OBJECT)) {
			/* ids: a list of traces has no values */
			leftover_add(&x->left, "scores", 1);
			continue;
		}
		name = json_get(v, "name");
		text.len = 0;
		if (json_is(name, JSON_STRING))
			json_text(&text, name);
		if (!text.len || !score_value(json_get(v, "value"), &d) ||
		    json_get(json_buf(b), buf_str(&text)).p)
			leftover_add(&x->left, "scores", 1);
		else {
			b->len--;
			json_add_double(b, text.p, d);
			json_close(b, '}');
			buf_str(b);
		}
	}
	buf_release(&text);
}

/* Adds the scores of a table: an object of lists. */
static void
add_table_scores(struct export *x, struct buf *b, struct json_span scores)
{
	struct json_span key = { 0 }, v;
	struct json_iter it;
	struct buf text = { 0 };
	double d;

	b->len--;
	for (it = json_each(scores); json_next(&it, &key, &v); ) {
		text.len = 0;
		json_text(&text, key);
		if (score_value(v, &d))
			json_add_double(b, buf_str(&text), d);
		else if (!is_nothing(v))
			leftover_add(&x->left, "scores", 1);
	}
	json_close(b, '}');
	buf_release(&text);
}

static void
put_scores(struct export *x, struct json_span scores)
{
	struct langfuse *l = x->state;
	struct buf *b = &l->scores;

	b->len = 0;
	buf_puts(b, "{}");
	buf_str(b);
	if (json_is(scores, JSON_ARRAY))
		add_listed_scores(x, b, scores);
	else if (json_is(scores, JSON_OBJECT))
		add_table_scores(x, b, scores);
	if (b->len > 2)
		spanmake_json(&x->make, "fluxloop.scores", json_buf(b));
}

/*
 * Returns the end of a trace: its start plus its latency in seconds; 0:
 * unknown.
 */
static uint64_t
trace_end(uint64_t start, struct json_span latency)
{
	double s;

	if (json_is(latency, JSON_STRING)) {
		latency.p++;
		latency.n -= 2;
	}
	if (!start || !json_double(latency, &s) || !(s > 0) || s > 1e9)
		return 0;
	return start + (uint64_t)(s * 1e9);
}

static void make_list(struct export *x, struct json_span list);

/* Makes the row of a trace, and its observations if they are there. */
static void
make_trace(struct export *x, struct json_span v,
    const struct json_span m[LF_MEMBERS])
{
	struct json_span start = m[LF_TIMESTAMP].p ? m[LF_TIMESTAMP] :
	    m[LF_CREATED], none = { 0 };
	uint64_t time = spanshape_time(start);

	spanmake_begin(&x->make, m[LF_ID], m[LF_ID], none);
	spanmake_name(&x->make, m[LF_NAME], "trace");
	spanmake_times(&x->make, time, trace_end(time, m[LF_LATENCY]));
	if (json_is_str(m[LF_LEVEL], "ERROR"))
		spanmake_failed(&x->make, m[LF_STATUS]);
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "fluxloop.record", "row");
	if (json_is(m[LF_NAME], JSON_STRING) && m[LF_NAME].n > 2)
		spanmake_put(&x->make, "langfuse.trace.name", m[LF_NAME]);
	put_sides(x, m);
	put_scores(x, m[LF_SCORES]);
	langfuse_put_metadata(x, v, m);
	export_span(x);
	make_list(x, m[LF_OBSERVATIONS]);
}

/* Makes an object of the counts, unless there is one. */
static void
langfuse_put_usage(struct export *x, const struct json_span m[LF_MEMBERS])
{
	static const struct {
		const char *name;
		int members[2];
	} counts[] = {
		{ "gen_ai.usage.input_tokens",
		    { LF_PROMPT_TOKENS, LF_INPUT_USAGE } },
		{ "gen_ai.usage.output_tokens",
		    { LF_COMPLETION_TOKENS, LF_OUTPUT_USAGE } },
		{ "gen_ai.usage.total_tokens",
		    { LF_TOTAL_TOKENS, LF_TOTAL_USAGE } }
	};
	struct json_span v = m[LF_USAGE_DETAILS];
	size_t i;

	if (is_nothing(v))
		v = m[LF_USAGE];
	if (json_is(v, JSON_OBJECT) && v.n > 2) {
		spanmake_usage(&x->make, v);
		return;
	}
	for (i = 0; i < LEN(counts); i++) {
		v = m[counts[i].members[0]];
		if (is_nothing(v))
			v = m[counts[i].members[1]];
		/* a table has 0 in each row */
		if (!is_nothing(v) && !(v.n == 1 && *v.p == '0') &&
		    !json_is_str(v, "0"))
			spanmake_put(&x->make, counts[i].name, v);
	}
}

static void
make_observation(struct export *x, struct json_span v,
    const struct json_span m[LF_MEMBERS])
{
	struct langfuse *l = x->state;
	uint64_t start = spanshape_time(m[LF_START]);
	uint64_t end = spanshape_time(m[LF_END]);
	struct json_span parent = m[LF_PARENT];

	l->observations++;
	/* an event is a point in time */
	if (!end && json_is_str(m[LF_TYPE], "EVENT"))
		end = start;
	if (is_nothing(parent))
		parent.p = NULL;
	spanmake_begin(&x->make, m[LF_TRACE_ID], m[LF_ID], parent);
	spanmake_name(&x->make, m[LF_NAME], "observation");
	spanmake_times(&x->make, start, end);
	if (json_is_str(m[LF_LEVEL], "ERROR"))
		spanmake_failed(&x->make, m[LF_STATUS]);
	spanmake_attributes(&x->make);
	spanmake_put(&x->make, "langfuse.observation.type", m[LF_TYPE]);
	spanmake_put(&x->make, "langfuse.observation.level", m[LF_LEVEL]);
	if (!is_nothing(m[LF_STATUS]))
		spanmake_put(&x->make, "langfuse.observation.status_message",
		    m[LF_STATUS]);
	if (!is_nothing(m[LF_MODEL]))
		spanmake_put(&x->make, "gen_ai.request.model", m[LF_MODEL]);
	else if (!is_nothing(m[LF_PROVIDED_MODEL]))
		spanmake_put(&x->make, "gen_ai.request.model",
		    m[LF_PROVIDED_MODEL]);
	if (!is_nothing(m[LF_PARAMETERS]))
		spanmake_put(&x->make, "langfuse.observation.model.parameters",
		    m[LF_PARAMETERS]);
	if (!is_nothing(m[LF_TRACE_NAME]) && is_nothing(m[LF_PARENT]))
		spanmake_put(&x->make, "langfuse.trace.name",
		    m[LF_TRACE_NAME]);
	put_sides(x, m);
	langfuse_put_usage(x, m);
	put_scores(x, m[LF_SCORES]);
	langfuse_put_metadata(x, v, m);
	export_span(x);
}

static int
langfuse_record(struct export *x, struct json_span v)
{
	struct json_span m[LF_MEMBERS];

	otlpval_fields(v.p, member_names, m, LF_MEMBERS);
	/* as a page downloads it: a trace, and its observations apart */
	if (json_is(m[LF_TRACE], JSON_OBJECT) && !m[LF_ID].p)
		return langfuse_record(x, m[LF_TRACE]) ? -1 :
		    (make_list(x, m[LF_OBSERVATIONS]), 0);
	if (!json_is(m[LF_ID], JSON_STRING)) {
		if (!json_is(m[LF_OBSERVATIONS], JSON_ARRAY))
			return -1;
		make_list(x, m[LF_OBSERVATIONS]);
		return 0;
	}
	/* as the SDKs send it */
	if (json_is(m[LF_BODY], JSON_OBJECT) && json_is(m[LF_TYPE],
	    JSON_STRING) && !m[LF_TRACE_ID].p)
		return langfuse_record(x, m[LF_BODY]);
	if (json_is(m[LF_TRACE_ID], JSON_STRING)) {
		if (m[LF_START].p)
			make_observation(x, v, m);
		else if (m[LF_VALUE].p || m[LF_STRING_VALUE].p ||
		    m[LF_DATA_TYPE].p)
			leftover_add(&x->left, "scores", 1);
		else
			return -1;
		return 0;
	}
	if (!m[LF_TIMESTAMP].p && !m[LF_INPUT].p && !m[LF_OBSERVATIONS].p &&
	    !m[LF_BOOKMARKED].p)
		return -1;
	make_trace(x, v, m);
	return 0;
}

/* Makes the records of a list; a string is the id of a record elsewhere. */
static void
make_list(struct export *x, struct json_span list)
{
	struct langfuse *l = x->state;
	struct json_span unused, v;
	struct json_iter it;

	if (!json_is(list, JSON_ARRAY))
		return;
	for (it = json_each(list); json_next(&it, &unused, &v); )
		if (json_is(v, JSON_STRING))
			l->named++;
		else if (!json_is(v, JSON_OBJECT) || langfuse_record(x, v))
			leftover_add(&x->left, "unknown values of lists", 1);
}

static void
langfuse_end(struct export *x)
{
	struct langfuse *l = x->state;

	if (!l->observations)
		leftover_add(&x->left, "observations of which there are only "
		    "ids (export them, too)", l->named);
	buf_release(&l->metadata);
	buf_release(&l->scores);
	buf_release(&l->name);
}

void
langfuse_read(struct gather *g, struct source *s)
{
	static const char *const wrappers[] = {
		"data", "traces", "batch", "events"
	};
	static const struct export_kind kind = {
		.name = "langfuse",
		.one = "a trace or an observation of Langfuse",
		.expected = "it has no 'id' with a 'timestamp', or with a "
		    "'traceId' and a 'startTime'",
		.members = wrappers, .nwrappers = LEN(wrappers),
		.nmembers = LEN(wrappers), .csv = 1,
		.size = sizeof(struct langfuse),
		.record = langfuse_record, .end = langfuse_end
	};

	export_read(&kind, g, s);
}
