#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "json/isotime.h"
#include "otlpval.h"
#include "otlpspan.h"

/* Deeper JSON in a string stays a string: its record would be too deep. */
#define ROOM 10

enum { SPAN_TRACE_ID, SPAN_SPAN_ID, SPAN_PARENT, SPAN_STATE, SPAN_NAME,
    SPAN_KIND, SPAN_START,
	SPAN_END, SPAN_ATTRIBUTES, SPAN_EVENTS, SPAN_LINKS, SPAN_STATUS,
	    SPAN_FIELDS };

static const char *const field_names[SPAN_FIELDS] = {
	[SPAN_TRACE_ID] = "traceId",
	[SPAN_SPAN_ID] = "spanId",
	[SPAN_PARENT] = "parentSpanId",
	[SPAN_STATE] = "traceState",
	[SPAN_NAME] = "name",
	[SPAN_KIND] = "kind",
	[SPAN_START] = "startTimeUnixNano",
	[SPAN_END] = "endTimeUnixNano",
	[SPAN_ATTRIBUTES] = "attributes",
	[SPAN_EVENTS] = "events",
	[SPAN_LINKS] = "links",
	[SPAN_STATUS] = "status"
};

enum { STATUS_UNSET, STATUS_OK, STATUS_ERROR };

/*
 * Attributes that have a meaning here. Where several tell the same they stand
 * together, the one that counts first.
 */
enum {
	ATTR_SPAN_KIND, ATTR_OPERATION, ATTR_ENTITY_KIND, ATTR_REQUEST_TYPE,
	ATTR_INPUT, ATTR_INPUT_MESSAGES, ATTR_ARGUMENTS, ATTR_ENTITY_INPUT,
	    ATTR_PROMPT,
	ATTR_QUERY,
	ATTR_OUTPUT, ATTR_OUTPUT_MESSAGES, ATTR_RESULT, ATTR_ENTITY_OUTPUT,
	    ATTR_COMPLETION,
	ATTR_DOCUMENTS,
	ATTR_INPUT_TYPE, ATTR_OUTPUT_TYPE,
	ATTR_MODEL, ATTR_MODEL_2, ATTR_MODEL_3, ATTR_MODEL_4,
	ATTR_TOKENS_IN, ATTR_TOKENS_IN_2, ATTR_TOKENS_IN_3, ATTR_TOKENS_IN_4,
	ATTR_TOKENS_OUT, ATTR_TOKENS_OUT_2, ATTR_TOKENS_OUT_3,
	    ATTR_TOKENS_OUT_4,
	ATTR_TOKENS, ATTR_TOKENS_2, ATTR_TOKENS_3,
	ATTR_AGENT, ATTR_AGENT_2, ATTR_TOOL, ATTR_TOOL_2,
	ATTR_PARAMETERS, ATTR_METADATA, ATTR_ERROR_TYPE, ATTR_CONVERSATION_ID,
	ATTR_RECORD, ATTR_TRACE_ID, ATTR_ID, ATTR_PARENT, ATTR_TYPE, ATTR_NAME,
	    ATTR_LEVEL,
	ATTR_STATUS_MESSAGE, ATTR_START, ATTR_END, ATTR_RUN_ID, ATTR_ITERATION,
	    ATTR_PERSONA,
	ATTR_DURATION, ATTR_ERROR_KIND, ATTR_COUNT, ATTR_TOKEN_USAGE,
	    ATTR_CONVERSATION,
	ATTR_STATE, ATTR_TERMINATION,
	ATTRIBUTES
};

static const char *const attribute_names[ATTRIBUTES] = {
	[ATTR_SPAN_KIND] = "openinference.span.kind",
	[ATTR_OPERATION] = "gen_ai.operation.name",
	[ATTR_ENTITY_KIND] = "traceloop.span.kind",
	[ATTR_REQUEST_TYPE] = "llm.request.type",
	[ATTR_INPUT] = "input.value",
	[ATTR_INPUT_MESSAGES] = "gen_ai.input.messages",
	[ATTR_ARGUMENTS] = "gen_ai.tool.call.arguments",
	[ATTR_ENTITY_INPUT] = "traceloop.entity.input",
	[ATTR_PROMPT] = "gen_ai.prompt",
	[ATTR_QUERY] = "gen_ai.retrieval.query.text",
	[ATTR_OUTPUT] = "output.value",
	[ATTR_OUTPUT_MESSAGES] = "gen_ai.output.messages",
	[ATTR_RESULT] = "gen_ai.tool.call.result",
	[ATTR_ENTITY_OUTPUT] = "traceloop.entity.output",
	[ATTR_COMPLETION] = "gen_ai.completion",
	[ATTR_DOCUMENTS] = "gen_ai.retrieval.documents",
	[ATTR_INPUT_TYPE] = "input.mime_type",
	[ATTR_OUTPUT_TYPE] = "output.mime_type",
	[ATTR_MODEL] = "gen_ai.response.model",
	[ATTR_MODEL_2] = "llm.model_name",
	[ATTR_MODEL_3] = "gen_ai.request.model",
	[ATTR_MODEL_4] = "embedding.model_name",
	[ATTR_TOKENS_IN] = "gen_ai.usage.input_tokens",
	[ATTR_TOKENS_IN_2] = "llm.token_count.prompt",
	[ATTR_TOKENS_IN_3] = "gen_ai.usage.prompt_tokens",
	[ATTR_TOKENS_IN_4] = "llm.usage.prompt_tokens",
	[ATTR_TOKENS_OUT] = "gen_ai.usage.output_tokens",
	[ATTR_TOKENS_OUT_2] = "llm.token_count.completion",
	[ATTR_TOKENS_OUT_3] = "gen_ai.usage.completion_tokens",
	[ATTR_TOKENS_OUT_4] = "llm.usage.completion_tokens",
	[ATTR_TOKENS] = "llm.token_count.total",
	[ATTR_TOKENS_2] = "gen_ai.usage.total_tokens",
	[ATTR_TOKENS_3] = "llm.usage.total_tokens",
	[ATTR_AGENT] = "gen_ai.agent.name",
	[ATTR_AGENT_2] = "agent.name",
	[ATTR_TOOL] = "gen_ai.tool.name",
	[ATTR_TOOL_2] = "tool.name",
	[ATTR_PARAMETERS] = "llm.invocation_parameters",
	[ATTR_METADATA] = "metadata",
	[ATTR_ERROR_TYPE] = "error.type",
	[ATTR_CONVERSATION_ID] = "gen_ai.conversation.id",
	[ATTR_RECORD] = "fluxloop.record",
	[ATTR_TRACE_ID] = "fluxloop.trace_id",
	[ATTR_ID] = "fluxloop.observation_id",
	[ATTR_PARENT] = "fluxloop.parent_observation_id",
	[ATTR_TYPE] = "fluxloop.type",
	[ATTR_NAME] = "fluxloop.name",
	[ATTR_LEVEL] = "fluxloop.level",
	[ATTR_STATUS_MESSAGE] = "fluxloop.status_message",
	[ATTR_START] = "fluxloop.start_time",
	[ATTR_END] = "fluxloop.end_time",
	[ATTR_RUN_ID] = "fluxloop.run_id",
	[ATTR_ITERATION] = "fluxloop.iteration",
	[ATTR_PERSONA] = "fluxloop.persona",
	[ATTR_DURATION] = "fluxloop.duration_ms",
	[ATTR_ERROR_KIND] = "fluxloop.error_kind",
	[ATTR_COUNT] = "fluxloop.observation_count",
	[ATTR_TOKEN_USAGE] = "fluxloop.token_usage",
	[ATTR_CONVERSATION] = "fluxloop.conversation",
	[ATTR_STATE] = "fluxloop.conversation_state",
	[ATTR_TERMINATION] = "fluxloop.termination_reason"
};

