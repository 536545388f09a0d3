#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/large.h"
#include "json/json.h"
#include "json/isotime.h"
#include "io/sorter.h"
#include "base/cli.h"
#include "base/set.h"
#include "trace/otlpattr.h"
#include "trace/step.h"
#include "trace/trace.h"
#include "otlp.h"

/*
 * The version of the semantic conventions: the last one that includes those for
 * generative AI, which are in development. They have moved to a repository of
 * their own since, without a schema.
 */
#define SCHEMA_URL "https://opentelemetry.io/schemas/1.41.1"

/* The last microsecond that a fixed64 of nanoseconds can hold. */
#define TIME_MAX INT64_C(18446744073709550)

/* Numbers of OTLP's enum SpanKind and enum StatusCode. */
enum { OTLP_INTERNAL = 1, OTLP_CLIENT = 3 };
enum { OTLP_STATUS_UNSET, OTLP_STATUS_OK, OTLP_STATUS_ERROR };

/* The names of an observation's type in the conventions. */
static const struct kind {
	const char *type;
	const char *openinference;	/* openinference.span.kind */
	const char *operation;		/* gen_ai.operation.name, or NULL */
	const char *names[2];		/* attributes for its name, or NULL */
	int kind;			/* enum SpanKind */
} kinds[] = {
	{ "agent", "AGENT", "invoke_agent",
	    { "gen_ai.agent.name", "agent.name" }, OTLP_INTERNAL },
	{ "tool", "TOOL", "execute_tool",
	    { "gen_ai.tool.name", "tool.name" }, OTLP_INTERNAL },
	{ "generation", "LLM", "chat", { NULL, NULL }, OTLP_CLIENT },
	{ "evaluation", "EVALUATOR", NULL, { NULL, NULL }, OTLP_INTERNAL },
	/* for any other type too, such as span and event */
	{ "chain", "CHAIN", NULL, { NULL, NULL }, OTLP_INTERNAL },
};

/* The export of a trace. */
struct export {
	struct buf *b;
	struct trace *t;
	char trace_id[33];
	uint64_t root;		/* span id of the run */
	uint64_t *ids;		/* span ids of the steps */
	size_t ids_size;	/* bytes allocated for them */
	struct buf name;	/* the trace's id as text */
	int renamed;		/* 1: trace_id does not give the id back */
};

/* Appends a string's text, or any other value as JSON. */
static void
otlp_text_of(struct buf *text, struct json_span v)
{
	if (json_is(v, JSON_STRING))
		json_text(text, v);
	else if (v.p)
		json_compact(text, v);
}

/* Adds a string attribute; nothing for a false value. */
static void
otlp_put_plain(struct buf *b, const char *key, struct json_span v)
{
	struct buf text = { 0 };

	if (trace_falsy(v))
		return;
	otlp_text_of(&text, v);
	otlpattr_text(b, key, text.p, text.len);
	buf_release(&text);
}

/* Adds an attribute with JSON as its text; nothing for a false value. */
static void
otlp_put_json(struct buf *b, const char *key, struct json_span v)
{
	struct buf text = { 0 };

	if (trace_falsy(v))
		return;
	json_compact(&text, v);
	otlpattr_text(b, key, text.p, text.len);
	buf_release(&text);
}

static void
put_int(struct buf *b, const char *key, long long i)
{
	otlpattr_begin(b, key);
	json_key(b, "intValue");
	buf_printf(b, "\"%lld\"", i);
	otlpattr_end(b);
}

static void
put_double(struct buf *b, const char *key, double d)
{
	otlpattr_begin(b, key);
	if (isfinite(d))
		json_add_double(b, "doubleValue", d);
	else
		json_add_str(b, "doubleValue", isnan(d) ? "NaN" : d > 0 ?
		    "Infinity" : "-Infinity");
	otlpattr_end(b);
}

