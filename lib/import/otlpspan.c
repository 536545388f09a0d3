#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "messages.h"
#include "otlpval.h"
#include "spanpart.h"
#include "otlpspan.h"

/* The length of a text that is used where it is. */
#define LONG 65536

void
otlpspan_init(struct otlpspan *s)
{
	memset(s, 0, sizeof(*s));
	conventions_index(&s->index);
}

void
otlpspan_release(struct otlpspan *s)
{
	free(s->pairs);
	free(s->notes);
	buf_release(&s->trace_id);
	buf_release(&s->metadata);
	buf_release(&s->talk);
	buf_release(&s->made[0]);
	buf_release(&s->made[1]);
	buf_release(&s->text[0]);
	buf_release(&s->text[1]);
}

static int
has_text(struct json_span any, const char *text)
{
	struct json_span v = spanpart_string(any);

	return json_is_str(v, text);
}

/* Appends an attribute of that row, or its member; nothing if it has none. */
static void
put_attribute(struct buf *b, const struct conventions_name *name,
    struct json_span any)
{
	struct buf whole = { 0 };
	struct json_span v;

	if (!name->member) {
		spanpart_put(b, any, name->how);
		return;
	}
	spanpart_put(&whole, any, name->how);
	v.p = buf_str(&whole);
	v.n = whole.len;
	if (json_is(v, JSON_OBJECT))
		v = json_get(v, name->member);
	else
		v.p = NULL;
	if (v.p)
		buf_add(b, v.p, v.n);
	buf_release(&whole);
}

void
otlpspan_put(const struct otlpspan *s, struct buf *b, int attribute)
{
	put_attribute(b, &conventions_names[s->row[attribute]],
	    s->a[attribute]);
}

void
otlpspan_text(const struct otlpspan *s, struct buf *b, int attribute)
{
	struct buf json = { 0 };
	struct json_span v;

	if (s->a[attribute].p) {
		otlpspan_put(s, &json, attribute);
		v = json_buf(&json);
		if (json_is(v, JSON_STRING))
			json_text(b, v);
	}
	buf_release(&json);
}

/* The row of the word that an attribute with a kind has, or NULL. */
static const struct conventions_kind *
read_kind(const struct conventions_name *name, struct json_span any)
{
	const struct conventions_kind *kind = NULL;
	struct buf json = { 0 }, word = { 0 };
	struct json_span v = spanpart_string(any);

	if (!v.p)
		return NULL;
	if (name->how == HOW_NESTED && !name->member)
		return conventions_find_kind(v.p + 1, v.n - 2);
	put_attribute(&json, name, any);
	v = json_buf(&json);
	if (json_is(v, JSON_STRING)) {
		json_text(&word, v);
		kind = conventions_find_kind(buf_str(&word), word.len);
	}
	buf_release(&json);
	buf_release(&word);
	return kind;
}

/* Whether the attribute of that row has the row's member. */
static int
has_member(const struct conventions_name *name, struct json_span any)
{
	struct buf b = { 0 };
	int has;

	put_attribute(&b, name, any);
	has = b.len > 0;
	buf_release(&b);
	return has;
}

/* Takes an attribute that may be a known one. */
static void
take_attribute(struct otlpspan *s, struct otlpspan_note *note,
    struct json_span any)
{
	const struct conventions_name *name;
	int a, better, empty;

	note->kind = NULL;
	if (note->row == conventions_nnames)
		return;
	name = &conventions_names[note->row];
	a = name->attribute;
	if (a == ATTR_KIND) {
		note->kind = read_kind(name, any);
		if (!note->kind || note->row >= s->kind_row)
			return;
		s->kind_row = note->row;
		s->type = note->kind->type;
	}
	if (name->member && !has_member(name, any))
		return;
	empty = (s->a[a].p || name->type) && spanpart_is_empty(any);
	if (name->type && (!empty || a == ATTR_HINT) &&
	    note->row < s->implied_row) {
		s->implied_row = note->row;
		s->implied = name->type;
	}
	better = !s->a[a].p;
	if (!better && empty == spanpart_is_empty(s->a[a]))
		better = note->row < s->row[a];
	else if (!better)
		better = !empty;
	if (!better)
		return;
	s->a[a] = any;
	s->row[a] = note->row;
}

