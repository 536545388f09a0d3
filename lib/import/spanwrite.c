#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "conventions.h"
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
	spanpart_put(b, any, SPANPART_ANY);
}

/* Adds the first present attribute from first to last. */
static void
add_first(const struct otlpspan *s, struct buf *b, const char *key, int first,
    int last)
{
	int i;

	for (i = first; i < last && !s->a[i].p; i++)
		;
	add_any(b, key, s->a[i]);
}

/* Adds a time: the record's own text if there is one, or else the span's. */
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

/* Adds the attributes that are not in other fields. */
static void
add_attributes(const struct otlpspan *s, struct buf *b)
{
	size_t i, n = 0;
	int known;

	for (i = 0; i < s->npairs; i++) {
		known = conventions_find(s->order, s->pairs[i].key);
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

/* Adds the attributes of an event or link, except input and output. */
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
		known = conventions_find(s->order, pair.key);
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
	"span_kind", "trace_state", "error_type"
};

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

/* Adds the id, the type and the name. */
static void
add_ids(const struct otlpspan *s, struct buf *b)
{
	struct buf id = { 0 };
	struct json_span name = otlpval_string(s->a[ATTR_NAME]);

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
	    spanpart_put_id(&id, s->v[SPAN_PARENT])) {
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
	else if (s->kind == OTLPSPAN_FOREIGN && s->status == SPAN_STATUS_ERROR)
		json_add_str(b, "level", "error");
	if (s->a[ATTR_STATUS_MESSAGE].p)
		add_any(b, "status_message", s->a[ATTR_STATUS_MESSAGE]);
	else if (s->status != SPAN_STATUS_ERROR)
		add_string(b, "status_message", message);
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
	add_first(s, b, "model", ATTR_MODEL, ATTR_MODEL_4);
	spanwrite_add_json(b, "llm_parameters", s->a[ATTR_PARAMETERS]);
	add_first(s, b, "prompt_tokens", ATTR_TOKENS_IN, ATTR_TOKENS_IN_4);
	add_first(s, b, "completion_tokens", ATTR_TOKENS_OUT,
	    ATTR_TOKENS_OUT_4);
	add_first(s, b, "total_tokens", ATTR_TOKENS, ATTR_TOKENS_3);
	add_parent(s, b);
	json_key(b, "trace_id");
	buf_add(b, s->trace_id.p, s->trace_id.len);
	json_close(b, '}');
}

/* Adds the input or output of a run. */
static void
add_run_payload(const struct otlpspan *s, struct buf *b, const char *key,
    int side)
{
	struct json_span v = { s->payload[side].p, s->payload[side].len };
	struct buf text = { 0 };

	if (v.n && s->kind == OTLPSPAN_FOREIGN &&
	    foreign_text(&text, v, conventions_sides[side].roles))
		json_add_text(b, key, text.p, text.len);
	else
		add_payload(s, b, key, side);
	buf_release(&text);
}

void
spanwrite_input(const struct otlpspan *s, struct buf *b)
{
	add_run_payload(s, b, "input", 0);
}

void
spanwrite_output(const struct otlpspan *s, struct buf *b)
{
	add_run_payload(s, b, "output", 1);
}

/* Adds the name of the run: the agent's, the project's or the service's. */
static void
add_run_name(const struct otlpspan *s, struct buf *b)
{
	struct json_span name = otlpval_string(s->a[ATTR_AGENT]);

	if (!name.p)
		name = otlpval_string(s->a[ATTR_AGENT_2]);
	if (!name.p && s->kind == OTLPSPAN_FOREIGN)
		name = foreign_name(s);
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
	spanwrite_add_metadata(s, b, s->kind == OTLPSPAN_RUN, 0);
}

void
spanwrite_metadata(const struct otlpspan *s, struct buf *b)
{
	if (s->kind == OTLPSPAN_FOREIGN || s->kind == OTLPSPAN_RUN)
		spanwrite_add_metadata(s, b, 0, 1);
}