/* Adds an attribute of the value's type; nothing for null. */
static void
otlp_put_value(struct buf *b, const char *key, struct json_span v)
{
	double d;

	if (json_is_null(v))
		return;
	if (json_double(v, &d)) {
		/* integers that a double holds exactly */
		if (fabs(d) < 9007199254740992 && d == floor(d))
			put_int(b, key, (long long)d);
		else
			put_double(b, key, d);
	} else if (json_type(v) == JSON_BOOL) {
		otlpattr_begin(b, key);
		json_add_bool(b, "boolValue", *v.p == 't');
		otlpattr_end(b);
	} else if (v.n == 2 && *v.p == '"') {
		otlpattr_str(b, key, "");
	} else {
		otlp_put_plain(b, key, v);
	}
}

/* Adds an input or output: its text, and the MIME type of the text. */
static void
otlp_put_payload(struct buf *b, const char *value_key, const char *type_key,
    struct json_span v)
{
	struct buf text = { 0 };

	if (!v.p)
		return;
	otlp_text_of(&text, v);
	otlpattr_text(b, value_key, text.p, text.len);
	otlpattr_str(b, type_key, json_type(v) == JSON_STRING ? "text/plain" :
	    "application/json");
	buf_release(&text);
}

/* Adds the record's time if the span's time differs from it. */
static void
put_other_time(struct buf *b, const char *key, struct json_span v, int64_t us)
{
	struct buf text = { 0 };
	int64_t own;
	int zoned;

	if (isotime_read(v, &own, &zoned) && zoned && own == us && us > 0 &&
	    us < TIME_MAX)
		return;
	if (!trace_falsy(v))
		otlp_text_of(&text, v);
	otlpattr_text(b, key, text.p, text.len);
	buf_release(&text);
}

static void
put_nanoseconds(struct buf *b, const char *key, int64_t us)
{
	json_key(b, key);
	if (us <= 0)
		buf_puts(b, "\"0\"");
	else
		buf_printf(b, "\"%lld000\"",
		    (long long)(us < TIME_MAX ? us : TIME_MAX));
}

static void
put_status(struct buf *b, int code, struct json_span message)
{
	struct buf text = { 0 };

	if (code == OTLP_STATUS_UNSET)
		return;
	json_open(b, "status", '{');
	/* only an error may have a message */
	if (code == OTLP_STATUS_ERROR && !trace_falsy(message)) {
		otlp_text_of(&text, message);
		json_add_text(b, "message", text.p, text.len);
		buf_release(&text);
	}
	json_add_int(b, "code", code);
	json_close(b, '}');
}

/* Adds the error's type; the conventions demand one, so "_OTHER" if unknown. */
static void
put_error_type(struct buf *b, struct json_span type)
{
	if (trace_falsy(type))
		otlpattr_str(b, "error.type", "_OTHER");
	else
		otlp_put_plain(b, "error.type", type);
}

static void
put_span_id(struct buf *b, uint64_t id)
{
	buf_byte(b, '"');
	buf_hex(b, id, 16);
	buf_byte(b, '"');
}

/* Begins a span, up to the bracket that opens its attributes. */
static void
span_begin(const struct export *x, uint64_t id, const uint64_t *parent,
    const struct buf *name, int kind, int64_t from, int64_t until)
{
	struct buf *b = x->b;

	json_open(b, NULL, '{');
	json_add_str(b, "traceId", x->trace_id);
	json_key(b, "spanId");
	put_span_id(b, id);
	if (parent) {
		json_key(b, "parentSpanId");
		put_span_id(b, *parent);
	}
	json_add_text(b, "name", name->p, name->len);
	json_add_int(b, "kind", kind);
	put_nanoseconds(b, "startTimeUnixNano", from);
	put_nanoseconds(b, "endTimeUnixNano", until);
	json_open(b, "attributes", '[');
}

/* Finds the time of the run, in its row or else in its steps. */
static void
run_times(const struct trace *t, int64_t *from, int64_t *until)
{
	double ms = 0;
	int64_t us;
	int zoned;

	*from = isotime_read(t->v[TRACE_START], &us, &zoned) ? us : t->from;
	*until = t->until;
	if (isotime_read(t->v[TRACE_END], &us, &zoned))
		*until = us;
	else if (json_double(t->v[TRACE_DURATION], &ms) && ms > 0 && ms < 1e15
	    && *until < *from + (int64_t)(ms * 1000))
		*until = *from + (int64_t)(ms * 1000);
	if (*until < *from)
		*until = *from;
}