/* Sets the type of a span without a kind by its other attributes. */
static void
find_type(struct otlpspan *s)
{
	if (s->kind != OTLPSPAN_FOREIGN)
		s->type = "span";
	else if (!s->type)
		s->type = s->implied ? s->implied : "span";
}

int
otlpspan_is_used(const struct otlpspan *s, size_t i)
{
	const struct otlpspan_note *note = &s->notes[i];
	const struct json_span *v = &s->pairs[i].value;
	const struct conventions_name *name;
	int a;

	if (note->row == conventions_nnames)
		return 0;
	name = &conventions_names[note->row];
	a = name->attribute;
	if (a == ATTR_KIND && s->kind != OTLPSPAN_FOREIGN)
		return 1;
	if (a == ATTR_KIND)
		return note->kind && note->kind->exact && !name->member &&
		    !strcmp(note->kind->type, s->type);
	/* another name with the same value adds nothing */
	return s->used[a] && !name->member && (note->row == s->row[a] ||
	    (v->n == s->a[a].n && s->a[a].p &&
	    !memcmp(v->p, s->a[a].p, v->n)));
}

/* 1 if a member of an event is the input or output. */
static int
is_event_side(const struct otlpspan *s, const struct otlpval_pair *pair,
    int side)
{
	size_t row = conventions_find(&s->index, pair->key);

	/* a word such as "input" may mean anything, unless it has an object */
	return row < conventions_nnames && conventions_names[row].attribute ==
	    conventions_sides[side].attribute &&
	    (strchr(conventions_names[row].name, '.') ||
	    !spanpart_string(pair->value).p);
}

/* Reads an input or output from the members of an event, or of its body. */
static int
read_event_list(struct otlpspan *s, int side, struct json_span list)
{
	struct otlpval_pair pair;
	struct json_iter it;

	if (!json_is(list, JSON_ARRAY))
		return 0;
	for (it = json_each(list); otlpval_next(&it, &pair); )
		if (is_event_side(s, &pair, side)) {
			spanpart_put(&s->made[side], pair.value, HOW_NESTED);
			return 1;
		}
	return 0;
}

/* The members of the structured body of an event; absent if it has none. */
static struct json_span
event_members(struct json_span body)
{
	static const char *const kvlist[] = { "kvlistValue" };
	static const char *const values[] = { "values" };
	struct json_span v;

	otlpval_fields(body.p, kvlist, &v, 1);
	otlpval_fields(v.p, values, &v, 1);
	return v;
}

/* Reads an input or output that is in an event. */
static int
read_event(struct otlpspan *s, int side)
{
	struct json_span v[EVENT_FIELDS];
	struct json_iter events;

	for (events = json_each(s->v[SPAN_EVENTS]);
	    spanpart_next_event(&events, v); )
		if (read_event_list(s, side, v[EVENT_ATTRIBUTES]) ||
		    read_event_list(s, side, event_members(v[EVENT_BODY])))
			return 1;
	return 0;
}

/*
 * Adds an event's attribute or body to its message: the members of an object
 * that is the content of the event, or else a member under that key.
 */
static void
put_event_member(struct buf *b, struct json_span key, struct json_span any,
    int content)
{
	static const char *const skipped[] = {
		"role", "gen_ai.system", "gen_ai.provider.name", "event.name"
	};
	struct json_span v;
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < LEN(skipped); i++)
		if (json_is_str(key, skipped[i]))
			return;
	spanpart_put(&text, any, HOW_NESTED);
	v.p = buf_str(&text);
	v.n = text.len;
	if (*v.p == '{' && content) {
		json_add_others(b, v, skipped, 1);
	} else {
		json_add(b, NULL, key);
		buf_byte(b, ':');
		buf_add(b, v.p, v.n);
	}
	buf_release(&text);
}

