#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "json/json.h"
#include "export.h"
#include "leftover.h"
#include "otlpval.h"
#include "spanmake.h"
#include "spanshape.h"
#include "openaiagents.h"

/* The members of an item: a trace or a span. */
enum {
	AGENTS_OBJECT, AGENTS_ID, AGENTS_TRACE_ID, AGENTS_PARENT,
	AGENTS_STARTED, AGENTS_ENDED, AGENTS_DATA, AGENTS_ERROR,
	AGENTS_METADATA, AGENTS_WORKFLOW, AGENTS_GROUP, AGENTS_SPANS,
	AGENTS_ITEM
};

static const char *const item_names[AGENTS_ITEM] = {
	[AGENTS_OBJECT] = "object",
	[AGENTS_ID] = "id",
	[AGENTS_TRACE_ID] = "traceId",
	[AGENTS_PARENT] = "parentId",
	[AGENTS_STARTED] = "startedAt",
	[AGENTS_ENDED] = "endedAt",
	[AGENTS_DATA] = "spanData",
	[AGENTS_ERROR] = "error",
	[AGENTS_METADATA] = "metadata",
	[AGENTS_WORKFLOW] = "workflowName",
	[AGENTS_GROUP] = "groupId",
	[AGENTS_SPANS] = "spans"
};

/*
 * The members of a span's data that have a field of a record. Of inputs and
 * outputs, the first one counts: the exporters leave a response out, but a
 * program's own processor may write it.
 */
enum {
	DATA_TYPE, DATA_NAME,
	DATA_INPUT, DATA_PRIVATE_INPUT,
	DATA_RESPONSE, DATA_PRIVATE_RESPONSE, DATA_OUTPUT, DATA_RESULT,
	DATA_MODEL, DATA_CONFIG, DATA_USAGE,
	DATA_FIELDS
};

static const char *const data_names[DATA_FIELDS] = {
	[DATA_TYPE] = "type",
	[DATA_NAME] = "name",
	[DATA_INPUT] = "input",
	[DATA_PRIVATE_INPUT] = "_input",
	[DATA_RESPONSE] = "response",
	[DATA_PRIVATE_RESPONSE] = "_response",
	[DATA_OUTPUT] = "output",
	[DATA_RESULT] = "result",
	[DATA_MODEL] = "model",
	[DATA_CONFIG] = "modelConfig",
	[DATA_USAGE] = "usage"
};

/*
 * The types of spans, as words of conventions_kinds. Speech is not a generation:
 * its text is what another step was asked or has answered.
 */
static const struct {
	const char *type;
	const char *kind;
} data_types[] = {
	{ "agent", "agent" },
	{ "function", "tool" },
	{ "generation", "generation" },
	{ "response", "generation" },
	{ "task", "chain" },
	{ "turn", "chain" },
};

/* What is known of a trace. */
struct agents_trace {
	struct buf id;		/* JSON string */
	struct buf name;	/* JSON string; empty: the trace was not read */
	struct buf metadata;	/* an object, or empty */
	struct buf error;	/* JSON string: message of an agent's error */
	int failed;		/* 1: there was one */
	uint64_t first, last;	/* times of its spans, ns; 0: unknown */
};

struct agents {
	struct agents_trace *traces;
	size_t n;
	size_t cap;
	struct set ids;		/* hash of a trace's id: its index */
	struct buf metadata;
	struct buf key;
};

/* The trace with an id, a JSON string. */
static struct agents_trace *
agents_trace_of(struct agents *a, struct json_span id)
{
	struct agents_trace *t;
	size_t *number;
	int added;

	number = set_add(&a->ids, hash_bytes(0, 0, id.p, id.n), &added);
	if (!added)
		return &a->traces[*number];
	ALLOC_GROW(a->traces, a->n + 1, a->cap);
	*number = a->n;
	t = &a->traces[a->n++];
	memset(t, 0, sizeof(*t));
	buf_add(&t->id, id.p, id.n);
	return t;
}

static void
read_trace(struct agents *a, const struct json_span m[AGENTS_ITEM])
{
	static const char unnamed[] = "\"Agent workflow\"";
	const struct json_span fallback = { unnamed, sizeof(unnamed) - 1 };
	struct agents_trace *t = agents_trace_of(a, m[AGENTS_ID]);
	struct buf *b = &t->metadata;

	export_keep(&t->name, json_is(m[AGENTS_WORKFLOW], JSON_STRING) ?
	    m[AGENTS_WORKFLOW] : fallback);
	b->len = 0;
	json_open(b, NULL, '{');
	if (json_is(m[AGENTS_METADATA], JSON_OBJECT))
		json_add_others(b, m[AGENTS_METADATA], NULL, 0);
	if (json_is(m[AGENTS_GROUP], JSON_STRING))
		json_add(b, "group_id", m[AGENTS_GROUP]);
	json_close(b, '}');
	if (b->len == 2)
		b->len = 0;
}

