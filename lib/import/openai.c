#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "json/json.h"
#include "export.h"
#include "gather.h"
#include "otlpval.h"
#include "spanmake.h"
#include "spanshape.h"
#include "spool.h"
#include "openai.h"

/* The members of records that have a meaning here. */
enum {
	OPENAI_CUSTOM_ID, OPENAI_URL, OPENAI_BODY, OPENAI_RESPONSE,
	OPENAI_ERROR, OPENAI_REQUEST, OPENAI_MESSAGES, OPENAI_CHOICES,
	OPENAI_OBJECT, OPENAI_OUTPUT, OPENAI_INPUT, OPENAI_PROMPT,
	OPENAI_COMPLETION, OPENAI_PREFERRED,
	OPENAI_MEMBERS
};

static const char *const member_names[OPENAI_MEMBERS] = {
	[OPENAI_CUSTOM_ID] = "customId",
	[OPENAI_URL] = "url",
	[OPENAI_BODY] = "body",
	[OPENAI_RESPONSE] = "response",
	[OPENAI_ERROR] = "error",
	[OPENAI_REQUEST] = "request",
	[OPENAI_MESSAGES] = "messages",
	[OPENAI_CHOICES] = "choices",
	[OPENAI_OBJECT] = "object",
	[OPENAI_OUTPUT] = "output",
	[OPENAI_INPUT] = "input",
	[OPENAI_PROMPT] = "prompt",
	[OPENAI_COMPLETION] = "completion",
	[OPENAI_PREFERRED] = "preferredOutput"
};

/* A question and its answer. All parts may be absent. */
struct openai_call {
	struct json_span custom_id;
	struct json_span url;
	struct json_span request;	/* body of the request */
	struct json_span answer;	/* body of the answer */
	struct json_span reply;		/* the answer, if it is not a body */
	struct json_span error;
	struct json_span status;	/* HTTP status */
	struct json_span rest;	/* record whose other members are metadata */
};

/* A line of a batch that waits for its other half. */
struct openai_half {
	uint64_t place;		/* place in the spool; 0: none */
	int answer;		/* 1: it is the answer */
};

struct openai {
	struct set ids;		/* index of halves, by custom_id */
	struct openai_half *halves;
	size_t n;
	size_t cap;
	struct buf ids_text;	/* ids of the span that is made */
	struct buf input;
	struct buf output;
	struct buf metadata;
	struct buf waited;	/* the half that waited */
};

/* --- parts of requests and answers --------------------------------------- */

/* The first element of an array, or absent; *more: 1 if it has others. */
static struct json_span
openai_first(struct json_span array, int *more)
{
	struct json_span unused, v = { 0 }, rest;
	struct json_iter it;

	*more = 0;
	if (!json_is(array, JSON_ARRAY))
		return v;
	it = json_each(array);
	if (!json_next(&it, &unused, &v))
		v.p = NULL;
	else
		*more = json_next(&it, &unused, &rest);
	return v;
}

/* Returns the messages, or another question. */
static struct json_span
openai_question(struct json_span request)
{
	static const char *const names[] = { "messages", "input", "prompt" };
	struct json_span v = { 0 };
	size_t i;

	for (i = 0; i < LEN(names) && json_is_null(v); i++)
		v = json_get(request, names[i]);
	return v;
}

/* Returns the message, or another answer. */
static struct json_span
openai_reply(struct json_span answer)
{
	struct json_span choices, first, v;
	int more;

	if (!json_is(answer, JSON_OBJECT))
		return answer;
	choices = json_get(answer, "choices");
	first = openai_first(choices, &more);
	if (more)
		return choices;
	if (first.p) {
		v = json_get(first, "message");
		return v.p ? v : json_get(first, "text");
	}
	v = json_get(answer, "output");
	return json_is_null(v) ? answer : v;
}

/* The member of a, or that of b where a has none, or null. */
static struct json_span
openai_member(struct json_span a, struct json_span b, const char *name)
{
	struct json_span v = json_get(a, name);

	return json_is_null(v) ? json_get(b, name) : v;
}