static int
run_status(const struct trace *t)
{
	if (!t->row.p)
		return OTLP_STATUS_UNSET;
	if (t->v[TRACE_SUCCESS].p)
		return trace_falsy(t->v[TRACE_SUCCESS]) ? OTLP_STATUS_ERROR :
		    OTLP_STATUS_OK;
	return trace_falsy(t->v[TRACE_ERROR]) ? OTLP_STATUS_UNSET :
	    OTLP_STATUS_ERROR;
}

/* Adds fields that have no standard attribute, as values or as JSON. */
static void
put_run_facts(struct buf *b, const struct trace *t)
{
	static const struct {
		const char *key;
		int field;
		int json;
	} facts[] = {
		{ "fluxloop.run_id", TRACE_RUN_ID, 0 },
		{ "fluxloop.iteration", TRACE_ITERATION, 0 },
		{ "fluxloop.persona", TRACE_PERSONA, 0 },
		{ "fluxloop.duration_ms", TRACE_DURATION, 0 },
		{ "fluxloop.error_kind", TRACE_ERROR_KIND, 0 },
		{ "fluxloop.observation_count", TRACE_OBSERVATION_COUNT, 0 },
		{ "fluxloop.token_usage", TRACE_TOKEN_USAGE, 1 },
		{ "fluxloop.conversation", TRACE_CONVERSATION, 1 },
		{ "fluxloop.conversation_state", TRACE_CONVERSATION_STATE, 1 },
		{ "fluxloop.termination_reason", TRACE_TERMINATION_REASON, 1 },
		{ "fluxloop.input_id", TRACE_INPUT_ID, 0 },
		{ "fluxloop.attempts", TRACE_ATTEMPTS, 0 },
		{ "fluxloop.callback_messages", TRACE_CALLBACKS, 1 },
		{ "fluxloop.stdout", TRACE_STDOUT, 0 },
		{ "fluxloop.stderr", TRACE_STDERR, 0 },
		{ "fluxloop.scores", TRACE_SCORES, 1 },
		{ "fluxloop.evaluation", TRACE_EVALUATION, 1 },
		{ "metadata", TRACE_METADATA, 1 },
	};
	size_t i;

	for (i = 0; i < LEN(facts); i++)
		if (facts[i].json)
			otlp_put_json(b, facts[i].key, t->v[facts[i].field]);
		else
			otlp_put_value(b, facts[i].key, t->v[facts[i].field]);
}

/* Adds the span of the run. */
static void
otlp_put_run(const struct export *x)
{
	const struct trace *t = x->t;
	struct buf *b = x->b, name = { 0 };
	int64_t from, until;
	int status = run_status(t);

	buf_puts(&name, "invoke_agent");
	if (!trace_falsy(t->v[TRACE_NAME])) {
		buf_byte(&name, ' ');
		otlp_text_of(&name, t->v[TRACE_NAME]);
	}
	run_times(t, &from, &until);
	span_begin(x, x->root, NULL, &name, OTLP_INTERNAL, from, until);
	otlpattr_str(b, "gen_ai.operation.name", "invoke_agent");
	otlp_put_plain(b, "gen_ai.agent.name", t->v[TRACE_NAME]);
	otlp_put_plain(b, "agent.name", t->v[TRACE_NAME]);
	if (!trace_falsy(t->v[TRACE_CONVERSATION]))
		otlpattr_text(b, "gen_ai.conversation.id", x->name.p,
		    x->name.len);
	if (status == OTLP_STATUS_ERROR)
		put_error_type(b, t->v[TRACE_ERROR_KIND]);
	otlpattr_str(b, "openinference.span.kind", "AGENT");
	otlp_put_payload(b, "input.value", "input.mime_type",
	    t->v[TRACE_INPUT]);
	otlp_put_payload(b, "output.value", "output.mime_type",
	    t->v[TRACE_OUTPUT]);
	otlpattr_str(b, "fluxloop.record", t->row.p ? "trace" : "none");
	if (x->renamed)
		otlpattr_text(b, "fluxloop.trace_id", x->name.p, x->name.len);
	put_run_facts(b, t);
	json_close(b, ']');
	put_status(b, status, t->v[TRACE_ERROR]);
	json_close(b, '}');
	buf_release(&name);
}

