#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "export.h"
#include "leftover.h"
#include "messages.h"
#include "otlpval.h"
#include "spanmake.h"
#include "spanshape.h"
#include "promptfoo.h"

/* The members of the objects around the results. */
enum {
	AROUND_RESULTS,
	AROUND_EVAL_ID, AROUND_TIMESTAMP, AROUND_CREATED,
	AROUND_CONFIG, AROUND_PROMPTS, AROUND_STATS, AROUND_TABLE,
	AROUND_TRACES,
	AROUND_MEMBERS
};

static const char *const around_names[AROUND_MEMBERS] = {
	[AROUND_RESULTS] = "results",
	[AROUND_EVAL_ID] = "evalId",
	[AROUND_TIMESTAMP] = "timestamp",
	[AROUND_CREATED] = "createdAt",
	[AROUND_CONFIG] = "config",
	[AROUND_PROMPTS] = "prompts",
	[AROUND_STATS] = "stats",
	[AROUND_TABLE] = "table",
	[AROUND_TRACES] = "traces"
};

/* The parts of an evaluation without a record, by their names in messages. */
static const char *const around_left[AROUND_MEMBERS] = {
	[AROUND_CONFIG] = "configurations",
	[AROUND_PROMPTS] = "lists of prompts",
	[AROUND_STATS] = "summaries",
	[AROUND_TABLE] = "tables",
	[AROUND_TRACES] = "lists of spans"
};

/* The members of a result. */
enum {
	RESULT_ID, RESULT_PROMPT, RESULT_PROVIDER, RESULT_RESPONSE,
	RESULT_VARS, RESULT_TEST, RESULT_GRADING, RESULT_ERROR,
	RESULT_FAILURE, RESULT_SUCCESS, RESULT_SCORE, RESULT_LATENCY,
	RESULT_SCORES, RESULT_USAGE, RESULT_METADATA, RESULT_TEST_INDEX,
	RESULT_PROMPT_INDEX, RESULT_REPEAT,
	RESULT_MEMBERS
};

static const char *const result_names[RESULT_MEMBERS] = {
	[RESULT_ID] = "id",
	[RESULT_PROMPT] = "prompt",
	[RESULT_PROVIDER] = "provider",
	[RESULT_RESPONSE] = "response",
	[RESULT_VARS] = "vars",
	[RESULT_TEST] = "testCase",
	[RESULT_GRADING] = "gradingResult",
	[RESULT_ERROR] = "error",
	[RESULT_FAILURE] = "failureReason",
	[RESULT_SUCCESS] = "success",
	[RESULT_SCORE] = "score",
	[RESULT_LATENCY] = "latencyMs",
	[RESULT_SCORES] = "namedScores",
	[RESULT_USAGE] = "tokenUsage",
	[RESULT_METADATA] = "metadata",
	[RESULT_TEST_INDEX] = "testIdx",
	[RESULT_PROMPT_INDEX] = "promptIdx",
	[RESULT_REPEAT] = "repeatIndex"
};

struct promptfoo {
	struct buf eval_id;	/* id of the evaluation, JSON */
	uint64_t time;		/* when it was run, ns */
	struct buf ids;
	struct buf question;
	struct buf text;
};

static void
promptfoo_noted(struct export *x, size_t member, struct json_span v)
{
	struct promptfoo *p = x->state;

	switch (member) {
	case AROUND_EVAL_ID:
		p->eval_id.len = 0;
		json_compact(&p->eval_id, v);
		buf_str(&p->eval_id);
		break;
	case AROUND_TIMESTAMP:
	case AROUND_CREATED:
		p->time = spanshape_time(v);
		break;
	default:
		if (!json_is_null(v) && v.n > 2)
			leftover_add(&x->left, around_left[member], 1);
	}
}

/*
 * Finds the question: the only variable, or the one with a usual name, or else
 * the text of the prompt.
 */