/* The number of messages from the user. */
static size_t
count_turns(struct json_span messages)
{
	struct json_span unused, v;
	struct json_iter it;
	size_t n = 0;

	if (!json_is(messages, JSON_ARRAY))
		return 0;
	for (it = json_each(messages); json_next(&it, &unused, &v); )
		if (json_is_str(json_get(v, "role"), "user"))
			n++;
	return n;
}

/* --- spans --------------------------------------------------------------- */

/* The ids of the current span. */
struct openai_ids {
	struct json_span trace;
	struct json_span span;
};

/* Makes ids from the contents of the call, the same each time it is read. */
static struct openai_ids
make_ids(struct export *x, const struct openai_call *c)
{
	struct openai *o = x->state;
	const struct json_span parts[] = {
		c->custom_id, c->answer.p ? c->answer : c->reply,
		c->answer.p ? c->error : c->request
	};
	struct openai_ids ids;
	size_t n;

	o->ids_text.len = 0;
	spanmake_trace_id(&o->ids_text, parts, LEN(parts));
	n = o->ids_text.len;
	spanmake_id(&o->ids_text, parts, LEN(parts));
	ids.trace.p = o->ids_text.p;
	ids.trace.n = n;
	ids.span.p = o->ids_text.p + n;
	ids.span.n = o->ids_text.len - n;
	return ids;
}

/* The result of a tool's call among the messages, or absent. */
static struct json_span
find_result(struct json_span messages, struct json_span id)
{
	struct json_span unused, v, given, result, none = { 0 };
	struct json_iter it;

	if (!json_is(messages, JSON_ARRAY) || !json_is(id, JSON_STRING))
		return none;
	for (it = json_each(messages); json_next(&it, &unused, &v); ) {
		given = json_get(v, "tool_call_id");
		if (!given.p)
			given = json_get(v, "call_id");
		if (!given.p || given.n != id.n ||
		    memcmp(given.p, id.p, id.n) != 0)
			continue;
		result = json_get(v, "content");
		if (!result.p)
			result = json_get(v, "output");
		if (result.p)
			return result;
	}
	return none;
}

/* Makes the span of a tool's call: in chat completions, or in responses. */
static void
openai_make_tool(struct export *x, struct openai_ids ids,
    struct json_span call, struct json_span messages, uint64_t time)
{
	struct json_span function = json_get(call, "function");
	struct json_span from = json_is(function, JSON_OBJECT) ? function :
	    call;
	struct json_span id = json_get(call, "call_id");
	struct buf own = { 0 };

	if (!json_is(id, JSON_STRING))
		id = json_get(call, "id");
	if (!json_is(id, JSON_STRING)) {
		spanmake_id(&own, &call, 1);
		id = json_buf(&own);
	}
	spanmake_begin(&x->make, ids.trace, id, ids.span);
	spanmake_name(&x->make, json_get(from, "name"), "function");
	spanmake_times(&x->make, time, time);
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "openinference.span.kind", "TOOL");
	spanmake_put(&x->make, "gen_ai.tool.call.arguments",
	    json_get(from, "arguments"));
	spanmake_output(&x->make, find_result(messages, id));
	export_span(x);
	buf_release(&own);
}

/* Makes spans of the calls of tools in messages; result has their results. */
static void
make_tools(struct export *x, struct openai_ids ids, struct json_span messages,
    struct json_span results, uint64_t time)
{
	struct json_span unused, v, calls, call;
	struct json_iter it, inner;

	if (!json_is(messages, JSON_ARRAY))
		return;
	for (it = json_each(messages); json_next(&it, &unused, &v); ) {
		if (json_is_str(json_get(v, "type"), "function_call"))
			openai_make_tool(x, ids, v, results, time);
		calls = json_get(v, "tool_calls");
		if (!json_is(calls, JSON_ARRAY))
			continue;
		for (inner = json_each(calls); json_next(&inner, &unused,
		    &call); )
			if (json_is(call, JSON_OBJECT))
				openai_make_tool(x, ids, call, results, time);
	}
}