static const struct kind *
otlp_kind_of(struct json_span type)
{
	size_t i;

	for (i = 0; i < LEN(kinds) - 1; i++)
		if (json_is_str(type, kinds[i].type))
			break;
	return &kinds[i];
}

/* Adds the model and its tokens, with the names of both conventions. */
static void
put_model(struct buf *b, const struct observation *o)
{
	otlp_put_plain(b, "gen_ai.request.model", o->v[OBS_MODEL]);
	otlp_put_plain(b, "llm.model_name", o->v[OBS_MODEL]);
	otlp_put_value(b, "gen_ai.usage.input_tokens", o->v[OBS_PROMPT_TOKENS]);
	otlp_put_value(b, "llm.token_count.prompt", o->v[OBS_PROMPT_TOKENS]);
	otlp_put_value(b, "gen_ai.usage.output_tokens",
	    o->v[OBS_COMPLETION_TOKENS]);
	otlp_put_value(b, "llm.token_count.completion",
	    o->v[OBS_COMPLETION_TOKENS]);
	otlp_put_value(b, "llm.token_count.total", o->v[OBS_TOTAL_TOKENS]);
	otlp_put_json(b, "llm.invocation_parameters", o->v[OBS_LLM_PARAMETERS]);
}

/* Adds the attributes from which fl-import restores the record. */
static void
otlp_put_step_facts(const struct export *x, const struct observation *o)
{
	struct buf *b = x->b;

	otlpattr_str(b, "fluxloop.record", "observation");
	if (x->renamed)
		otlpattr_text(b, "fluxloop.trace_id", x->name.p, x->name.len);
	if (!trace_falsy(o->v[OBS_ID]))
		otlp_put_value(b, "fluxloop.observation_id", o->v[OBS_ID]);
	if (!trace_falsy(o->v[OBS_PARENT]))
		otlp_put_value(b, "fluxloop.parent_observation_id",
		    o->v[OBS_PARENT]);
	otlp_put_value(b, "fluxloop.type", o->v[OBS_TYPE]);
	/* the name of the span is a substitute */
	if (trace_falsy(o->v[OBS_NAME]))
		otlpattr_str(b, "fluxloop.name", "");
	otlp_put_value(b, "fluxloop.level", o->v[OBS_LEVEL]);
	otlp_put_value(b, "fluxloop.status_message", o->v[OBS_STATUS_MESSAGE]);
	put_other_time(b, "fluxloop.start_time", o->v[OBS_START], o->from);
	put_other_time(b, "fluxloop.end_time", o->v[OBS_END], o->until);
}

/* Appends the name of a step's span, which must not be empty. */
static void
step_name(const struct observation *o, struct buf *name)
{
	if (!trace_falsy(o->v[OBS_NAME]))
		otlp_text_of(name, o->v[OBS_NAME]);
	else if (!trace_falsy(o->v[OBS_TYPE]))
		otlp_text_of(name, o->v[OBS_TYPE]);
	else
		buf_puts(name, "unknown");
}

static void
otlp_put_step(const struct export *x, size_t i)
{
	const struct observation *o = trace_load(x->t, i);
	const struct kind *k = otlp_kind_of(o->v[OBS_TYPE]);
	struct buf *b = x->b, name = { 0 };
	int bad = trace_failed(o);
	size_t n;

	step_name(o, &name);
	span_begin(x, x->ids[i], o->parent == TRACE_NONE ? &x->root :
	    &x->ids[o->parent], &name, k->kind, o->from, o->until);
	if (k->operation)
		otlpattr_str(b, "gen_ai.operation.name", k->operation);
	for (n = 0; n < LEN(k->names) && k->names[n]; n++)
		otlpattr_text(b, k->names[n], name.p, name.len);
	put_model(b, o);
	if (bad)
		put_error_type(b, json_get(o->v[OBS_METADATA], "error_type"));
	otlpattr_str(b, "openinference.span.kind", k->openinference);
	otlp_put_payload(b, "input.value", "input.mime_type", o->v[OBS_INPUT]);
	trace_pause(x->t);
	otlp_put_payload(b, "output.value", "output.mime_type",
	    o->v[OBS_OUTPUT]);
	otlp_put_json(b, "metadata", o->v[OBS_METADATA]);
	otlp_put_step_facts(x, o);
	json_close(b, ']');
	put_status(b, bad ? OTLP_STATUS_ERROR : OTLP_STATUS_UNSET,
	    o->v[OBS_ERROR]);
	json_close(b, '}');
	buf_release(&name);
}

