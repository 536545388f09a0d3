#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "conventions.h"
#include "messages.h"
#include "otlpspan.h"
#include "otlpval.h"
#include "spanforeign.h"
#include "spanpart.h"
#include "spanwrite.h"

/* Adds an AnyValue under key, unless it is absent. */
static void
add_any(struct buf *b, const char *key, struct json_span any)
{
	if (!any.p)
		return;
	json_key(b, key);
	otlpval_put(b, any);
}

/* Adds the JSON that a string contains. */
static void
spanwrite_add_json(struct buf *b, const char *key, struct json_span any)
{
	if (!any.p)
		return;
	json_key(b, key);
	spanpart_put(b, any, HOW_ANY);
}

/* Adds a known attribute, unless it is absent. */
static void
add_known(const struct otlpspan *s, struct buf *b, const char *key,
    int attribute)
{
	if (!s->a[attribute].p)
		return;
	json_key(b, key);
	otlpspan_put(s, b, attribute);
}

/* Adds a count of tokens; that of a record as it was. */
static void
add_count(const struct otlpspan *s, struct buf *b, const char *key, int count)
{
	const double d = s->tokens[count];

	if (s->kind != OTLPSPAN_FOREIGN)
		add_any(b, key, s->a[ATTR_TOKENS_IN + count]);
	else if (!(s->have & 1u << count))
		return;
	else if (d < 1e15 && d == (double)(long long)d)
		json_add_int(b, key, (long long)d);
	else
		json_add_double(b, key, d);
}

/* Adds a time: the record's own text if there is one, or else the span's. */
static void
add_time(struct buf *b, const char *key, struct json_span own, uint64_t ns)
{
	struct json_span text = spanpart_string(own);

	if (!text.p && ns) {
		isotime_add(b, key, (int64_t)(ns / 1000));
	} else if (text.p && text.n > 2) {
		json_key(b, key);
		json_compact(b, text);
	}
}

static struct json_span
status_message(const struct otlpspan *s)
{
	static const char *const names[] = { "message" };
	struct json_span v;

	otlpval_fields(s->v[SPAN_STATUS].p, names, &v, 1);
	if (!json_is(v, JSON_STRING) || v.n == 2)
		v.p = NULL;
	if (!v.p && s->kind == OTLPSPAN_FOREIGN)
		v = spanpart_string(s->a[ATTR_REMARK]);
	return v;
}

/* Adds the error of a failed span. */
static void
add_error(const struct otlpspan *s, struct buf *b)
{
	struct json_span message = status_message(s);

	if (s->status != SPAN_STATUS_ERROR)
		return;
	if (!message.p && s->kind != OTLPSPAN_FOREIGN)
		return;
	if (!message.p)
		message = foreign_error(s);
	json_key(b, "error");
	if (message.p)
		json_compact(b, message);
	else
		buf_puts(b, "\"failed, without a message\"");
}

/* Adds a member to the object of attributes, which the first one opens. */
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

/* 1 if a key belongs to the messages that were flattened. */
static int
is_flattened(const struct otlpspan *s, struct json_span key)
{
	int i;

	for (i = 0; i < 2; i++)
		if (s->nested[i] && otlpval_nested(key, s->nested[i]))
			return 1;
	return 0;
}

/* Adds the attributes that are not in other fields. */
static void
add_attributes(const struct otlpspan *s, struct buf *b)
{
	size_t i, n = 0;

	for (i = 0; i < s->npairs; i++)
		if (!otlpspan_is_used(s, i) &&
		    !is_flattened(s, s->pairs[i].key))
			add_attribute(b, &s->pairs[i], &n);
	if (n)
		json_close(b, '}');
}

/* 1 if an attribute of an event is the input or output that was read. */
static int
is_event_payload(const struct otlpspan *s, struct json_span key)
{
	size_t row = conventions_find(&s->index, key);
	int i;

	for (i = 0; row < conventions_nnames && i < 2; i++)
		if (s->in_events[i] && conventions_names[row].attribute ==
		    conventions_sides[i].attribute)
			return 1;
	return 0;
}

/* Adds the attributes of an event or link, except input and output. */
static void
add_event_attributes(const struct otlpspan *s, struct buf *b,
    struct json_span attributes)
{
	struct otlpval_pair pair;
	struct json_iter it;
	size_t n = 0;