/* Gathers the members that have no field into the metadata. */
static struct json_span
make_metadata(struct export *x, const struct openai_call *c)
{
	static const char *const known[] = {
		"custom_id", "method", "url", "body", "response", "error",
		"request", "messages", "choices", "output", "input", "prompt",
		"completion", "preferred_output", "model", "created",
		"created_at", "metadata", "instructions", "id"
	};
	struct openai *o = x->state;
	struct buf *b = &o->metadata;
	struct json_span v;

	b->len = 0;
	json_open(b, NULL, '{');
	if (json_is(c->custom_id, JSON_STRING))
		json_add(b, "custom_id", c->custom_id);
	json_add_others(b, c->answer, known, LEN(known) - 1);
	v = json_get(openai_first(json_get(c->answer, "choices"),
	    &(int){ 0 }), "finish_reason");
	if (json_is(v, JSON_STRING))
		json_add(b, "finish_reason", v);
	v = openai_member(c->request, c->answer, "metadata");
	if (json_is(v, JSON_OBJECT) && v.n > 2)
		json_add(b, "metadata", v);
	v = json_get(c->rest, "id");
	if (c->custom_id.p && v.p)
		json_add(b, "batch_request_id", v);
	if (!c->answer.p)
		json_add_others(b, c->rest, known, LEN(known));
	json_close(b, '}');
	return json_buf(b);
}

/* The parameters of a request. */
static struct json_span
make_parameters(struct buf *b, struct json_span request)
{
	static const char *const known[] = {
		"messages", "input", "prompt", "model", "metadata",
		"completion"
	};
	struct json_span none = { 0 };

	b->len = 0;
	if (!json_is(request, JSON_OBJECT))
		return none;
	json_open(b, NULL, '{');
	json_add_others(b, request, known, LEN(known));
	json_close(b, '}');
	return b->len > 2 ? json_buf(b) : none;
}

/* The messages with the answer, if that is one. */
static struct json_span
make_conversation(struct buf *b, struct json_span messages,
    struct json_span reply)
{
	struct json_span unused, v;
	struct json_iter it;

	b->len = 0;
	json_open(b, NULL, '[');
	for (it = json_each(messages); json_next(&it, &unused, &v); )
		json_add(b, NULL, v);
	if (json_is(reply, JSON_OBJECT))
		json_add(b, NULL, reply);
	json_close(b, ']');
	return json_buf(b);
}

/* The error of the call: OpenAI's own, or that of HTTP. */
static int
openai_failed(const struct openai_call *c, struct json_span *message)
{
	struct json_span error = c->error;
	double status;

	if (json_is_null(error))
		error = json_get(c->answer, "error");
	*message = json_get(error, "message");
	if (json_is_null(*message))
		*message = error;
	if (!json_is_null(error))
		return 1;
	return json_double(c->status, &status) && status >= 400;
}

/* Returns the name of the step: the called interface. */
static struct json_span
openai_name(const struct openai_call *c)
{
	static const char before[] = "\"/v1/";
	struct json_span object = json_get(c->answer, "object");

	if (!c->url.p || json_is(object, JSON_STRING) ||
	    !json_is(c->url, JSON_STRING) ||
	    strncmp(c->url.p, before, sizeof(before) - 1) != 0)
		return object;
	return c->url;
}