/* Adds the members of an object that have no field. */
static void
agents_add_rest(struct agents *a, struct json_span data)
{
	struct json_span key = { 0 }, v;
	struct json_iter it;

	if (!json_is(data, JSON_OBJECT))
		return;
	for (it = json_each(data); json_next(&it, &key, &v); ) {
		if (otlpval_key(key, data_names, DATA_FIELDS) < DATA_FIELDS ||
		    json_is_null(v))
			continue;
		a->key.len = 0;
		json_text(&a->key, key);
		json_add(&a->metadata, buf_str(&a->key), v);
	}
}

static void
agents_put_metadata(struct export *x, const struct json_span m[AGENTS_ITEM],
    struct json_span error_data)
{
	struct agents *a = x->state;
	struct buf *b = &a->metadata;

	b->len = 0;
	json_open(b, NULL, '{');
	if (json_is(m[AGENTS_METADATA], JSON_OBJECT))
		json_add_others(b, m[AGENTS_METADATA], NULL, 0);
	agents_add_rest(a, m[AGENTS_DATA]);
	if (error_data.p && !json_is_null(error_data))
		json_add(b, "error_data", error_data);
	json_close(b, '}');
	if (b->len > 2)
		spanmake_json(&x->make, "metadata", json_buf(b));
}

/* The first value that is there, of those from one member to another. */
static struct json_span
agents_first(const struct json_span *v, int first, int last)
{
	while (first < last && (!v[first].p || json_is_null(v[first])))
		first++;
	return v[first];
}

/* The type of a span: that of the SDK, which a custom span may stand for. */
static struct json_span
agents_type(const struct json_span d[DATA_FIELDS], struct json_span data)
{
	struct json_span own = json_get(json_get(data, "data"),
	    "sdk_span_type");

	return json_is(own, JSON_STRING) ? own : d[DATA_TYPE];
}

static void
agents_put_data(struct export *x, const struct json_span d[DATA_FIELDS],
    struct json_span data, struct json_span type)
{
	const char *kind = "span";
	struct json_span usage = d[DATA_USAGE];
	size_t i;

	for (i = 0; i < LEN(data_types); i++)
		if (json_is_str(type, data_types[i].type))
			kind = data_types[i].kind;
	spanmake_str(&x->make, "langfuse.observation.type", kind);
	spanmake_put(&x->make, "langfuse.observation.input", agents_first(d,
	    DATA_INPUT, DATA_PRIVATE_INPUT));
	spanmake_put(&x->make, "langfuse.observation.output", agents_first(d,
	    DATA_RESPONSE, DATA_RESULT));
	spanmake_put(&x->make, "gen_ai.request.model", d[DATA_MODEL]);
	spanmake_put(&x->make, "llm.invocation_parameters", d[DATA_CONFIG]);
	if (!json_is(usage, JSON_OBJECT))
		usage = json_get(json_get(data, "data"), "usage");
	if (json_is(usage, JSON_OBJECT))
		spanmake_usage(&x->make, usage);
	if (json_is_true(json_get(data, "triggered")))
		spanmake_str(&x->make, "langfuse.observation.level", "warning");
}

/* Notes what a span says about its trace. */
static void
note_span(struct agents_trace *t, struct json_span type,
    const struct json_span m[AGENTS_ITEM], uint64_t start, uint64_t end)
{
	struct json_span message = json_get(m[AGENTS_ERROR], "message");

	if (start && (!t->first || start < t->first))
		t->first = start;
	if (end > t->last)
		t->last = end;
	/* an agent gets over an error of its tools */
	if (!json_is(m[AGENTS_ERROR], JSON_OBJECT) ||
	    (!json_is_str(type, "agent") && !json_is_str(type, "task")))
		return;
	t->failed = 1;
	if (json_is(message, JSON_STRING))
		export_keep(&t->error, message);
}