	if (!json_is(attributes, JSON_ARRAY))
		return;
	for (it = json_each(attributes); otlpval_next(&it, &pair); )
		if (!is_event_payload(s, pair.key))
			add_attribute(b, &pair, &n);
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
	for (it = json_each(s->v[SPAN_EVENTS]); spanpart_next_event(&it, v); ) {
		i = spanpart_content_event(v[EVENT_NAME]);
		if (i < conventions_nevents &&
		    s->in_events[conventions_events[i].side])
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
		if (v[EVENT_BODY].p) {
			json_key(b, "body");
			spanpart_put(b, v[EVENT_BODY], HOW_NESTED);
		}
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
		if (spanpart_put_id(&hex, v[1])) {
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

/* The members of metadata that are added to the user's own. */
static const char *const metadata_names[] = {
	"attributes", "events", "links", "service_name", "scope_name",
	"span_kind", "trace_state", "error_type", "cached_tokens",
	"reasoning_tokens"
};

/*
 * Adds the user's metadata. A member with a name of those above is kept under
 * another one.
 */
static void
spanwrite_add_users(struct buf *b, struct json_span v)
{
	struct json_span member;
	struct buf key = { 0 };
	size_t i;

	json_add_others(b, v, metadata_names, LEN(metadata_names));
	for (i = 0; i < LEN(metadata_names) && v.p; i++) {
		member = json_get(v, metadata_names[i]);
		if (!member.p)
			continue;
		key.len = 0;
		buf_printf(&key, "recorded_%s", metadata_names[i]);
		json_add(b, buf_str(&key), member);
	}
	buf_release(&key);
}

/* Adds the parts of the span that a record has no fields for. */
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
	add_string(b, "error_type", foreign_error_type(s));
	add_count(s, b, "cached_tokens", COUNT_CACHED);
	add_count(s, b, "reasoning_tokens", COUNT_REASONING);
}

/*
 * Adds the metadata, unless it is empty: the user's own, and either, with rest,
 * the parts of the span that have no field, or else the service's name. With
 * persona, for an input record, the persona is added too.
 */
static void
spanwrite_add_metadata(const struct otlpspan *s, struct buf *b, int rest,
    int persona)
{
	struct json_span v = { s->metadata.p, s->metadata.len };
	size_t before = b->len, empty;

	json_key(b, "metadata");
	if (v.n && json_type(v) != JSON_OBJECT) {
		/* nothing can be added to a value that is not an object */
		buf_add(b, v.p, v.n);
		return;
	}
	if (!v.n)
		v.p = NULL;
	json_open(b, NULL, '{');
	empty = b->len;
	if (s->kind == OTLPSPAN_FOREIGN)
		spanwrite_add_users(b, v);
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
	if (s->payload[side].n)
		json_add(b, key, s->payload[side]);
}

/* Adds the id, the type and the name. */
static void
add_ids(const struct otlpspan *s, struct buf *b)
{
	struct buf id = { 0 };
	struct json_span name = spanpart_string(s->a[ATTR_NAME]);

	if (s->a[ATTR_ID].p)
		add_any(b, "id", s->a[ATTR_ID]);
	else if (s->kind == OTLPSPAN_FOREIGN &&
	    spanpart_put_id(&id, s->v[SPAN_SPAN_ID])) {
		json_key(b, "id");
		buf_add(b, id.p, id.len);
	}
	if (s->a[ATTR_TYPE].p)
		add_any(b, "type", s->a[ATTR_TYPE]);
	else
		json_add_str(b, "type", s->type);
	if (otlpspan_named(s) < ATTRIBUTES)
		add_known(s, b, "name", otlpspan_named(s));
	else if (!name.p)
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
	    spanpart_put_id(&id, s->v[SPAN_PARENT])) {
		json_key(b, "parent_observation_id");
		buf_add(b, id.p, id.len);
	}
	buf_release(&id);
}

/* Adds the level: a record's own, the one that is set, or that of an error. */
static void
add_level(const struct otlpspan *s, struct buf *b)
{
	struct json_span message = status_message(s);
	struct buf word = { 0 };
	const char *level;

	otlpspan_text(s, &word, ATTR_GRADE);
	level = conventions_find_level(buf_str(&word), word.len);
	if (s->a[ATTR_LEVEL].p)
		add_any(b, "level", s->a[ATTR_LEVEL]);
	else if (s->kind == OTLPSPAN_FOREIGN && s->status == SPAN_STATUS_ERROR)
		json_add_str(b, "level", "error");
	else if (level)
		json_add_str(b, "level", level);
	if (s->a[ATTR_STATUS_MESSAGE].p)
		add_any(b, "status_message", s->a[ATTR_STATUS_MESSAGE]);
	else if (s->status != SPAN_STATUS_ERROR && !s->a[ATTR_REMARK].p)
		add_string(b, "status_message", message);
	else
		add_known(s, b, "status_message", ATTR_REMARK);
	buf_release(&word);
}

void
spanwrite_step(const struct otlpspan *s, struct buf *b)
{
	json_open(b, NULL, '{');
	add_ids(s, b);
	add_time(b, "start_time", s->a[ATTR_START], s->start);
	add_time(b, "end_time", s->a[ATTR_END], s->end);
	add_payload(s, b, "input", 0);
	add_payload(s, b, "output", 1);
	add_error(s, b);
	add_level(s, b);
	spanwrite_add_metadata(s, b, 1, 0);
	add_known(s, b, "model", ATTR_MODEL);
	add_known(s, b, "llm_parameters", ATTR_PARAMETERS);
	add_count(s, b, "prompt_tokens", COUNT_IN);
	add_count(s, b, "completion_tokens", COUNT_OUT);
	add_count(s, b, "total_tokens", COUNT_TOTAL);
	add_parent(s, b);
	json_key(b, "trace_id");
	buf_add(b, s->trace_id.p, s->trace_id.len);
	json_close(b, '}');
}

/* Whether the input or output is text as it is, and too long to be copied. */
static int
is_text_itself(const struct otlpspan *s, int side)
{
	return s->payload[side].n && !s->made[side].len &&
	    (s->plain[side] || !spanpart_may_be_json(s->payload[side],
	    HOW_NESTED));
}

/* Appends the text of the input or output of a span of another program. */
static int
find_span_text(const struct otlpspan *s, struct buf *text, int side)
{
	struct json_span v = s->payload[side];
	struct buf nested = { 0 };
	int found, i;

	if (s->plain[side] && json_is(v, JSON_STRING) && v.n > 2) {
		json_text(text, v);
		return 1;
	}
	/* a string is the last resort: it may be Python's print of messages */
	found = !json_is(v, JSON_STRING) && messages_text(text, v, side);
	for (i = 0; !found && !s->nested[side] &&
	    conventions_sides[side].nested[i]; i++) {
		nested.len = 0;
		if (otlpval_nest(&nested, s->pairs, s->npairs,
		    conventions_sides[side].nested[i]))
			found = messages_text(text, json_buf(&nested), side);
	}
	buf_release(&nested);
	return found || messages_text(text, v, side);
}

int
spanwrite_has_text(struct otlpspan *s, int side)
{
	if (s->kind != OTLPSPAN_FOREIGN)
		return 0;
	if (s->searched[side] == TEXT_NOT_SEARCHED) {
		s->text[side].len = 0;
		s->searched[side] = is_text_itself(s, side) ? TEXT_ITSELF :
		    find_span_text(s, &s->text[side], side) ? TEXT_FOUND :
		    TEXT_NONE;
	}
	return s->searched[side] != TEXT_NONE;
}

void
spanwrite_side(struct otlpspan *s, struct buf *b, int side)
{
	static const char *const keys[] = { "input", "output" };
	const int of_trace = conventions_sides[side].of_trace;
	const struct buf *text = NULL;
	struct buf given = { 0 }, found = { 0 };
	struct json_span v;

	if (s->kind == OTLPSPAN_FOREIGN && s->a[of_trace].p) {
		otlpspan_put(s, &given, of_trace);
		v = json_buf(&given);
		text = messages_text(&found, v, side) ? &found : NULL;
		if (!text)
			json_add(b, keys[side], v);
	} else {
		if (spanwrite_has_text(s, side) &&
		    s->searched[side] == TEXT_FOUND)
			text = &s->text[side];
		else
			add_payload(s, b, keys[side], side);
	}
	if (text)
		json_add_text(b, keys[side], text->p, text->len);
	buf_release(&given);
	buf_release(&found);
}

/*
 * Adds the name of the run: the trace's own, the agent's, the project's, the
 * service's, or that of its first span.
 */
static void
add_run_name(const struct otlpspan *s, struct buf *b)
{
	const int attribute = s->a[ATTR_TRACE_NAME].p ? ATTR_TRACE_NAME :
	    ATTR_AGENT;
	struct json_span name = spanpart_string(s->a[attribute]);

	if (!name.p && s->kind == OTLPSPAN_FOREIGN)
		name = foreign_name(s);
	/* a substitute for a trace has a name made by this program */
	if (!name.p && s->kind == OTLPSPAN_FOREIGN && !s->row_only)
		name = s->v[SPAN_NAME];
	add_string(b, "name", name);
}

/* Adds the duration, the times, and whether the run succeeded. */
static void
add_outcome(const struct otlpspan *s, struct buf *b)
{
	if (s->a[ATTR_DURATION].p)
		add_any(b, "duration_ms", s->a[ATTR_DURATION]);
	else if (s->start && s->end >= s->start)
		json_add_double(b, "duration_ms", (double)(s->end - s->start)
		    / 1e6);
	/* a span from otlp.h has a status only if its run has an outcome */
	if (s->status != SPAN_STATUS_UNSET || s->kind == OTLPSPAN_FOREIGN)
		json_add_bool(b, "success", s->status != SPAN_STATUS_ERROR);
	add_error(s, b);
	if (s->a[ATTR_ERROR_KIND].p)
		add_any(b, "error_kind", s->a[ATTR_ERROR_KIND]);
	else if (s->status == SPAN_STATUS_ERROR && s->kind == OTLPSPAN_FOREIGN)
		json_add_str(b, "error_kind", "error");
	if (s->kind == OTLPSPAN_FOREIGN)
		add_string(b, "error_code", foreign_error_type(s));
	add_time(b, "start_time", s->a[ATTR_START], s->start);
	add_time(b, "end_time", s->a[ATTR_END], s->start ? s->end : 0);
}

void
spanwrite_run(const struct otlpspan *s, struct buf *b)
{
	json_key(b, "trace_id");
	buf_add(b, s->trace_id.p, s->trace_id.len);
	if (s->kind == OTLPSPAN_NO_RUN || s->kind == OTLPSPAN_STEP)
		return;
	add_any(b, "run_id", s->a[ATTR_RUN_ID]);
	add_any(b, "input_id", s->a[ATTR_INPUT_ID]);
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
spanwrite_end(const struct otlpspan *s, struct buf *b)
{
	if (s->kind == OTLPSPAN_NO_RUN || s->kind == OTLPSPAN_STEP)
		return;
	add_outcome(s, b);
	spanwrite_add_json(b, "token_usage", s->a[ATTR_TOKEN_USAGE]);
	add_any(b, "observation_count", s->a[ATTR_COUNT]);
	spanwrite_add_json(b, "conversation", s->a[ATTR_CONVERSATION]);
	spanwrite_add_json(b, "conversation_state", s->a[ATTR_STATE]);
	spanwrite_add_json(b, "termination_reason", s->a[ATTR_TERMINATION]);
	add_any(b, "attempts", s->a[ATTR_ATTEMPTS]);
	spanwrite_add_json(b, "callback_messages", s->a[ATTR_CALLBACKS]);
	add_any(b, "stdout", s->a[ATTR_STDOUT]);
	add_any(b, "stderr", s->a[ATTR_STDERR]);
	spanwrite_add_json(b, "scores", s->a[ATTR_SCORES]);
	spanwrite_add_json(b, "evaluation", s->a[ATTR_EVALUATION]);
	spanwrite_add_metadata(s, b, s->kind == OTLPSPAN_RUN, 0);
}

void
spanwrite_metadata(const struct otlpspan *s, struct buf *b)
{
	if (s->kind == OTLPSPAN_FOREIGN || s->kind == OTLPSPAN_RUN)
		spanwrite_add_metadata(s, b, 0, 1);
}
