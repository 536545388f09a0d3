#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "otlpval.h"
#include "spanpart.h"
#include "otlpspan.h"

void
otlpspan_init(struct otlpspan *s)
{
	memset(s, 0, sizeof(*s));
	conventions_sort(s->order);
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

static int
has_text(struct json_span any, const char *text)
{
	struct json_span v = otlpval_string(any);

	return json_is_str(v, text);
}

/*
 * Returns the first present attribute from first to last, or -1. Marks it as
 * used, and later ones with the same value.
 */
static int
pick_attribute(struct otlpspan *s, int first, int last)
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
	for (i = 0; i < conventions_ntypes; i++) {
		if (conventions_types[i].attribute != last) {
			last = conventions_types[i].attribute;
			v = otlpval_string(s->a[last]);
			/* no other attribute overrides an unknown kind */
			if (!s->type && last != ATTR_SPAN_KIND &&
			    s->a[ATTR_SPAN_KIND].p)
				s->type = "span";
		}
		if (!json_is_str(v, conventions_types[i].value))
			continue;
		if (!s->type)
			s->type = conventions_types[i].type;
		if (conventions_types[i].exact && !strcmp(s->type,
		    conventions_types[i].type))
			s->used[last] = 1;
	}
	if (!s->type)
		s->type = "span";
}

/* Reads an input or output that is an attribute of an event. */
static int
read_event(struct otlpspan *s, int side)
{
	const struct conventions_side *d = &conventions_sides[side];
	struct json_span v[EVENT_FIELDS];
	struct otlpval_pair pair;
	struct json_iter events, it;
	int i;

	for (events = json_each(s->v[SPAN_EVENTS]);
	    spanpart_next_event(&events, v); ) {
		if (!json_is(v[EVENT_ATTRIBUTES], JSON_ARRAY))
			continue;
		for (it = json_each(v[EVENT_ATTRIBUTES]);
		    otlpval_next(&it, &pair); ) {
			i = conventions_find(s->order, pair.key);
			if (i < d->first || i > d->last)
				continue;
			spanpart_put(&s->payload[side], pair.value,
			    SPANPART_NESTED);
			return 1;
		}
	}
	return 0;
}

/* Adds an event's attribute to its message. */
static void
put_event_member(struct buf *b, const struct otlpval_pair *pair)
{
	static const char content[] = "gen_ai.event.content";
	static const char *const skipped[] = {
		"role", "gen_ai.system", "gen_ai.provider.name"
	};
	struct json_span v;
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < LEN(skipped); i++)
		if (json_is_str(pair->key, skipped[i]))
			return;
	spanpart_put(&text, pair->value, SPANPART_NESTED);
	v.p = buf_str(&text);
	v.n = text.len;
	if (*v.p == '{' && json_is_str(pair->key, content)) {
		json_add_others(b, v, skipped, 1);
	} else {
		json_add(b, NULL, pair->key);
		buf_byte(b, ':');
		buf_add(b, v.p, v.n);
	}
	buf_release(&text);
}

/* Adds a message that is an event. */
static void
put_event_message(struct buf *b, const char *role, struct json_span attributes)
{
	struct otlpval_pair pair;
	struct json_iter it;

	json_open(b, NULL, '{');
	json_add_str(b, "role", role);
	if (json_is(attributes, JSON_ARRAY))
		for (it = json_each(attributes); otlpval_next(&it, &pair); )
			put_event_member(b, &pair);
	json_close(b, '}');
}

/* Reads an input or output whose messages are events. */
static int
read_event_messages(struct otlpspan *s, int side)
{
	struct buf *b = &s->payload[side];
	struct json_span v[EVENT_FIELDS];
	struct json_iter it;
	size_t i, n = 0;

	for (it = json_each(s->v[SPAN_EVENTS]); spanpart_next_event(&it, v); ) {
		i = spanpart_content_event(v[EVENT_NAME]);
		if (i == conventions_nevents || !conventions_events[i].role ||
		    conventions_events[i].side != side)
			continue;
		if (!n++)
			buf_byte(b, '[');
		put_event_message(b, conventions_events[i].role,
		    v[EVENT_ATTRIBUTES]);
	}
	if (n)
		buf_byte(b, ']');
	return n > 0;
}

/* 1 if the MIME type is that of JSON. */
static int
is_json_type(struct json_span mime_type)
{
	return has_text(mime_type, "application/json") ||
	    has_text(mime_type, "json");
}