/* Adds a message that is an event. */
static void
put_event_message(struct buf *b, const char *role,
    const struct json_span v[EVENT_FIELDS])
{
	static const char text[] = "\"content\"";
	const struct json_span key = { text, sizeof(text) - 1 };
	struct otlpval_pair pair;
	struct json_iter it;

	json_open(b, NULL, '{');
	json_add_str(b, "role", role);
	if (json_is(v[EVENT_ATTRIBUTES], JSON_ARRAY))
		for (it = json_each(v[EVENT_ATTRIBUTES]);
		    otlpval_next(&it, &pair); )
			put_event_member(b, pair.key, pair.value,
			    json_is_str(pair.key, "gen_ai.event.content"));
	if (v[EVENT_BODY].p)
		put_event_member(b, key, v[EVENT_BODY], 1);
	json_close(b, '}');
}

/* 1 if an attribute has that string, too. */
static int
is_attribute_value(const struct otlpspan *s, struct json_span string)
{
	struct json_span v;
	size_t i;

	for (i = 0; i < s->npairs; i++) {
		v = spanpart_string(s->pairs[i].value);
		if (v.p && v.n == string.n && !memcmp(v.p, string.p, v.n))
			return 1;
	}
	return 0;
}

/*
 * Reduces the only message of a tool to the tool's arguments or result, if the
 * attributes have the rest of it.
 */
static void
reduce_tool_message(const struct otlpspan *s, struct buf *b)
{
	struct json_span v = json_buf(b), key = { 0 }, member, found = { 0 };
	struct json_iter it = json_each(v);
	struct buf text = { 0 };

	if (!json_next(&it, &key, &v))
		return;
	for (it = json_each(v); json_next(&it, &key, &member); ) {
		if (json_is_str(key, "role"))
			continue;
		if (json_is_str(key, "content") || json_is_str(key, "message")) {
			if (found.p)
				return;
			found = member;
		} else if (!json_is(member, JSON_STRING) ||
		    !is_attribute_value(s, member)) {
			return;
		}
	}
	if (!found.p)
		return;
	buf_add(&text, found.p, found.n);
	b->len = 0;
	buf_add(b, text.p, text.len);
	buf_release(&text);
}

/* Reads an input or output whose messages are events. */
static int
read_event_messages(struct otlpspan *s, int side)
{
	struct buf *b = &s->made[side];
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
		put_event_message(b, conventions_events[i].role, v);
	}
	if (n)
		buf_byte(b, ']');
	if (n == 1 && !strcmp(s->type, "tool"))
		reduce_tool_message(s, b);
	return n > 0;
}

/* 1 if the MIME type is that of JSON. */
static int
is_json_type(struct json_span mime_type)
{
	return has_text(mime_type, "application/json") ||
	    has_text(mime_type, "json");
}

/*
 * Whether a string has characters by their numbers; one may be half of a pair
 * without the other half, which is replaced when it is copied.
 */
static int
has_codes(struct json_span string)
{
	const char *p = string.p, *end = string.p + string.n;

	for (; (p = memchr(p, '\\', (size_t)(end - p))); p += 2)
		if (p[1] == 'u')
			return 1;
	return 0;
}

/* Takes the input or output from its attribute. */
static void
take_payload(struct otlpspan *s, int side)
{
	const struct conventions_side *d = &conventions_sides[side];
	const struct conventions_name *name =
	    &conventions_names[s->row[d->attribute]];
	enum conventions_how how = name->how;
	struct json_span text;

	if (how == HOW_MIME) {
		if (is_json_type(s->a[d->mime_type]))
			how = HOW_ANY;
		s->used[d->mime_type] = 1;
	}
	s->plain[side] = how == HOW_TEXT || how == HOW_VALUE;
	s->used[d->attribute] = 1;
	text = spanpart_string(s->a[d->attribute]);
	if (text.p && text.n >= LONG && !spanpart_may_be_json(text, how) &&
	    !has_codes(text))
		s->payload[side] = text;
	else
		spanpart_put(&s->made[side], s->a[d->attribute], how);
}