static struct json_span
find_question(struct promptfoo *p, const struct json_span m[RESULT_MEMBERS])
{
	struct json_span key, v, only = { 0 }, raw;
	struct buf text = { 0 };
	struct json_iter it;
	size_t n = 0;

	raw = json_get(m[RESULT_PROMPT], "raw");
	if (json_is(m[RESULT_VARS], JSON_OBJECT))
		for (it = json_each(m[RESULT_VARS]); json_next(&it, &key,
		    &v); n++)
			only = v;
	if (n == 1 && json_is(only, JSON_STRING))
		return only;
	p->question.len = 0;
	if ((n && messages_text(&text, m[RESULT_VARS], MESSAGES_INPUT)) ||
	    (raw.p && messages_text(&text, raw, MESSAGES_INPUT)))
		json_put_text(&p->question, text.p, text.len);
	buf_release(&text);
	return json_buf(&p->question);
}

/* Whether the call failed, rather than a check of its answer. */
static int
is_call_failed(const struct json_span m[RESULT_MEMBERS])
{
	double reason;

	if (!json_is_null(json_get(m[RESULT_RESPONSE], "error")))
		return 1;
	if (json_double(m[RESULT_FAILURE], &reason))
		return reason > 1.5;
	return !json_is_null(m[RESULT_ERROR]) &&
	    json_is_null(m[RESULT_GRADING]);
}

static struct json_span
call_error(const struct json_span m[RESULT_MEMBERS])
{
	struct json_span v = json_get(m[RESULT_RESPONSE], "error");

	return json_is_null(v) ? m[RESULT_ERROR] : v;
}

/* Adds a member under another name, unless it is absent. */
static void
promptfoo_add(struct buf *b, const char *key, struct json_span object,
    const char *name)
{
	struct json_span v = json_get(object, name);

	if (!json_is_null(v))
		json_add(b, key, v);
}

/* Adds a check of the verdict. */
static void
add_check(struct buf *b, struct json_span part)
{
	struct json_span assertion = json_get(part, "assertion");
	struct json_span metric = json_get(assertion, "metric");
	struct json_span type = json_get(assertion, "type");

	json_open(b, NULL, '{');
	if (json_is(metric, JSON_STRING) || json_is(type, JSON_STRING))
		json_add(b, "name", json_is(metric, JSON_STRING) ? metric :
		    type);
	promptfoo_add(b, "type", assertion, "type");
	promptfoo_add(b, "pass", part, "pass");
	promptfoo_add(b, "score", part, "score");
	promptfoo_add(b, "weight", assertion, "weight");
	if (!json_is_true(json_get(part, "pass")))
		promptfoo_add(b, "reason", part, "reason");
	promptfoo_add(b, "value", assertion, "value");
	json_close(b, '}');
}

/* Adds the verdict as an evaluation. */
static void
put_evaluation(struct export *x, const struct json_span m[RESULT_MEMBERS])
{
	struct promptfoo *p = x->state;
	struct json_span grading = m[RESULT_GRADING], parts, unused, v;
	struct buf *b = &p->text;
	struct json_iter it;

	if (!json_is(grading, JSON_OBJECT))
		return;
	b->len = 0;
	json_open(b, NULL, '{');
	promptfoo_add(b, "pass", grading, "pass");
	promptfoo_add(b, "score", grading, "score");
	promptfoo_add(b, "threshold", m[RESULT_TEST], "threshold");
	json_open(b, "checks", '[');
	parts = json_get(grading, "componentResults");
	if (json_is(parts, JSON_ARRAY))
		for (it = json_each(parts); json_next(&it, &unused, &v); )
			add_check(b, v);
	json_close(b, ']');
	json_close(b, '}');
	spanmake_json(&x->make, "fluxloop.evaluation", json_buf(b));
	v = m[RESULT_SCORES];
	if (json_is(v, JSON_OBJECT) && v.n > 2)
		spanmake_json(&x->make, "fluxloop.scores", v);
}