/* Makes the spans of a call. */
static void
make_call(struct export *x, const struct openai_call *c)
{
	struct openai *o = x->state;
	struct openai_ids ids = make_ids(x, c);
	struct json_span question = openai_question(c->request), message, v;
	struct json_span reply = c->reply.p ? c->reply :
	    openai_reply(c->answer);
	struct json_span created = openai_member(c->answer, c->rest,
	    "created");
	uint64_t time;
	int failed = openai_failed(c, &message);

	if (json_is_null(created))
		created = openai_member(c->answer, c->rest, "created_at");
	time = spanshape_time(created);
	spanmake_begin(&x->make, ids.trace, ids.span, (struct json_span){ 0 });
	spanmake_name(&x->make, openai_name(c), "openai");
	spanmake_times(&x->make, time, 0);
	if (failed)
		spanmake_failed(&x->make, message);
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "openinference.span.kind", "LLM");
	spanmake_put(&x->make, "gen_ai.request.model",
	    openai_member(c->answer, c->request, "model"));
	spanmake_input(&x->make, question);
	if (!failed)
		spanmake_output(&x->make, reply);
	spanmake_usage(&x->make, json_get(c->answer, "usage"));
	/* skip the request that an answer repeats */
	if (c->request.p != c->answer.p)
		spanmake_json(&x->make, "llm.invocation_parameters",
		    make_parameters(&o->input, c->request));
	v = make_metadata(x, c);
	if (v.n > 2)
		spanmake_json(&x->make, "metadata", v);
	if (json_is(c->custom_id, JSON_STRING))
		spanmake_put(&x->make, "langfuse.trace.name", c->custom_id);
	else
		spanmake_str(&x->make, "langfuse.trace.name", "openai");
	if (count_turns(question) > 1)
		spanmake_json(&x->make, "fluxloop.conversation",
		    make_conversation(&o->input, question, reply));
	export_span(x);
	make_tools(x, ids, question, question, time);
	if (json_is(reply, JSON_OBJECT)) {
		o->output.len = 0;
		json_open(&o->output, NULL, '[');
		json_add(&o->output, NULL, reply);
		json_close(&o->output, ']');
		reply = json_buf(&o->output);
	}
	make_tools(x, ids, reply, question, time);
}

/* --- lines of batches ---------------------------------------------------- */

/* Takes a line of a batch into the call. */
static void
take_half(struct openai_call *c, struct json_span v)
{
	struct json_span m[OPENAI_MEMBERS], response;

	otlpval_fields(v.p, member_names, m, OPENAI_MEMBERS);
	c->custom_id = m[OPENAI_CUSTOM_ID];
	if (m[OPENAI_URL].p)
		c->url = m[OPENAI_URL];
	response = m[OPENAI_RESPONSE];
	if (json_is(m[OPENAI_BODY], JSON_OBJECT)) {
		c->request = m[OPENAI_BODY];
		return;
	}
	c->answer = json_get(response, "body");
	c->status = json_get(response, "status_code");
	c->error = m[OPENAI_ERROR];
	c->rest = v;
}

/* Makes the spans of a half that waited, with the other one or alone. */
static void
make_halves(struct export *x, uint64_t place, struct json_span other)
{
	struct openai_call c = { .status = { 0 } };
	struct openai *o = x->state;
	struct json_span v;
	uint64_t unused;

	o->waited.len = 0;
	if (spool_get(&x->g->spool, place, &o->waited, &unused)) {
		x->g->failed = 1;
		return;
	}
	v.p = buf_str(&o->waited);
	v.n = o->waited.len;
	take_half(&c, v);
	if (other.p)
		take_half(&c, other);
	make_call(x, &c);
}

/* Keeps a line of a batch until its other half is read, or the end. */
static void
keep_half(struct export *x, struct json_span v, struct json_span id,
    int answer)
{
	struct openai *o = x->state;
	struct openai_half *h;
	size_t *index;
	int added;

	index = set_add(&o->ids, hash_bytes(0, 0, id.p, id.n), &added);
	if (added) {
		ALLOC_GROW(o->halves, o->n + 1, o->cap);
		*index = o->n++;
		o->halves[*index].place = 0;
	}
	h = &o->halves[*index];
	if (h->place && h->answer != answer) {
		make_halves(x, h->place, v);
		h->place = 0;
		return;
	}
	/* it belongs to another batch with the same ids */
	if (h->place)
		make_halves(x, h->place, (struct json_span){ 0 });
	h->place = spool_put(&x->g->spool, NULL, v.p, v.n);
	h->answer = answer;
	if (!h->place)
		x->g->failed = 1;
}