/* Takes the answer at the end of a conversation, or the messages before. */
static int
take_talk(struct otlpspan *s, int side)
{
	struct buf *b = &s->made[side];
	struct json_span v, answer, unused, message;
	struct json_iter it;
	size_t before = b->len;

	if (!s->a[ATTR_TALK].p)
		return 0;
	s->talk.len = 0;
	otlpspan_put(s, &s->talk, ATTR_TALK);
	v.p = buf_str(&s->talk);
	v.n = s->talk.len;
	if (!messages_answer(v, &answer) || (side == 1 && !answer.p))
		return 0;
	buf_byte(b, '[');
	for (it = json_each(v); json_next(&it, &unused, &message); )
		if ((answer.p && message.p >= answer.p) == side) {
			json_comma(b);
			buf_add(b, message.p, message.n);
		}
	buf_byte(b, ']');
	if (b->len == before + 2)
		b->len = before;
	s->used[ATTR_TALK] = 1;
	return b->len > before;
}

/*
 * 1 if a list of messages begins with the system's. *same is set to 1 if it
 * has these instructions.
 */
static int
has_instructions(struct json_span list, struct json_span parts, int *same)
{
	static const char *const contents[] = { "parts", "content" };
	struct json_span unused, first;
	struct json_iter it = json_each(list);
	struct json_span role, v;
	size_t i;

	*same = 0;
	if (!json_next(&it, &unused, &first) || !json_is(first, JSON_OBJECT))
		return 0;
	role = json_get(first, "role");
	if (!json_is(role, JSON_STRING) || (!json_is_str(role, "system") &&
	    !json_is_str(role, "developer")))
		return 0;
	for (i = 0; i < LEN(contents); i++) {
		v = json_get(first, contents[i]);
		*same |= v.p && parts.p && v.n == parts.n &&
		    !memcmp(v.p, parts.p, v.n);
	}
	return 1;
}

/*
 * Puts separate instructions before the messages, unless those begin with
 * instructions.
 */
static void
add_instructions(struct otlpspan *s)
{
	struct buf *b = &s->made[0], old = *b;
	struct json_span v = s->payload[0], parts;
	struct buf text = { 0 };
	int same;

	if (!s->a[ATTR_SYSTEM].p || !json_is(v, JSON_ARRAY) || v.n < 4 ||
	    v.p[1] != '{')
		return;
	spanpart_put(&text, s->a[ATTR_SYSTEM], HOW_NESTED);
	parts = json_buf(&text);
	if (has_instructions(v, parts, &same)) {
		s->used[ATTR_SYSTEM] = same != 0;
		buf_release(&text);
		return;
	}
	memset(b, 0, sizeof(*b));
	buf_byte(b, '[');
	json_open(b, NULL, '{');
	json_add_str(b, "role", "system");
	json_add(b, json_is(parts, JSON_ARRAY) ? "parts" : "content", parts);
	json_close(b, '}');
	buf_byte(b, ',');
	buf_add(b, v.p + 1, v.n - 1);
	s->used[ATTR_SYSTEM] = 1;
	s->payload[0] = json_buf(b);
	buf_release(&text);
	buf_release(&old);
}

/* Finds the input (side 0) or the output (side 1). */
static void
read_payload(struct otlpspan *s, int side)
{
	const struct conventions_side *d = &conventions_sides[side];
	size_t i;

	if (!spanpart_is_empty(s->a[d->attribute])) {
		take_payload(s, side);
		return;
	}
	for (i = 0; i < LEN(d->nested) && d->nested[i]; i++)
		if (otlpval_nest(&s->made[side], s->pairs, s->npairs,
		    d->nested[i])) {
			s->nested[side] = d->nested[i];
			return;
		}
	if (take_talk(s, side))
		return;
	if (json_is(s->v[SPAN_EVENTS], JSON_ARRAY))
		s->in_events[side] = read_event(s, side) ||
		    read_event_messages(s, side);
	/* an empty one is better than none */
	if (!s->in_events[side] && s->a[d->attribute].p)
		take_payload(s, side);
}

/* Sets a count, unless it is known already. */
static void
set_count(struct otlpspan *s, int count, double d)
{
	if (s->have & 1u << count)
		return;
	s->have |= 1u << count;
	s->tokens[count] = d;
}

/* Reads the counts in an object, and in the objects with their details. */
static void
read_usage(struct otlpspan *s, struct json_span object, int depth)
{
	struct json_span key = { 0 }, v;
	struct json_iter it;
	double d;
	int count;

	if (!json_is(object, JSON_OBJECT))
		return;
	for (it = json_each(object); json_next(&it, &key, &v); ) {
		count = conventions_find_count(key);
		if (count < COUNTS && json_double(v, &d) && d >= 0)
			set_count(s, count, d);
		else if (!depth)
			read_usage(s, v, 1);
	}
}