/* Finds the input (side 0) or the output (side 1). */
static void
read_payload(struct otlpspan *s, int side)
{
	const struct conventions_side *d = &conventions_sides[side];
	struct buf *b = &s->payload[side];
	struct json_span string;
	int found = pick_attribute(s, d->first, d->last);
	size_t i;

	if (found == d->first) {
		string = otlpval_string(s->a[found]);
		if (string.p && !is_json_type(s->a[d->mime_type]))
			json_compact(b, string);
		else
			spanpart_put(b, s->a[found], SPANPART_ANY);
		s->used[d->mime_type] = 1;
		return;
	}
	if (found >= 0) {
		spanpart_put(b, s->a[found], found == ATTR_ENTITY_INPUT ||
		    found == ATTR_ENTITY_OUTPUT ? SPANPART_ANY :
		    SPANPART_NESTED);
		return;
	}
	for (i = 0; i < LEN(d->nested); i++)
		if (otlpval_nest(b, s->pairs, s->npairs, d->nested[i])) {
			s->nested[side] = d->nested[i];
			return;
		}
	if (json_is(s->v[SPAN_EVENTS], JSON_ARRAY))
		s->in_events[side] = read_event(s, side) ||
		    read_event_messages(s, side);
}

/* The tokens of a generation as numbers. */
static void
otlpspan_count_tokens(struct otlpspan *s)
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
		found = pick_attribute(s, first[i], last[i]);
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

/*
 * Reads the user's metadata; a value that is not an object stays an attribute.
 */
static void
read_user_metadata(struct otlpspan *s)
{
	struct buf *b = &s->metadata;

	b->len = 0;
	if (!s->a[ATTR_METADATA].p)
		return;
	spanpart_put(b, s->a[ATTR_METADATA], SPANPART_ANY);
	if (s->kind == OTLPSPAN_FOREIGN && *b->p != '{')
		b->len = 0;
	else
		s->used[ATTR_METADATA] = 1;
}

/*
 * Marks the attributes as used that repeat the span's name or are restored.
 */
static void
mark_used(struct otlpspan *s)
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
	/* attributes of a run have a meaning on its root only */
	for (i = ATTR_RECORD; i < ATTRIBUTES; i++)
		s->used[i] = s->kind != OTLPSPAN_FOREIGN || s->root ||
		    i < ATTR_RUN_ID;
	s->used[ATTR_ERROR_TYPE] |= s->status == SPAN_STATUS_ERROR &&
	    otlpval_string(s->a[ATTR_ERROR_TYPE]).p != NULL;
	if (s->kind == OTLPSPAN_FOREIGN)
		return;
	s->used[ATTR_SPAN_KIND] = 1;
	s->used[ATTR_OPERATION] = 1;
	s->used[ATTR_ERROR_TYPE] = 1;
	s->used[ATTR_CONVERSATION_ID] = 1;
}

/* Finds the trace's id: an attribute, or else the digits as a UUID. */
static int
otlpspan_find_trace_id(struct otlpspan *s)
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
		i = conventions_find(s->order, s->pairs[s->npairs].key);
		if (i < ATTRIBUTES)
			s->a[i] = s->pairs[s->npairs].value;
	}
}

int
otlpspan_read(struct otlpspan *s, const char *p)
{
	struct buf parent = { 0 };

	s->after = otlpval_fields(p, conventions_fields, s->v, SPAN_FIELDS);
	if (!json_is(s->v[SPAN_NAME], JSON_STRING) || s->v[SPAN_NAME].n == 2)
		memset(&s->v[SPAN_NAME], 0, sizeof(s->v[SPAN_NAME]));
	read_attributes(s);
	if (otlpspan_find_trace_id(s))
		return -1;
	find_kind(s);
	read_status(s);
	s->start = otlpval_time(s->v[SPAN_START]);
	s->end = otlpval_time(s->v[SPAN_END]);
	s->root = !spanpart_put_id(&parent, s->v[SPAN_PARENT]);
	buf_release(&parent);
	s->counted = 0;
	memset(s->tokens, 0, sizeof(s->tokens));
	memset(s->nested, 0, sizeof(s->nested));
	memset(s->in_events, 0, sizeof(s->in_events));
	s->payload[0].len = s->payload[1].len = 0;
	find_type(s);
	read_payload(s, 0);
	read_payload(s, 1);
	otlpspan_count_tokens(s);
	read_user_metadata(s);
	pick_attribute(s, ATTR_MODEL, ATTR_MODEL_4);
	mark_used(s);
	s->used[ATTR_PARAMETERS] = 1;
	return 0;
}