static void
make_span(struct export *x, const struct json_span m[AGENTS_ITEM])
{
	struct agents *a = x->state;
	const uint64_t start = spanshape_time(m[AGENTS_STARTED]);
	const uint64_t end = spanshape_time(m[AGENTS_ENDED]);
	struct json_span d[DATA_FIELDS], type, parent = m[AGENTS_PARENT];
	struct json_span error = m[AGENTS_ERROR];
	struct buf text = { 0 };

	otlpval_fields(m[AGENTS_DATA].p, data_names, d, DATA_FIELDS);
	type = agents_type(d, m[AGENTS_DATA]);
	if (json_is(type, JSON_STRING))
		json_text(&text, type);
	if (!json_is(parent, JSON_STRING))
		parent.p = NULL;
	spanmake_begin(&x->make, m[AGENTS_TRACE_ID], m[AGENTS_ID], parent);
	spanmake_name(&x->make, d[DATA_NAME], text.len ? buf_str(&text) :
	    "span");
	spanmake_times(&x->make, start, end);
	if (json_is(error, JSON_OBJECT))
		spanmake_failed(&x->make, json_get(error, "message"));
	spanmake_attributes(&x->make);
	agents_put_data(x, d, m[AGENTS_DATA], type);
	agents_put_metadata(x, m, json_is(error, JSON_OBJECT) ?
	    json_get(error, "data") : (struct json_span){ 0 });
	export_span(x);
	note_span(agents_trace_of(a, m[AGENTS_TRACE_ID]), type, m, start, end);
	buf_release(&text);
}

static int agents_record(struct export *x, struct json_span v);

/* Reads the spans of a list in a trace. */
static void
read_spans(struct export *x, struct json_span list)
{
	struct json_span unused, v;
	struct json_iter it;

	if (!json_is(list, JSON_ARRAY))
		return;
	for (it = json_each(list); json_next(&it, &unused, &v); )
		if (!json_is(v, JSON_OBJECT) || agents_record(x, v))
			leftover_add(&x->left, "unknown values of lists", 1);
}

static int
agents_record(struct export *x, struct json_span v)
{
	struct json_span m[AGENTS_ITEM];
	int trace;

	otlpval_fields(v.p, item_names, m, AGENTS_ITEM);
	trace = json_is_str(m[AGENTS_OBJECT], "trace") ||
	    (!m[AGENTS_OBJECT].p && m[AGENTS_WORKFLOW].p);
	if (!json_is(m[AGENTS_ID], JSON_STRING)) {
		if (!json_is(m[AGENTS_SPANS], JSON_ARRAY))
			return -1;
	} else if (trace) {
		read_trace(x->state, m);
	} else if (json_is(m[AGENTS_TRACE_ID], JSON_STRING) &&
	    json_is(m[AGENTS_DATA], JSON_OBJECT)) {
		make_span(x, m);
	} else {
		return -1;
	}
	read_spans(x, m[AGENTS_SPANS]);
	return 0;
}

/* Makes the row of a trace that was read. */
static void
agents_make_row(struct export *x, struct agents_trace *t)
{
	const struct json_span id = json_buf(&t->id), none = { 0 };

	spanmake_begin(&x->make, id, id, none);
	spanmake_name(&x->make, json_buf(&t->name), "trace");
	spanmake_times(&x->make, t->first, t->last);
	if (t->failed)
		spanmake_failed(&x->make, t->error.len ?
		    json_buf(&t->error) : none);
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "fluxloop.record", "row");
	spanmake_put(&x->make, "langfuse.trace.name", json_buf(&t->name));
	if (t->metadata.len)
		spanmake_json(&x->make, "metadata", json_buf(&t->metadata));
	export_span(x);
}

static void
agents_end(struct export *x)
{
	struct agents *a = x->state;
	struct agents_trace *t;
	size_t i;

	for (i = 0; i < a->n; i++) {
		t = &a->traces[i];
		if (t->name.len)
			agents_make_row(x, t);
		buf_release(&t->id);
		buf_release(&t->name);
		buf_release(&t->metadata);
		buf_release(&t->error);
	}
	free(a->traces);
	set_release(&a->ids);
	buf_release(&a->metadata);
	buf_release(&a->key);
}

void
openaiagents_read(struct gather *g, struct source *s)
{
	static const char *const wrappers[] = { "data", "traces", "items" };
	static const struct export_kind kind = {
		.name = "openai-agents",
		.one = "a trace or a span of OpenAI's Agents SDK",
		.expected = "it has no 'span_data' with an 'id' and a "
		    "'trace_id', and no 'workflow_name'",
		.members = wrappers, .nwrappers = LEN(wrappers),
		.nmembers = LEN(wrappers),
		.size = sizeof(struct agents),
		.record = agents_record, .end = agents_end
	};

	export_read(&kind, g, s);
}