/* Reads the counts in attributes that are objects, that of the best row first. */
static void
read_usages(struct otlpspan *s)
{
	const struct json_span best = s->a[ATTR_USAGE];
	const struct conventions_name *name;
	struct buf usage = { 0 };
	size_t i;

	if (!best.p)
		return;
	otlpspan_put(s, &usage, ATTR_USAGE);
	read_usage(s, json_buf(&usage), 0);
	for (i = 0; i < s->npairs; i++) {
		name = &conventions_names[s->notes[i].row];
		if (s->notes[i].row == conventions_nnames ||
		    name->attribute != ATTR_USAGE || s->pairs[i].value.p == best.p)
			continue;
		usage.len = 0;
		put_attribute(&usage, name, s->pairs[i].value);
		read_usage(s, json_buf(&usage), 0);
	}
	/* otherwise the metadata have it, too */
	s->used[ATTR_USAGE] = conventions_names[s->row[ATTR_USAGE]].how ==
	    HOW_VALUE;
	buf_release(&usage);
}

/*
 * Takes counts and the model, if no attribute has them, from the answer of a
 * provider, or from a library's additions to it.
 */
static void
read_answer(struct otlpspan *s, struct json_span answer, int depth)
{
	static const char *const usages[] = {
		"usage", "usageMetadata", "usage_metadata"
	};
	static const char model_key[] = "\"gen_ai.response.model\"";
	const struct json_span key = { model_key, sizeof(model_key) - 1 };
	struct json_span model;
	size_t i;

	if (!json_is(answer, JSON_OBJECT))
		return;
	for (i = 0; i < LEN(usages); i++)
		read_usage(s, json_get(answer, usages[i]), 0);
	model = json_get(answer, "model");
	if (!s->a[ATTR_MODEL].p && json_is(model, JSON_STRING) && model.n > 2) {
		s->a[ATTR_MODEL] = model;
		s->row[ATTR_MODEL] = conventions_find(&s->index, key);
	}
	if (!depth)
		read_answer(s, json_get(answer, "raw"), 1);
}

/*
 * Adds the counts of parts to those of the input and output if these lack them,
 * as in Langfuse: the total shows it.
 */
static void
add_parts(struct otlpspan *s)
{
	static const unsigned all = 1u << COUNT_IN | 1u << COUNT_OUT |
	    1u << COUNT_TOTAL;
	double *n = s->tokens;
	const double missing = n[COUNT_TOTAL] - n[COUNT_IN] - n[COUNT_OUT];
	const double cached = n[COUNT_CACHED], reasoning = n[COUNT_REASONING];

	if (s->kind != OTLPSPAN_FOREIGN || (s->have & all) != all ||
	    !(missing > 0))
		return;
	if (missing == cached + reasoning) {
		n[COUNT_IN] += cached;
		n[COUNT_OUT] += reasoning;
	} else if (missing == cached && missing != reasoning) {
		n[COUNT_IN] += cached;
	} else if (missing == reasoning && missing != cached) {
		n[COUNT_OUT] += reasoning;
	}
}

/* Finds the counts of tokens as numbers. */
static void
read_counts(struct otlpspan *s)
{
	static const unsigned own = 1u << COUNT_IN | 1u << COUNT_OUT |
	    1u << COUNT_TOTAL;
	double d;
	int i;

	s->have = 0;
	memset(s->tokens, 0, sizeof(s->tokens));
	for (i = 0; i < COUNTS; i++)
		if (s->a[ATTR_TOKENS_IN + i].p &&
		    spanpart_number(s->a[ATTR_TOKENS_IN + i], &d)) {
			set_count(s, i, d);
			/*
			 * the count of a part keeps its attribute, whose name
			 * says more
			 */
			s->used[ATTR_TOKENS_IN + i] = i <= COUNT_TOTAL;
		}
	read_usages(s);
	if (s->kind == OTLPSPAN_FOREIGN && !strcmp(s->type, "generation"))
		read_answer(s, s->payload[1], 0);
	add_parts(s);
	/* the row of a run from otlp.h has its sums */
	s->counted = s->kind == OTLPSPAN_FOREIGN && (s->have & own) != 0;
	if (!(s->have & 1u << COUNT_TOTAL))
		s->tokens[COUNT_TOTAL] = s->tokens[COUNT_IN] +
		    s->tokens[COUNT_OUT];
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
	spanpart_put(b, s->a[ATTR_METADATA], HOW_ANY);
	if (s->kind == OTLPSPAN_FOREIGN && *b->p != '{')
		b->len = 0;
	else
		s->used[ATTR_METADATA] = 1;
}