_Static_assert((int)SPAN_FIELDS <= OTLPSPAN_FIELDS, "room for the fields");
_Static_assert((int)ATTRIBUTES <= OTLPSPAN_ATTRIBUTES, "and attributes");

/* Types of observations; exact: nothing is lost of what it was called. */
static const struct {
	int attribute;
	const char *value;
	const char *type;
	int exact;
} types[] = {
	{ ATTR_SPAN_KIND, "AGENT", "agent", 1 },
	{ ATTR_SPAN_KIND, "TOOL", "tool", 1 },
	{ ATTR_SPAN_KIND, "LLM", "generation", 1 },
	{ ATTR_SPAN_KIND, "CHAIN", "chain", 1 },
	{ ATTR_SPAN_KIND, "EVALUATOR", "evaluation", 1 },
	{ ATTR_OPERATION, "invoke_agent", "agent", 1 },
	{ ATTR_OPERATION, "create_agent", "agent", 0 },
	{ ATTR_OPERATION, "execute_tool", "tool", 1 },
	{ ATTR_OPERATION, "chat", "generation", 1 },
	{ ATTR_OPERATION, "text_completion", "generation", 0 },
	{ ATTR_OPERATION, "generate_content", "generation", 0 },
	{ ATTR_OPERATION, "invoke_workflow", "chain", 0 },
	{ ATTR_ENTITY_KIND, "agent", "agent", 1 },
	{ ATTR_ENTITY_KIND, "tool", "tool", 1 },
	{ ATTR_ENTITY_KIND, "workflow", "chain", 1 },
	{ ATTR_REQUEST_TYPE, "chat", "generation", 1 },
	{ ATTR_REQUEST_TYPE, "completion", "generation", 0 },
};

/* Where an input, or an output, may be. */
static const struct direction {
	int first, last;	/* attributes, and attributes of events */
	int mime_type;
	const char *nested[2];	/* flattened messages: prefixes */
	const char *roles[3];	/* of the message that is its text */
} directions[2] = {
	{ ATTR_INPUT, ATTR_QUERY, ATTR_INPUT_TYPE,
	    { "gen_ai.prompt.", "llm.input_messages." },
	    { "user", "human", NULL } },
	{ ATTR_OUTPUT, ATTR_DOCUMENTS, ATTR_OUTPUT_TYPE,
	    { "gen_ai.completion.", "llm.output_messages." },
	    { "assistant", "ai", "model" } },
};

/* Events that are part of an input or output. */
static const struct {
	const char *name;
	int direction;
	const char *role;	/* one message each; NULL: all in one */
} content_events[] = {
	{ "gen_ai.content.prompt", 0, NULL },
	{ "gen_ai.content.completion", 1, NULL },
	{ "gen_ai.system.message", 0, "system" },
	{ "gen_ai.user.message", 0, "user" },
	{ "gen_ai.assistant.message", 0, "assistant" },
	{ "gen_ai.tool.message", 0, "tool" },
	{ "gen_ai.choice", 1, "assistant" },
};

/* How to take a string that may be JSON. */
enum parse {
	PARSE_NESTED,		/* it is JSON when it is an object or array */
	PARSE_ANY		/* it is JSON when it can be */
};

/* Where a name stands in the order of bytes. */
static int
compare_names(const char *name, const char *p, size_t n)
{
	int c = strncmp(name, p, n);

	return c ? c : name[n] != '\0';
}

void
otlpspan_init(struct otlpspan *s)
{
	size_t i, j;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < ATTRIBUTES; i++) {
		for (j = i; j && strcmp(attribute_names[s->order[j - 1]],
		    attribute_names[i]) > 0; j--)
			s->order[j] = s->order[j - 1];
		s->order[j] = (unsigned char)i;
	}
}