/* Adds the metadata of the test, and those of the result. */
static void
promptfoo_put_metadata(struct export *x,
    const struct json_span m[RESULT_MEMBERS])
{
	static const char *const not[] = {
		"assert", "expected", "description", "vars", "evalId",
		"provider", "prompt", "test", "checks"
	};
	struct promptfoo *p = x->state;
	struct json_span test = m[RESULT_TEST], v;
	struct buf *b = &p->text;

	b->len = 0;
	json_open(b, NULL, '{');
	v = json_get(test, "metadata");
	json_add_others(b, v.p ? v : m[RESULT_METADATA], not, LEN(not));
	promptfoo_add(b, "description", test, "description");
	if (json_is(m[RESULT_VARS], JSON_OBJECT))
		json_add(b, "vars", m[RESULT_VARS]);
	/* the words of fl-evaluate */
	promptfoo_add(b, "assert", test, "assert");
	promptfoo_add(b, "prompt", m[RESULT_PROMPT],
	    json_get(m[RESULT_PROMPT], "label").p ? "label" : "display");
	v = json_get(m[RESULT_PROVIDER], "id");
	if (json_is(v, JSON_STRING) || json_is(m[RESULT_PROVIDER], JSON_STRING))
		json_add(b, "provider", v.p ? v : m[RESULT_PROVIDER]);
	if (p->eval_id.len)
		json_add(b, "evalId", json_buf(&p->eval_id));
	if (m[RESULT_TEST_INDEX].p)
		json_add(b, "testIdx", m[RESULT_TEST_INDEX]);
	if (m[RESULT_PROMPT_INDEX].p)
		json_add(b, "promptIdx", m[RESULT_PROMPT_INDEX]);
	json_close(b, '}');
	spanmake_json(&x->make, "metadata", json_buf(b));
}

/* 1 if a provider is a program, not a model. */
static int
promptfoo_is_program(const char *id)
{
	static const char *const programs[] = {
		"exec:", "python:", "file:", "http:", "https:", "javascript:",
		"golang:", "ruby:", "package:", "websocket:", "ws:", "wss:",
		"mcp", "browser", "webhook:", "promptfoo:"
	};
	size_t i;

	for (i = 0; i < LEN(programs); i++)
		if (!strncmp(id, programs[i], strlen(programs[i])))
			return 1;
	return 0;
}

/* The model of a provider such as "openai:chat:gpt-4o". */
static void
promptfoo_put_model(struct export *x, struct json_span provider)
{
	struct json_span id = json_get(provider, "id");
	struct buf text = { 0 };
	const char *colon;

	if (json_is(provider, JSON_STRING))
		id = provider;
	if (json_is(id, JSON_STRING)) {
		json_text(&text, id);
		colon = strrchr(buf_str(&text), ':');
		if (!promptfoo_is_program(text.p))
			spanmake_str(&x->make, "gen_ai.request.model",
			    colon && colon[1] ? colon + 1 : text.p);
	}
	buf_release(&text);
}

/* The name of the trace: the provider's label, or else its id. */
static void
put_name(struct export *x, struct json_span provider)
{
	struct json_span name = json_get(provider, "label");

	if (!json_is(name, JSON_STRING) || name.n == 2)
		name = json_get(provider, "id");
	spanmake_put(&x->make, "langfuse.trace.name", name.p ? name :
	    provider);
}

/* The ids of the result's spans. */
struct promptfoo_ids {
	struct json_span trace;
	struct json_span test;
	struct json_span call;
};

static struct promptfoo_ids
promptfoo_ids(struct promptfoo *p, struct json_span v,
    const struct json_span m[RESULT_MEMBERS])
{
	/* the parts of an id that exist, or else the whole result */
	struct json_span parts[] = {
		json_buf(&p->eval_id), m[RESULT_ID], m[RESULT_TEST_INDEX],
		m[RESULT_PROMPT_INDEX], m[RESULT_REPEAT],
		m[RESULT_ID].p ? m[RESULT_ID] : v, { "call", 4 }
	};
	struct promptfoo_ids ids;
	size_t a, b;

	p->ids.len = 0;
	spanmake_trace_id(&p->ids, parts, LEN(parts) - 1);
	a = p->ids.len;
	spanmake_id(&p->ids, parts, LEN(parts) - 1);
	b = p->ids.len;
	spanmake_id(&p->ids, parts, LEN(parts));
	ids.trace = (struct json_span){ p->ids.p, a };
	ids.test = (struct json_span){ p->ids.p + a, b - a };
	ids.call = (struct json_span){ p->ids.p + b, p->ids.len - b };
	return ids;
}

/* Sets the times: only the duration of a result is known. */
static void
promptfoo_put_times(struct export *x, struct json_span latency)
{
	struct promptfoo *p = x->state;
	double ms;

	if (!json_double(latency, &ms) || ms < 0 || ms > 1e12)
		ms = 0;
	spanmake_times(&x->make, p->time, p->time ? p->time +
	    (uint64_t)(ms * 1e6) : 0);
}