int
otlpspan_named(const struct otlpspan *s)
{
	const struct json_span name = s->v[SPAN_NAME];
	int i;

	if (s->kind != OTLPSPAN_FOREIGN)
		return ATTRIBUTES;
	for (i = ATTR_TOOL; i <= ATTR_STEP && !strcmp(s->type, "tool"); i++)
		if (!spanpart_is_empty(s->a[i]) && spanpart_string(s->a[i]).p)
			return i;
	if (name.p && s->a[ATTR_FILLED].p && memchr(name.p, '{', name.n) &&
	    spanpart_string(s->a[ATTR_FILLED]).p)
		return ATTR_FILLED;
	return ATTRIBUTES;
}

/* 1 if an attribute is the name of the span, or of the tool that it is. */
static int
is_name(const struct otlpspan *s, int attribute)
{
	struct json_span name = spanpart_string(s->a[attribute]);

	if (s->kind != OTLPSPAN_FOREIGN || attribute == otlpspan_named(s))
		return 1;
	return name.p && name.n == s->v[SPAN_NAME].n &&
	    !memcmp(name.p, s->v[SPAN_NAME].p, name.n);
}

/*
 * Marks the attributes as used that repeat the span's name or are restored.
 */
static void
mark_used(struct otlpspan *s)
{
	int i;

	for (i = ATTR_TOOL; i <= ATTR_FILLED; i++)
		s->used[i] = i != ATTR_HINT && is_name(s, i);
	/* attributes of a run have a meaning on its root only */
	for (i = ATTR_RECORD; i < ATTRIBUTES; i++)
		s->used[i] = s->kind != OTLPSPAN_FOREIGN || s->root ||
		    i < ATTR_RUN_ID;
	s->used[ATTR_MODEL] = 1;
	s->used[ATTR_PARAMETERS] = 1;
	s->used[ATTR_GRADE] = 1;
	s->used[ATTR_REMARK] = 1;
	s->used[ATTR_ASKED] = 1;
	s->used[ATTR_ANSWERED] = 1;
	s->used[ATTR_TRACE_NAME] = s->root != 0;
	s->used[ATTR_ERROR_TYPE] |= s->status == SPAN_STATUS_ERROR &&
	    spanpart_string(s->a[ATTR_ERROR_TYPE]).p != NULL;
	if (s->kind == OTLPSPAN_FOREIGN)
		return;
	s->used[ATTR_ERROR_TYPE] = 1;
	s->used[ATTR_CONVERSATION_ID] = 1;
	for (i = ATTR_TOKENS_IN; i <= ATTR_TOKENS; i++)
		s->used[i] = 1;
}

/* Finds the trace's id: an attribute, or else that of the span. */
static int
otlpspan_find_trace_id(struct otlpspan *s)
{
	struct json_span given = otlpval_string(s->a[ATTR_TRACE_ID]);

	s->trace_id.len = 0;
	if (!given.p)
		return otlpval_trace_id(&s->trace_id, s->v[SPAN_TRACE_ID]);
	json_compact(&s->trace_id, given);
	return 0;
}

static void
find_kind(struct otlpspan *s)
{
	struct json_span record = s->a[ATTR_RECORD];

	s->kind = has_text(record, "observation") ? OTLPSPAN_STEP :
	    has_text(record, "trace") ? OTLPSPAN_RUN :
	    has_text(record, "none") ? OTLPSPAN_NO_RUN : OTLPSPAN_FOREIGN;
	s->row_only = has_text(record, "row");
}