/* --- other records ------------------------------------------------------- */

/*
 * Makes the spans of an example for fine-tuning: its last message is the answer
 * if it is the assistant's.
 */
static void
make_example(struct export *x, struct json_span messages,
    struct json_span record)
{
	struct openai_call c = { .rest = record };
	struct json_span unused, v, last = { 0 };
	struct buf request = { 0 }, *b = &request;
	struct json_iter it;

	for (it = json_each(messages); json_next(&it, &unused, &v); )
		last = v;
	if (json_is_str(json_get(last, "role"), "assistant"))
		c.reply = last;
	json_open(b, NULL, '{');
	json_open(b, "messages", '[');
	for (it = json_each(messages); json_next(&it, &unused, &v); )
		if (v.p != c.reply.p)
			json_add(b, NULL, v);
	json_close(b, ']');
	json_close(b, '}');
	c.request = json_buf(b);
	make_call(x, &c);
	buf_release(&request);
}

static int
openai_record(struct export *x, struct json_span v)
{
	struct openai_call c = { .rest = v };
	struct json_span m[OPENAI_MEMBERS];

	otlpval_fields(v.p, member_names, m, OPENAI_MEMBERS);
	if (json_is(m[OPENAI_CUSTOM_ID], JSON_STRING) &&
	    (m[OPENAI_BODY].p || m[OPENAI_RESPONSE].p || m[OPENAI_ERROR].p)) {
		keep_half(x, v, m[OPENAI_CUSTOM_ID],
		    !json_is(m[OPENAI_BODY], JSON_OBJECT));
		return 0;
	}
	c.request = m[OPENAI_REQUEST];
	if (json_is(c.request, JSON_OBJECT) && m[OPENAI_RESPONSE].p) {
		c.answer = m[OPENAI_RESPONSE];
		c.error = m[OPENAI_ERROR];
	} else if (json_is(m[OPENAI_CHOICES], JSON_ARRAY) ||
	    (json_is_str(m[OPENAI_OBJECT], "response") &&
	    m[OPENAI_OUTPUT].p)) {
		c.answer = c.request = v;
		c.rest.p = NULL;
	} else if (json_is(m[OPENAI_MESSAGES], JSON_ARRAY)) {
		make_example(x, m[OPENAI_MESSAGES], v);
		return 0;
	} else if (json_is(m[OPENAI_PREFERRED], JSON_ARRAY) &&
	    m[OPENAI_INPUT].p) {
		c.request = m[OPENAI_INPUT];
		c.reply = m[OPENAI_PREFERRED];
	} else if (m[OPENAI_PROMPT].p && m[OPENAI_COMPLETION].p) {
		c.request = v;
		c.reply = m[OPENAI_COMPLETION];
	} else {
		return -1;
	}
	make_call(x, &c);
	return 0;
}

static void
openai_end(struct export *x)
{
	const struct json_span none = { 0 };
	struct openai *o = x->state;
	size_t i;

	for (i = 0; i < o->n && !x->g->failed; i++)
		if (o->halves[i].place)
			make_halves(x, o->halves[i].place, none);
	set_release(&o->ids);
	free(o->halves);
	buf_release(&o->ids_text);
	buf_release(&o->input);
	buf_release(&o->output);
	buf_release(&o->metadata);
	buf_release(&o->waited);
}

void
openai_read(struct gather *g, struct source *s)
{
	static const char *const members[] = { "data" };
	static const struct export_kind kind = {
		.name = "openai", .one = "a record of OpenAI's API",
		.expected = "it has no 'custom_id', 'messages' or 'choices'",
		.members = members, .nwrappers = 1, .nmembers = 1,
		.size = sizeof(struct openai),
		.record = openai_record, .end = openai_end
	};

	export_read(&kind, g, s);
}