/*
 * Reads the 32 digits of a UUID, with or without dashes, as lower case. Returns
 * 0 if the text is not a UUID, or all zeros, which OTLP does not allow.
 */
static int
uuid_digits(const struct buf *text, char digits[33])
{
	size_t i, n = 0;
	char c;

	if (text->len != 32 && text->len != 36)
		return 0;
	for (i = 0; i < text->len; i++) {
		c = text->p[i];
		if (text->len == 36 && (i == 8 || i == 13 || i == 18 ||
		    i == 23)) {
			if (c != '-')
				return 0;
			continue;
		}
		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return 0;
		digits[n++] = c;
	}
	digits[n] = '\0';
	return strspn(digits, "0") < n;
}

/* Finds the trace id, and whether the record's id can be restored from it. */
static void
otlp_find_trace_id(struct export *x)
{
	const struct buf *text = &x->name;
	struct buf hex = { 0 };
	size_t i;

	trace_id_text(x->t, &x->name);
	buf_str(&x->name);
	if (uuid_digits(text, x->trace_id)) {
		/* a reader makes a UUID with dashes in lower case of it */
		x->renamed = text->len != 36;
		for (i = 0; i < text->len; i++)
			x->renamed |= text->p[i] >= 'A' && text->p[i] <= 'F';
		return;
	}
	buf_hex(&hex, hash_bytes(0, 1, text->p, text->len), 16);
	buf_hex(&hex, hash_bytes(0, 2, text->p, text->len), 16);
	memcpy(x->trace_id, buf_str(&hex), sizeof(x->trace_id));
	x->renamed = 1;
	buf_release(&hex);
}

/* The value of 16 hexadecimal digits in lower case; 0 for any other text. */
static uint64_t
span_digits(const struct buf *text)
{
	uint64_t id = 0;
	size_t i;
	char c;

	if (text->len != 16)
		return 0;
	for (i = 0; i < text->len; i++) {
		c = text->p[i];
		if (c >= '0' && c <= '9')
			id = id << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			id = id << 4 | (uint64_t)(c - 'a' + 10);
		else
			return 0;
	}
	return id;
}

/* The id that a span has unless another has it: that of the text, or a hash. */
static uint64_t
first_id(const struct buf *text, uint64_t salt)
{
	uint64_t id = span_digits(text);

	if (!id && text->len)
		id = hash_bytes(0, 3, text->p, text->len);
	return id ? id : hash_bytes(salt, 5, &id, sizeof(id));
}

/* A span and its first id; the run is the last one. */
struct span_id {
	uint64_t id;
	uint64_t span;
};

static int
by_span_id(const void *x, const void *y)
{
	const struct span_id *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (a->span > b->span) - (a->span < b->span);
}

/* Finds the ids that several spans have. Returns 0 or -1. */
static int
find_shared(const struct export *x, struct set *shared)
{
	struct span_id window[64], *s, last = { 0, 0 };
	struct sorter ids;
	uint64_t i, left;
	int bad = 0, added;

	sorter_init(&ids, sizeof(*s), by_span_id, trace_memory(x->t));
	for (i = 0; i <= x->t->nobs && !bad; i++) {
		window->id = i < x->t->nobs ? x->ids[i] : x->root;
		window->span = i;
		bad = sorter_add(&ids, window);
	}
	bad = bad || sorter_sort(&ids);
	for (i = 0; i < ids.total && !bad; i++) {
		left = ids.total - i;
		if (i % LEN(window) == 0)
			bad = sorter_read(&ids, i, left < LEN(window) ?
			    (size_t)left : LEN(window), window);
		s = &window[i % LEN(window)];
		if (i && s->id == last.id)
			set_add(shared, s->id, &added);
		last = *s;
	}
	sorter_release(&ids);
	return bad ? -1 : 0;
}