static void
read_status(struct otlpspan *s)
{
	static const char *const names[] = { "code" };
	static const char *const codes[] = { "UNSET", "OK", "ERROR" };
	struct json_span code;
	struct buf word = { 0 };
	const char *level;

	otlpval_fields(s->v[SPAN_STATUS].p, names, &code, 1);
	s->status = otlpval_enum(code, codes, LEN(codes));
	if (s->kind == OTLPSPAN_FOREIGN && s->a[ATTR_GRADE].p) {
		otlpspan_text(s, &word, ATTR_GRADE);
		level = conventions_find_level(buf_str(&word), word.len);
		if (level && !strcmp(level, "error"))
			s->status = SPAN_STATUS_ERROR;
		buf_release(&word);
	}
}

static void
otlpspan_read_attributes(struct otlpspan *s)
{
	struct otlpspan_note *note;
	struct json_iter it;

	memset(s->a, 0, sizeof(s->a));
	memset(s->used, 0, sizeof(s->used));
	s->npairs = 0;
	s->type = s->implied = NULL;
	s->kind_row = s->implied_row = conventions_nnames;
	if (!json_is(s->v[SPAN_ATTRIBUTES], JSON_ARRAY))
		return;
	for (it = json_each(s->v[SPAN_ATTRIBUTES]); ; s->npairs++) {
		ALLOC_GROW(s->pairs, s->npairs + 1, s->cap);
		ALLOC_GROW(s->notes, s->npairs + 1, s->notes_cap);
		if (!otlpval_next(&it, &s->pairs[s->npairs]))
			break;
		note = &s->notes[s->npairs];
		note->row = conventions_find(&s->index,
		    s->pairs[s->npairs].key);
		take_attribute(s, note, s->pairs[s->npairs].value);
	}
}

/* 1 if a span has no parent: an id that is missing, empty or all zeros. */
static int
is_root(const struct otlpspan *s)
{
	struct json_span id = s->v[SPAN_PARENT];
	struct buf text = { 0 };
	int has;

	/*
	 * quick check: most ids do not begin like zeros in hexadecimal or
	 * base64
	 */
	if (json_is(id, JSON_STRING) && !strchr("0=A\"", id.p[1]))
		return 0;
	has = spanpart_put_id(&text, id);
	buf_release(&text);
	return !has;
}

/*
 * The hash of a span's id, which the spans of a trace write in one form; 0 if
 * there is none.
 */
static uint64_t
hash_id(struct json_span id)
{
	uint64_t hash;

	if (!json_is(id, JSON_STRING))
		return 0;
	hash = hash_bytes(0, 0, id.p, id.n);
	return hash ? hash : 1;
}

int
otlpspan_read(struct otlpspan *s, const char *p)
{
	int i;

	s->after = otlpval_fields(p, conventions_fields, s->v, SPAN_FIELDS);
	if (!json_is(s->v[SPAN_NAME], JSON_STRING) || s->v[SPAN_NAME].n == 2)
		memset(&s->v[SPAN_NAME], 0, sizeof(s->v[SPAN_NAME]));
	otlpspan_read_attributes(s);
	if (otlpspan_find_trace_id(s))
		return -1;
	find_kind(s);
	read_status(s);
	s->start = otlpval_time(s->v[SPAN_START]);
	s->end = otlpval_time(s->v[SPAN_END]);
	s->id = hash_id(s->v[SPAN_SPAN_ID]);
	s->root = is_root(s);
	s->parent = s->root ? 0 : hash_id(s->v[SPAN_PARENT]);
	memset(s->nested, 0, sizeof(s->nested));
	memset(s->in_events, 0, sizeof(s->in_events));
	memset(s->plain, 0, sizeof(s->plain));
	memset(s->searched, 0, sizeof(s->searched));
	memset(s->payload, 0, sizeof(s->payload));
	s->made[0].len = s->made[1].len = 0;
	find_type(s);
	for (i = 0; i < 2; i++) {
		read_payload(s, i);
		if (s->made[i].len)
			s->payload[i] = json_buf(&s->made[i]);
	}
	add_instructions(s);
	read_counts(s);
	read_user_metadata(s);
	mark_used(s);
	return 0;
}