/* Makes the span of the test: question, answer and verdict. */
static void
make_test(struct export *x, struct promptfoo_ids ids,
    const struct json_span m[RESULT_MEMBERS])
{
	struct json_span none = { 0 };

	spanmake_begin(&x->make, ids.trace, ids.test, none);
	spanmake_name(&x->make, json_get(m[RESULT_TEST], "description"),
	    "test");
	promptfoo_put_times(x, m[RESULT_LATENCY]);
	if (is_call_failed(m))
		spanmake_failed(&x->make, call_error(m));
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "fluxloop.record", "row");
	spanmake_input(&x->make, find_question(x->state, m));
	spanmake_output(&x->make, json_get(m[RESULT_RESPONSE], "output"));
	put_name(x, m[RESULT_PROVIDER]);
	spanmake_put(&x->make, "fluxloop.duration_ms", m[RESULT_LATENCY]);
	spanmake_put(&x->make, "fluxloop.iteration", m[RESULT_REPEAT]);
	put_evaluation(x, m);
	promptfoo_put_metadata(x, m);
	export_span(x);
}

/* Makes the span of the call of the provider. */
static void
make_provider(struct export *x, struct promptfoo_ids ids,
    const struct json_span m[RESULT_MEMBERS])
{
	static const char *const known[] = {
		"output", "error", "raw"
	};
	struct promptfoo *p = x->state;
	struct json_span id = json_get(m[RESULT_PROVIDER], "id"), usage;
	struct json_span none = { 0 };

	spanmake_begin(&x->make, ids.trace, ids.call, none);
	spanmake_name(&x->make, id.p ? id : m[RESULT_PROVIDER], "provider");
	promptfoo_put_times(x, m[RESULT_LATENCY]);
	if (is_call_failed(m))
		spanmake_failed(&x->make, call_error(m));
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "openinference.span.kind", "LLM");
	promptfoo_put_model(x, m[RESULT_PROVIDER]);
	/* becomes messages if the text is a chat */
	spanmake_put(&x->make, "gen_ai.input.messages",
	    json_get(m[RESULT_PROMPT], "raw"));
	spanmake_output(&x->make, json_get(m[RESULT_RESPONSE], "output"));
	usage = json_get(m[RESULT_RESPONSE], "tokenUsage");
	if (!json_is(usage, JSON_OBJECT))
		usage = m[RESULT_USAGE];
	spanmake_usage(&x->make, usage);
	if (json_is(m[RESULT_RESPONSE], JSON_OBJECT)) {
		p->text.len = 0;
		json_open(&p->text, NULL, '{');
		json_add_others(&p->text, m[RESULT_RESPONSE], known,
		    LEN(known));
		json_close(&p->text, '}');
		spanmake_json(&x->make, "metadata", json_buf(&p->text));
	}
	export_span(x);
}

static int
promptfoo_record(struct export *x, struct json_span v)
{
	struct json_span m[RESULT_MEMBERS];
	struct promptfoo_ids ids;

	otlpval_fields(v.p, result_names, m, RESULT_MEMBERS);
	if (!(m[RESULT_PROMPT].p || m[RESULT_VARS].p) ||
	    !(m[RESULT_RESPONSE].p || m[RESULT_ERROR].p ||
	    m[RESULT_GRADING].p || m[RESULT_SUCCESS].p))
		return -1;
	ids = promptfoo_ids(x->state, v, m);
	make_test(x, ids, m);
	make_provider(x, ids, m);
	if (json_get(m[RESULT_RESPONSE], "raw").p)
		leftover_add(&x->left, "raw responses", 1);
	return 0;
}

static void
promptfoo_end(struct export *x)
{
	struct promptfoo *p = x->state;

	buf_release(&p->eval_id);
	buf_release(&p->ids);
	buf_release(&p->question);
	buf_release(&p->text);
}

void
promptfoo_read(struct gather *g, struct source *s)
{
	static const struct export_kind kind = {
		.name = "promptfoo", .one = "a result of promptfoo",
		.expected = "it has no 'prompt' and 'response', and no "
		    "'results'",
		.members = around_names, .nwrappers = 1,
		.nmembers = AROUND_MEMBERS,
		.size = sizeof(struct promptfoo),
		.noted = promptfoo_noted, .record = promptfoo_record,
		.end = promptfoo_end
	};

	export_read(&kind, g, s);
}