void
otlpspan_release(struct otlpspan *s)
{
	free(s->pairs);
	buf_release(&s->trace_id);
	buf_release(&s->metadata);
	buf_release(&s->payload[0]);
	buf_release(&s->payload[1]);
}

/* Which attribute that has a meaning a key names, or ATTRIBUTES. */
static int
find_attribute(const struct otlpspan *s, struct json_span key)
{
	size_t low = 0, high = ATTRIBUTES, middle;
	int c;

	while (low < high) {
		middle = (low + high) / 2;
		c = compare_names(attribute_names[s->order[middle]],
		    key.p + 1, key.n - 2);
		if (!c)
			return s->order[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return ATTRIBUTES;
}

static int
has_text(struct json_span any, const char *text)
{
	struct json_span v = otlpval_string(any);

	return json_is_str(v, text);
}

/* Appends a string, or the JSON that is its text. */
static void
put_parsed(struct buf *b, struct json_span string, enum parse how)
{
	struct buf text = { 0 };
	struct json_fault f;
	struct json_span v;

	json_text(&text, string);
	v.p = buf_str(&text);
	v.n = text.len;
	v.p += strspn(v.p, " \t\r\n");
	v.n -= (size_t)(v.p - text.p);
	if ((how == PARSE_ANY || *v.p == '{' || *v.p == '[') &&
	    json_scan(v.p, v.n, JSON_LAX, NULL, NULL, 0, &f) >= 0 &&
	    json_levels(v) + ROOM <= json_depth)
		json_compact(b, v);
	else
		json_compact(b, string);
	buf_release(&text);
}

/* The same for an AnyValue, which may be no string. */
static void
put_any(struct buf *b, struct json_span any, enum parse how)
{
	struct json_span string = otlpval_string(any);

	if (string.p)
		put_parsed(b, string, how);
	else
		otlpval_put(b, any);
}

/*
 * The first attribute from first to last that is there, or -1. It is used, and
 * so are those behind it that say the same.
 */
static int
pick(struct otlpspan *s, int first, int last)
{
	int i, found = -1;

	for (i = first; i <= last; i++) {
		if (!s->a[i].p)
			continue;
		if (found < 0)
			found = i;
		if (s->a[i].n == s->a[found].n &&
		    !memcmp(s->a[i].p, s->a[found].p, s->a[i].n))
			s->used[i] = 1;
	}
	return found;
}

static void
find_type(struct otlpspan *s)
{
	struct json_span v = { 0 };
	int last = -1;
	size_t i;

	s->type = s->kind == OTLPSPAN_FOREIGN ? NULL : "span";
	for (i = 0; i < LEN(types); i++) {
		if (types[i].attribute != last) {
			last = types[i].attribute;
			v = otlpval_string(s->a[last]);
			/* a kind that is not known here is one all the same */
			if (!s->type && last != ATTR_SPAN_KIND &&
			    s->a[ATTR_SPAN_KIND].p)
				s->type = "span";
		}
		if (!json_is_str(v, types[i].value))
			continue;
		if (!s->type)
			s->type = types[i].type;
		if (types[i].exact && !strcmp(s->type, types[i].type))
			s->used[last] = 1;
	}
	if (!s->type)
		s->type = "span";
}

/* The fields of an event: name, time, attributes. */
enum { EVENT_NAME, EVENT_TIME, EVENT_ATTRIBUTES, EVENT_FIELDS };

static int
next_event(struct json_iter *it, struct json_span v[EVENT_FIELDS])
{
	static const char *const names[EVENT_FIELDS] = {
		"name", "timeUnixNano", "attributes"
	};
	struct json_span unused;
	int object;

	while (json_enter(it, &unused)) {
		object = *it->p == '{';
		it->p = otlpval_fields(it->p, names, v, EVENT_FIELDS);
		if (object)
			return 1;
	}
	it->p--;
	return 0;
}

/* The place of an event's name among those with content, or their number. */
static size_t
content_event(struct json_span name)
{
	size_t i;

	for (i = 0; i < LEN(content_events); i++)
		if (json_is_str(name, content_events[i].name))
			break;
	return i;
}

/* Takes an input or output that is an attribute of an event. */
static int
take_event(struct otlpspan *s, int side)
{
	const struct direction *d = &directions[side];
	struct json_span v[EVENT_FIELDS];
	struct otlpval_pair pair;
	struct json_iter events, it;
	int i;

	for (events = json_each(s->v[SPAN_EVENTS]); next_event(&events, v); ) {
		if (!json_is(v[EVENT_ATTRIBUTES], JSON_ARRAY))
			continue;
		for (it = json_each(v[EVENT_ATTRIBUTES]);
		    otlpval_next(&it, &pair); ) {
			i = find_attribute(s, pair.key);
			if (i < d->first || i > d->last)
				continue;
			put_any(&s->payload[side], pair.value, PARSE_NESTED);
			return 1;
		}
	}
	return 0;
}

/* Adds an event's attribute to its message. */
static void
put_member(struct buf *b, const struct otlpval_pair *pair)
{
	static const char content[] = "gen_ai.event.content";
	static const char *const not[] = {
		"role", "gen_ai.system", "gen_ai.provider.name"
	};
	struct json_span v;
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < LEN(not); i++)
		if (json_is_str(pair->key, not[i]))
			return;
	put_any(&text, pair->value, PARSE_NESTED);
	v.p = buf_str(&text);
	v.n = text.len;
	if (*v.p == '{' && json_is_str(pair->key, content)) {
		json_add_others(b, v, not, 1);
	} else {
		json_add(b, NULL, pair->key);
		buf_byte(b, ':');
		buf_add(b, v.p, v.n);
	}
	buf_release(&text);
}

/* Adds a message that is an event. */
static void
put_message(struct buf *b, const char *role, struct json_span attributes)
{
	struct otlpval_pair pair;
	struct json_iter it;

	json_open(b, NULL, '{');
	json_add_str(b, "role", role);
	if (json_is(attributes, JSON_ARRAY))
		for (it = json_each(attributes); otlpval_next(&it, &pair); )
			put_member(b, &pair);
	json_close(b, '}');
}

/* Takes an input or output of which every message is an event. */
static int
take_messages(struct otlpspan *s, int side)
{
	struct buf *b = &s->payload[side];
	struct json_span v[EVENT_FIELDS];
	struct json_iter it;
	size_t i, n = 0;

	for (it = json_each(s->v[SPAN_EVENTS]); next_event(&it, v); ) {
		i = content_event(v[EVENT_NAME]);
		if (i == LEN(content_events) || !content_events[i].role ||
		    content_events[i].direction != side)
			continue;
		if (!n++)
			buf_byte(b, '[');
		put_message(b, content_events[i].role, v[EVENT_ATTRIBUTES]);
	}
	if (n)
		buf_byte(b, ']');
	return n > 0;
}

/* 1 when the value beside this type is JSON. */
static int
is_json(struct json_span mime_type)
{
	return has_text(mime_type, "application/json") ||
	    has_text(mime_type, "json");
}

/* Finds the input (side 0) or the output (side 1). */
static void
take_payload(struct otlpspan *s, int side)
{
	const struct direction *d = &directions[side];
	struct buf *b = &s->payload[side];
	struct json_span string;
	int found = pick(s, d->first, d->last);
	size_t i;

	if (found == d->first) {
		string = otlpval_string(s->a[found]);
		if (string.p && !is_json(s->a[d->mime_type]))
			json_compact(b, string);
		else
			put_any(b, s->a[found], PARSE_ANY);
		s->used[d->mime_type] = 1;
		return;
	}
	if (found >= 0) {
		put_any(b, s->a[found], found == ATTR_ENTITY_INPUT ||
		    found == ATTR_ENTITY_OUTPUT ? PARSE_ANY : PARSE_NESTED);
		return;
	}
	for (i = 0; i < LEN(d->nested); i++)
		if (otlpval_nest(b, s->pairs, s->npairs, d->nested[i])) {
			s->nested[side] = d->nested[i];
			return;
		}
	if (json_is(s->v[SPAN_EVENTS], JSON_ARRAY))
		s->in_events[side] = take_event(s, side) ||
		    take_messages(s, side);
}

/* The tokens of a generation as numbers. */
static void
count_tokens(struct otlpspan *s)
{
	static const int first[] = { ATTR_TOKENS_IN, ATTR_TOKENS_OUT,
	    ATTR_TOKENS };
	static const int last[] = {
		ATTR_TOKENS_IN_4, ATTR_TOKENS_OUT_4, ATTR_TOKENS_3
	};
	struct buf text = { 0 };
	struct json_span v;
	int i, found, have_total = 0;

	for (i = 0; i < 3; i++) {
		found = pick(s, first[i], last[i]);
		if (found < 0)
			continue;
		text.len = 0;
		otlpval_put(&text, s->a[found]);
		buf_str(&text);
		v.p = text.p;
		v.n = text.len;
		if (json_double(v, &s->tokens[i])) {
			s->counted = 1;
			have_total = i == 2;
		}
	}
	if (s->counted && !have_total)
		s->tokens[2] = s->tokens[0] + s->tokens[1];
	if (strcmp(s->type, "generation") != 0)
		s->counted = 0;
	buf_release(&text);
}

/* Reads the user's own metadata; what is no object stays an attribute. */
static void
take_metadata(struct otlpspan *s)
{
	struct buf *b = &s->metadata;

	b->len = 0;
	if (!s->a[ATTR_METADATA].p)
		return;
	put_any(b, s->a[ATTR_METADATA], PARSE_ANY);
	if (s->kind == OTLPSPAN_FOREIGN && *b->p != '{')
		b->len = 0;
	else
		s->used[ATTR_METADATA] = 1;
}

/* Marks what says nothing more than the span's name, and what is restored. */
static void
mark_told(struct otlpspan *s)
{
	struct json_span name;
	int i;

	for (i = ATTR_AGENT; i <= ATTR_TOOL_2; i++) {
		name = otlpval_string(s->a[i]);
		if (s->kind != OTLPSPAN_FOREIGN || (name.p &&
		    name.n == s->v[SPAN_NAME].n &&
		    !memcmp(name.p, s->v[SPAN_NAME].p, name.n)))
			s->used[i] = 1;
	}
	/* what is of a run only its root tells */
	for (i = ATTR_RECORD; i < ATTRIBUTES; i++)
		s->used[i] = s->kind != OTLPSPAN_FOREIGN || s->root ||
		    i < ATTR_RUN_ID;
	s->used[ATTR_ERROR_TYPE] |= s->status == STATUS_ERROR &&
	    otlpval_string(s->a[ATTR_ERROR_TYPE]).p != NULL;
	if (s->kind == OTLPSPAN_FOREIGN)
		return;
	s->used[ATTR_SPAN_KIND] = 1;
	s->used[ATTR_OPERATION] = 1;
	s->used[ATTR_ERROR_TYPE] = 1;
	s->used[ATTR_CONVERSATION_ID] = 1;
}

/* The trace's id: a UUID of the digits, unless it is known to be another. */
static int
find_trace_id(struct otlpspan *s)
{
	static const size_t cuts[] = { 8, 4, 4, 4, 12 };
	struct json_span given = otlpval_string(s->a[ATTR_TRACE_ID]);
	struct buf hex = { 0 };
	size_t i, at = 0;

	s->trace_id.len = 0;
	if (given.p) {
		json_compact(&s->trace_id, given);
		return 0;
	}
	if (otlpval_id(&hex, s->v[SPAN_TRACE_ID], 16)) {
		buf_release(&hex);
		return -1;
	}
	for (i = 0; i < LEN(cuts); i++) {
		buf_byte(&s->trace_id, i ? '-' : '"');
		buf_add(&s->trace_id, hex.p + at, cuts[i]);
		at += cuts[i];
	}
	buf_byte(&s->trace_id, '"');
	buf_release(&hex);
	return 0;
}

/* Appends a span's id as a JSON string; 0 when there is none. */
static int
put_span_id(struct buf *b, struct json_span id)
{
	struct buf hex = { 0 };
	size_t n;

	if (!json_is(id, JSON_STRING))
		return 0;
	if (!otlpval_id(&hex, id, 8)) {
		json_put_text(b, hex.p, hex.len);
		buf_release(&hex);
		return 1;
	}
	/* one of another form is kept; zeros stand for none */
	n = strspn(id.p + 1, "0=A");
	if (id.p[n + 1] == '"')
		return 0;
	json_compact(b, id);
	return 1;
}

static void
find_kind(struct otlpspan *s)
{
	struct json_span record = s->a[ATTR_RECORD];

	s->kind = has_text(record, "observation") ? OTLPSPAN_STEP :
	    has_text(record, "trace") ? OTLPSPAN_RUN :
	    has_text(record, "none") ? OTLPSPAN_NO_RUN : OTLPSPAN_FOREIGN;
}

static void
read_status(struct otlpspan *s)
{
	static const char *const names[] = { "code" };
	static const char *const codes[] = { "UNSET", "OK", "ERROR" };
	struct json_span code;

	otlpval_fields(s->v[SPAN_STATUS].p, names, &code, 1);
	s->status = otlpval_enum(code, codes, LEN(codes));
}

static void
read_attributes(struct otlpspan *s)
{
	struct json_iter it;
	int i;

	memset(s->a, 0, sizeof(s->a));
	memset(s->used, 0, sizeof(s->used));
	s->npairs = 0;
	if (!json_is(s->v[SPAN_ATTRIBUTES], JSON_ARRAY))
		return;
	for (it = json_each(s->v[SPAN_ATTRIBUTES]); ; s->npairs++) {
		ALLOC_GROW(s->pairs, s->npairs + 1, s->cap);
		if (!otlpval_next(&it, &s->pairs[s->npairs]))
			break;
		i = find_attribute(s, s->pairs[s->npairs].key);
		if (i < ATTRIBUTES)
			s->a[i] = s->pairs[s->npairs].value;
	}
}

int
otlpspan_read(struct otlpspan *s, const char *p)
{
	struct buf parent = { 0 };

	s->behind = otlpval_fields(p, field_names, s->v, SPAN_FIELDS);
	if (!json_is(s->v[SPAN_NAME], JSON_STRING) || s->v[SPAN_NAME].n == 2)
		memset(&s->v[SPAN_NAME], 0, sizeof(s->v[SPAN_NAME]));
	read_attributes(s);
	if (find_trace_id(s))
		return -1;
	find_kind(s);
	read_status(s);
	s->start = otlpval_time(s->v[SPAN_START]);
	s->end = otlpval_time(s->v[SPAN_END]);
	s->root = !put_span_id(&parent, s->v[SPAN_PARENT]);
	buf_release(&parent);
	s->counted = 0;
	memset(s->tokens, 0, sizeof(s->tokens));
	memset(s->nested, 0, sizeof(s->nested));
	memset(s->in_events, 0, sizeof(s->in_events));
	s->payload[0].len = s->payload[1].len = 0;
	find_type(s);
	take_payload(s, 0);
	take_payload(s, 1);
	count_tokens(s);
	take_metadata(s);
	pick(s, ATTR_MODEL, ATTR_MODEL_4);
	mark_told(s);
	s->used[ATTR_PARAMETERS] = 1;
	return 0;
}

/* Adds an AnyValue under key when it is there. */
static void
add_any(struct buf *b, const char *key, struct json_span any)
{
	if (!any.p)
		return;
	json_key(b, key);
	otlpval_put(b, any);
}

/* Adds what is JSON in a string. */
static void
add_json(struct buf *b, const char *key, struct json_span any)
{
	if (!any.p)
		return;
	json_key(b, key);
	put_any(b, any, PARSE_ANY);
}

/* Adds the first that is there of some attributes. */
static void
add_first(const struct otlpspan *s, struct buf *b, const char *key, int first,
    int last)
{
	int i;

	for (i = first; i < last && !s->a[i].p; i++)
		;
	add_any(b, key, s->a[i]);
}

/* Adds a time: as the record had it, else the span's. */
static void
add_time(struct buf *b, const char *key, struct json_span own, uint64_t ns)
{
	struct json_span text = otlpval_string(own);

	if (!text.p && ns) {
		isotime_add(b, key, (int64_t)(ns / 1000));
	} else if (text.p && text.n > 2) {
		json_key(b, key);
		json_compact(b, text);
	}
}

/* The message of the last exception among the events, or none. */
static struct json_span
find_exception(const struct otlpspan *s, const char *what)
{
	struct json_span v[EVENT_FIELDS], found = { 0 };
	struct otlpval_pair pair;
	struct json_iter events, it;

	if (!json_is(s->v[SPAN_EVENTS], JSON_ARRAY))
		return found;
	for (events = json_each(s->v[SPAN_EVENTS]); next_event(&events, v); ) {
		if (!json_is(v[EVENT_NAME], JSON_STRING) ||
		    !json_is_str(v[EVENT_NAME], "exception") ||
		    !json_is(v[EVENT_ATTRIBUTES], JSON_ARRAY))
			continue;
		for (it = json_each(v[EVENT_ATTRIBUTES]);
		    otlpval_next(&it, &pair); )
			if (json_is_str(pair.key, what))
				found = otlpval_string(pair.value);
	}
	return found;
}

static struct json_span
status_message(const struct otlpspan *s)
{
	static const char *const names[] = { "message" };
	struct json_span v;

	otlpval_fields(s->v[SPAN_STATUS].p, names, &v, 1);
	if (!json_is(v, JSON_STRING) || v.n == 2)
		v.p = NULL;
	return v;
}

/* Adds why it failed, if it did. */
static void
add_error(const struct otlpspan *s, struct buf *b)
{
	struct json_span message = status_message(s);

	if (s->status != STATUS_ERROR)
		return;
	if (!message.p && s->kind != OTLPSPAN_FOREIGN)
		return;
	if (!message.p)
		message = find_exception(s, "exception.message");
	if (!message.p)
		message = find_exception(s, "exception.type");
	if (!message.p)
		message = otlpval_string(s->a[ATTR_ERROR_TYPE]);
	json_key(b, "error");
	if (message.p)
		json_compact(b, message);
	else
		buf_puts(b, "\"failed, without a message\"");
}

/* What kind of error it was: a string, or none. */
static struct json_span
error_type(const struct otlpspan *s)
{
	struct json_span v = { 0 };

	if (s->status != STATUS_ERROR || s->kind != OTLPSPAN_FOREIGN)
		return v;
	v = otlpval_string(s->a[ATTR_ERROR_TYPE]);
	if (!v.p || json_is_str(v, "_OTHER"))
		v = find_exception(s, "exception.type");
	return v;
}

/* Adds a member to an object of attributes, which it begins where needed. */
static void
add_attribute(struct buf *b, const struct otlpval_pair *pair, size_t *n)
{
	if (!(*n)++)
		json_open(b, "attributes", '{');
	json_comma(b);
	json_compact(b, pair->key);
	buf_byte(b, ':');
	otlpval_put(b, pair->value);
}

/* Adds the attributes that are not told elsewhere. */
static void
add_attributes(const struct otlpspan *s, struct buf *b)
{
	size_t i, n = 0;
	int known;

	for (i = 0; i < s->npairs; i++) {
		known = find_attribute(s, s->pairs[i].key);
		if ((known == ATTRIBUTES || !s->used[known]) &&
		    !(s->nested[0] && otlpval_nested(s->pairs[i].key,
		    s->nested[0])) &&
		    !(s->nested[1] && otlpval_nested(s->pairs[i].key,
		    s->nested[1])))
			add_attribute(b, &s->pairs[i], &n);
	}
	if (n)
		json_close(b, '}');
}

/* Adds those of an event or link, but not what is input or output. */
static void
add_event_attributes(const struct otlpspan *s, struct buf *b,
    struct json_span attributes)
{
	struct otlpval_pair pair;
	struct json_iter it;
	size_t n = 0;
	int known;

	if (!json_is(attributes, JSON_ARRAY))
		return;
	for (it = json_each(attributes); otlpval_next(&it, &pair); ) {
		known = find_attribute(s, pair.key);
		if (!(s->in_events[0] && known >= ATTR_INPUT &&
		    known <= ATTR_QUERY) && !(s->in_events[1] &&
		    known >= ATTR_OUTPUT && known <= ATTR_DOCUMENTS))
			add_attribute(b, &pair, &n);
	}
	if (n)
		json_close(b, '}');
}

static void
add_events(const struct otlpspan *s, struct buf *b)
{
	struct json_span v[EVENT_FIELDS];
	struct json_iter it;
	size_t i, n = 0;
	uint64_t time;

	if (!json_is(s->v[SPAN_EVENTS], JSON_ARRAY))
		return;
	for (it = json_each(s->v[SPAN_EVENTS]); next_event(&it, v); ) {
		i = content_event(v[EVENT_NAME]);
		if (i < LEN(content_events) &&
		    s->in_events[content_events[i].direction])
			continue;
		if (!n++)
			json_open(b, "events", '[');
		json_open(b, NULL, '{');
		if (v[EVENT_NAME].p) {
			json_key(b, "name");
			json_compact(b, v[EVENT_NAME]);
		}
		time = otlpval_time(v[EVENT_TIME]);
		if (time)
			isotime_add(b, "time", (int64_t)(time / 1000));
		add_event_attributes(s, b, v[EVENT_ATTRIBUTES]);
		json_close(b, '}');
	}
	if (n)
		json_close(b, ']');
}

static void
add_links(const struct otlpspan *s, struct buf *b)
{
	static const char *const names[] = {
		"traceId", "spanId", "attributes"
	};
	struct json_span unused, v[3];
	struct buf hex = { 0 };
	struct json_iter it;
	size_t n = 0;

	if (!json_is(s->v[SPAN_LINKS], JSON_ARRAY))
		return;
	for (it = json_each(s->v[SPAN_LINKS]); json_enter(&it, &unused); ) {
		it.p = otlpval_fields(it.p, names, v, LEN(v));
		if (!n++)
			json_open(b, "links", '[');
		json_open(b, NULL, '{');
		hex.len = 0;
		if (!otlpval_id(&hex, v[0], 16))
			json_add_text(b, "trace_id", hex.p, hex.len);
		hex.len = 0;
		if (put_span_id(&hex, v[1])) {
			json_key(b, "span_id");
			buf_add(b, hex.p, hex.len);
		}
		add_event_attributes(s, b, v[2]);
		json_close(b, '}');
	}
	if (n)
		json_close(b, ']');
	buf_release(&hex);
}

static void
add_string(struct buf *b, const char *key, struct json_span string)
{
	if (!json_is(string, JSON_STRING) || string.n == 2)
		return;
	json_key(b, key);
	json_compact(b, string);
}

/* Names that the members of metadata have which are not the user's. */
static const char *const metadata_names[] = {
	"attributes", "events", "links", "service_name", "scope_name",
	"span_kind", "trace_state", "error_type"
};

/* Adds what the span has beyond what a record has fields for. */
static void
add_rest(const struct otlpspan *s, struct buf *b)
{
	static const char *const kinds[] = {
		"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER",
		"CONSUMER"
	};
	static const char *const names[] = {
		NULL, NULL, "server", "client", "producer", "consumer"
	};
	int kind = otlpval_enum(s->v[SPAN_KIND], kinds, LEN(kinds));

	add_attributes(s, b);
	add_events(s, b);
	add_links(s, b);
	if (s->kind != OTLPSPAN_FOREIGN)
		return;
	add_string(b, "service_name", s->service);
	add_string(b, "scope_name", s->scope);
	if (kind > 0 && kind < (int)LEN(names) && names[kind])
		json_add_str(b, "span_kind", names[kind]);
	add_string(b, "trace_state", s->v[SPAN_STATE]);
	add_string(b, "error_type", error_type(s));
}

/*
 * Adds the metadata: the user's own, with all the rest, or, for the row of a
 * span that is an observation too, with the service's name; for an input with
 * the persona.
 */
static void
add_metadata(const struct otlpspan *s, struct buf *b, int rest, int persona)
{
	struct json_span v = { s->metadata.p, s->metadata.len };
	size_t before = b->len, empty;

	json_key(b, "metadata");
	if (v.n && json_type(v) != JSON_OBJECT) {
		/* there is no place for more beside it */
		buf_add(b, v.p, v.n);
		return;
	}
	if (!v.n)
		v.p = NULL;
	json_open(b, NULL, '{');
	empty = b->len;
	if (s->kind == OTLPSPAN_FOREIGN)
		json_add_others(b, v, metadata_names, LEN(metadata_names));
	else
		json_add_others(b, v, NULL, 0);
	if (rest)
		add_rest(s, b);
	else if (s->kind == OTLPSPAN_FOREIGN)
		add_string(b, "service_name", s->service);
	if (persona && s->a[ATTR_PERSONA].p && !json_get(v, "persona").p)
		add_any(b, "persona", s->a[ATTR_PERSONA]);
	json_close(b, '}');
	if (b->len == empty + 1)
		b->len = before;
}

static void
add_payload(const struct otlpspan *s, struct buf *b, const char *key, int side)
{
	if (!s->payload[side].len)
		return;
	json_key(b, key);
	buf_add(b, s->payload[side].p, s->payload[side].len);
}

/* Adds who it is. */
static void
add_ids(const struct otlpspan *s, struct buf *b)
{
	struct buf id = { 0 };
	struct json_span name = otlpval_string(s->a[ATTR_NAME]);

	if (s->a[ATTR_ID].p)
		add_any(b, "id", s->a[ATTR_ID]);
	else if (s->kind == OTLPSPAN_FOREIGN &&
	    put_span_id(&id, s->v[SPAN_SPAN_ID])) {
		json_key(b, "id");
		buf_add(b, id.p, id.len);
	}
	if (s->a[ATTR_TYPE].p)
		add_any(b, "type", s->a[ATTR_TYPE]);
	else
		json_add_str(b, "type", s->type);
	if (!name.p)
		add_string(b, "name", s->v[SPAN_NAME]);
	buf_release(&id);
}

static void
add_parent(const struct otlpspan *s, struct buf *b)
{
	struct buf id = { 0 };

	if (s->a[ATTR_PARENT].p) {
		add_any(b, "parent_observation_id", s->a[ATTR_PARENT]);
	} else if (s->kind == OTLPSPAN_FOREIGN &&
	    put_span_id(&id, s->v[SPAN_PARENT])) {
		json_key(b, "parent_observation_id");
		buf_add(b, id.p, id.len);
	}
	buf_release(&id);
}

static void
add_level(const struct otlpspan *s, struct buf *b)
{
	struct json_span message = status_message(s);

	if (s->a[ATTR_LEVEL].p)
		add_any(b, "level", s->a[ATTR_LEVEL]);
	else if (s->kind == OTLPSPAN_FOREIGN && s->status == STATUS_ERROR)
		json_add_str(b, "level", "error");
	if (s->a[ATTR_STATUS_MESSAGE].p)
		add_any(b, "status_message", s->a[ATTR_STATUS_MESSAGE]);
	else if (s->status != STATUS_ERROR)
		add_string(b, "status_message", message);
}

void
otlpspan_put_step(const struct otlpspan *s, struct buf *b)
{
	json_open(b, NULL, '{');
	add_ids(s, b);
	add_time(b, "start_time", s->a[ATTR_START], s->start);
	add_time(b, "end_time", s->a[ATTR_END], s->end);
	add_payload(s, b, "input", 0);
	add_payload(s, b, "output", 1);
	add_error(s, b);
	add_level(s, b);
	add_metadata(s, b, 1, 0);
	add_first(s, b, "model", ATTR_MODEL, ATTR_MODEL_4);
	add_json(b, "llm_parameters", s->a[ATTR_PARAMETERS]);
	add_first(s, b, "prompt_tokens", ATTR_TOKENS_IN, ATTR_TOKENS_IN_4);
	add_first(s, b, "completion_tokens", ATTR_TOKENS_OUT,
	    ATTR_TOKENS_OUT_4);
	add_first(s, b, "total_tokens", ATTR_TOKENS, ATTR_TOKENS_3);
	add_parent(s, b);
	json_key(b, "trace_id");
	buf_add(b, s->trace_id.p, s->trace_id.len);
	json_close(b, '}');
}

/* Appends the texts among a message's parts. Returns how many there were. */
static int
put_parts(struct buf *text, struct json_span parts)
{
	struct json_span key, part, v;
	struct json_iter it;
	int n = 0;

	if (json_is(parts, JSON_STRING)) {
		json_text(text, parts);
		return 1;
	}
	if (!json_is(parts, JSON_ARRAY))
		return 0;
	for (it = json_each(parts); json_next(&it, &key, &part); ) {
		v = json_is(part, JSON_STRING) ? part :
		    json_get(part, "text");
		if (!v.p)
			v = json_get(part, "content");
		if (!json_is(v, JSON_STRING))
			continue;
		if (n++)
			buf_byte(text, '\n');
		json_text(text, v);
	}
	return n;
}

static int
has_role(struct json_span message, const char *const roles[3])
{
	struct json_span role = json_get(message, "role");
	int i;

	if (!role.p)
		role = json_get(message, "type");
	for (i = 0; i < 3 && roles[i]; i++)
		if (json_is_str(role, roles[i]))
			return 1;
	return 0;
}

/*
 * The text of the last message from one of these roles, if v is a list of
 * messages or has one: what a user would have typed, or been told.
 */
static int
find_text(struct buf *text, struct json_span v, const char *const roles[3])
{
	struct json_span key, message, last = { 0 };
	struct json_iter it;

	if (json_is(v, JSON_OBJECT))
		v = json_get(v, "messages");
	if (!json_is(v, JSON_ARRAY))
		return 0;
	for (it = json_each(v); json_next(&it, &key, &message); )
		if (has_role(message, roles))
			last = message;
	if (json_get(last, "message").p)
		last = json_get(last, "message");
	v = json_get(last, "parts");
	if (!v.p)
		v = json_get(last, "content");
	return put_parts(text, v) > 0;
}

/* Adds the input or output of a run. */
static void
add_run_payload(const struct otlpspan *s, struct buf *b, const char *key,
    int side)
{
	struct json_span v = { s->payload[side].p, s->payload[side].len };
	struct buf text = { 0 };

	if (v.n && s->kind == OTLPSPAN_FOREIGN &&
	    find_text(&text, v, directions[side].roles))
		json_add_text(b, key, text.p, text.len);
	else
		add_payload(s, b, key, side);
	buf_release(&text);
}

void
otlpspan_put_input(const struct otlpspan *s, struct buf *b)
{
	add_run_payload(s, b, "input", 0);
}

void
otlpspan_put_output(const struct otlpspan *s, struct buf *b)
{
	add_run_payload(s, b, "output", 1);
}

/* Whose run it was: the agent, else the project, else the service. */
static void
add_run_name(const struct otlpspan *s, struct buf *b)
{
	static const char unknown[] = "\"unknown_service";
	struct json_span name = otlpval_string(s->a[ATTR_AGENT]);

	if (!name.p)
		name = otlpval_string(s->a[ATTR_AGENT_2]);
	if (!name.p && s->kind == OTLPSPAN_FOREIGN)
		name = s->project;
	/* what libraries say when nobody named it */
	if (!name.p && s->kind == OTLPSPAN_FOREIGN && s->service.p &&
	    strncmp(s->service.p, unknown, sizeof(unknown) - 1) != 0)
		name = s->service;
	add_string(b, "name", name);
}

/* Adds how long it took, and how it went. */
static void
add_outcome(const struct otlpspan *s, struct buf *b)
{
	if (s->a[ATTR_DURATION].p)
		add_any(b, "duration_ms", s->a[ATTR_DURATION]);
	else if (s->start && s->end >= s->start)
		json_add_double(b, "duration_ms", (double)(s->end - s->start)
		    / 1e6);
	/* what we wrote says so when it was a success */
	if (s->status != STATUS_UNSET || s->kind == OTLPSPAN_FOREIGN)
		json_add_bool(b, "success", s->status != STATUS_ERROR);
	add_error(s, b);
	if (s->a[ATTR_ERROR_KIND].p)
		add_any(b, "error_kind", s->a[ATTR_ERROR_KIND]);
	else if (s->status == STATUS_ERROR && s->kind == OTLPSPAN_FOREIGN)
		json_add_str(b, "error_kind", "error");
	add_string(b, "error_code", error_type(s));
	add_time(b, "start_time", s->a[ATTR_START], s->start);
	add_time(b, "end_time", s->a[ATTR_END], s->start ? s->end : 0);
}

void
otlpspan_put_run(const struct otlpspan *s, struct buf *b)
{
	json_key(b, "trace_id");
	buf_add(b, s->trace_id.p, s->trace_id.len);
	if (s->kind == OTLPSPAN_NO_RUN || s->kind == OTLPSPAN_STEP)
		return;
	add_any(b, "run_id", s->a[ATTR_RUN_ID]);
	add_run_name(s, b);
	if (s->a[ATTR_ITERATION].p)
		add_any(b, "iteration", s->a[ATTR_ITERATION]);
	else
		json_add_int(b, "iteration", 0);
	if (s->a[ATTR_PERSONA].p)
		add_any(b, "persona", s->a[ATTR_PERSONA]);
	else
		json_add_null(b, "persona");
}

void
otlpspan_put_end(const struct otlpspan *s, struct buf *b)
{
	if (s->kind == OTLPSPAN_NO_RUN || s->kind == OTLPSPAN_STEP)
		return;
	add_outcome(s, b);
	add_json(b, "token_usage", s->a[ATTR_TOKEN_USAGE]);
	add_any(b, "observation_count", s->a[ATTR_COUNT]);
	add_json(b, "conversation", s->a[ATTR_CONVERSATION]);
	add_json(b, "conversation_state", s->a[ATTR_STATE]);
	add_json(b, "termination_reason", s->a[ATTR_TERMINATION]);
	add_metadata(s, b, s->kind == OTLPSPAN_RUN, 0);
}

void
otlpspan_put_metadata(const struct otlpspan *s, struct buf *b)
{
	if (s->kind == OTLPSPAN_FOREIGN || s->kind == OTLPSPAN_RUN)
		add_metadata(s, b, 0, 1);
}