/*
 * Returns id, or a hash of it and salt if another span has it; never 0. An id
 * that no other has is not among the taken ones.
 */
static uint64_t
unused_id(const struct set *shared, struct set *taken, uint64_t id,
    uint64_t salt)
{
	int added = 0;

	if (!set_find(shared, id))
		return id;
	for (;; salt++) {
		if (id)
			set_add(taken, id, &added);
		if (added)
			return id;
		id = hash_words(salt, 5, &id, 1);
	}
}

/*
 * Gives every span an id: the id of its observation if that has the form of a
 * span's id, or else a hash of it.
 */
static void
find_span_ids(struct export *x)
{
	struct set shared = { 0 }, taken = { 0 };
	struct buf text = { 0 };
	struct trace *t = x->t;
	const struct observation *o;
	unsigned char *hashed = xcalloc(t->nobs / 8 + 1, 1);
	size_t i;

	x->ids = large_room(NULL, 0, &x->ids_size,
	    t->nobs * sizeof(*x->ids));
	for (i = 0; i < t->nobs; i++) {
		text.len = 0;
		o = trace_load(t, i);
		if (o->v[OBS_ID].p)
			otlp_text_of(&text, o->v[OBS_ID]);
		x->ids[i] = first_id(&text, i);
		if (!text.len)
			hashed[i / 8] |= (unsigned char)(1 << i % 8);
	}
	x->root = hash_bytes(0, 4, x->name.p, x->name.len);
	errno = 0;
	if (find_shared(x, &shared))
		trace_fail(t, errno);
	/* the first salt may be used up */
	for (i = 0; i < t->nobs && shared.n; i++)
		x->ids[i] = unused_id(&shared, &taken, x->ids[i],
		    i + (hashed[i / 8] >> i % 8 & 1));
	x->root = unused_id(&shared, &taken, x->root, 0);
	free(hashed);
	set_release(&shared);
	set_release(&taken);
	buf_release(&text);
}

static void
put_resource(struct buf *b, const struct trace *t)
{
	json_open(b, "resource", '{');
	json_open(b, "attributes", '[');
	if (trace_falsy(t->v[TRACE_NAME]))
		otlpattr_str(b, "service.name", "fluxloop");
	else
		otlp_put_plain(b, "service.name", t->v[TRACE_NAME]);
	otlp_put_plain(b, "openinference.project.name", t->v[TRACE_NAME]);
	json_close(b, ']');
	json_close(b, '}');
}

static void
put_scope(struct buf *b)
{
	json_open(b, "scope", '{');
	json_add_str(b, "name", "fluxloop");
	json_add_str(b, "version", cli_version());
	json_close(b, '}');
}

void
otlp_put(struct buf *b, struct trace *t)
{
	struct export x = { .b = b, .t = t };
	size_t i;

	trace_link(t);
	otlp_find_trace_id(&x);
	find_span_ids(&x);
	json_open(b, NULL, '{');
	json_open(b, "resourceSpans", '[');
	json_open(b, NULL, '{');
	put_resource(b, t);
	json_open(b, "scopeSpans", '[');
	json_open(b, NULL, '{');
	put_scope(b);
	json_open(b, "spans", '[');
	otlp_put_run(&x);
	for (i = 0; i < t->nobs; i++)
		otlp_put_step(&x, i);
	json_close(b, ']');
	json_add_str(b, "schemaUrl", SCHEMA_URL);
	json_close(b, '}');
	json_close(b, ']');
	json_add_str(b, "schemaUrl", SCHEMA_URL);
	json_close(b, '}');
	json_close(b, ']');
	json_close(b, '}');
	buf_byte(b, '\n');
	large_free(x.ids, x.ids_size);
	buf_release(&x.name);
}
