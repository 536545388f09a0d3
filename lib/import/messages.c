#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "messages.h"

/* The levels of objects and lists around a text. */
#define MESSAGES_DEPTH 16

/* The members that name the author of a message, and the kind of a part. */
enum {
	MEMBER_ROLE, MEMBER_SOURCE, MEMBER_EVENT, MEMBER_TYPE, MEMBER_KIND,
	MEMBER_PART_KIND, MEMBER_ID, MEMBER_THOUGHT
};

/* Where a member may have the text. */
enum {
	PLACE_IN = 1,		/* in an input */
	PLACE_OUT = 2,		/* in an output */
	PLACE_BOTH = PLACE_IN | PLACE_OUT,
	/*
	 * Of a list only the first element counts: the others are alternatives,
	 * or further arguments.
	 */
	PLACE_CHOICES = 4
};

#define MEMBER_NAME(s) s, sizeof(s) - 1

/* The members of interest; of the places, the first one with text has it. */
static const struct {
	const char *name;
	size_t n;
	int place;
} members[] = {
	[MEMBER_ROLE] = { MEMBER_NAME("role"), 0 },
	[MEMBER_SOURCE] = { MEMBER_NAME("source"), 0 },
	[MEMBER_EVENT] = { MEMBER_NAME("event.name"), 0 },
	[MEMBER_TYPE] = { MEMBER_NAME("type"), 0 },
	[MEMBER_KIND] = { MEMBER_NAME("kind"), 0 },
	[MEMBER_PART_KIND] = { MEMBER_NAME("part_kind"), 0 },
	[MEMBER_ID] = { MEMBER_NAME("id"), 0 },
	[MEMBER_THOUGHT] = { MEMBER_NAME("thought"), 0 },
	{ MEMBER_NAME("choices"), PLACE_OUT | PLACE_CHOICES },
	{ MEMBER_NAME("candidates"), PLACE_OUT | PLACE_CHOICES },
	{ MEMBER_NAME("generations"), PLACE_OUT | PLACE_CHOICES },
	{ MEMBER_NAME("completions"), PLACE_OUT | PLACE_CHOICES },
	{ MEMBER_NAME("results"), PLACE_OUT | PLACE_CHOICES },
	{ MEMBER_NAME("messages"), PLACE_BOTH },
	{ MEMBER_NAME("contents"), PLACE_BOTH },
	{ MEMBER_NAME("inputs"), PLACE_IN },
	{ MEMBER_NAME("new_message"), PLACE_IN },
	{ MEMBER_NAME("task"), PLACE_IN },
	{ MEMBER_NAME("user_prompt"), PLACE_IN },
	{ MEMBER_NAME("user_message"), PLACE_IN },
	{ MEMBER_NAME("user_input"), PLACE_IN },
	{ MEMBER_NAME("user_msg"), PLACE_IN },
	{ MEMBER_NAME("input_text"), PLACE_IN },
	{ MEMBER_NAME("input"), PLACE_IN },
	{ MEMBER_NAME("question"), PLACE_IN },
	{ MEMBER_NAME("query"), PLACE_IN },
	{ MEMBER_NAME("prompt"), PLACE_IN },
	{ MEMBER_NAME("prompts"), PLACE_IN | PLACE_CHOICES },
	{ MEMBER_NAME("str_or_query_bundle"), PLACE_IN },
	{ MEMBER_NAME("query_str"), PLACE_IN },
	{ MEMBER_NAME("message"), PLACE_BOTH },
	{ MEMBER_NAME("outputs"), PLACE_OUT },
	{ MEMBER_NAME("output"), PLACE_OUT },
	{ MEMBER_NAME("content"), PLACE_BOTH },
	{ MEMBER_NAME("parts"), PLACE_BOTH },
	{ MEMBER_NAME("blocks"), PLACE_BOTH },
	{ MEMBER_NAME("text"), PLACE_BOTH },
	{ MEMBER_NAME("inputText"), PLACE_IN },
	{ MEMBER_NAME("output_text"), PLACE_OUT },
	{ MEMBER_NAME("outputText"), PLACE_OUT },
	{ MEMBER_NAME("answer"), PLACE_OUT },
	{ MEMBER_NAME("final_output"), PLACE_OUT },
	{ MEMBER_NAME("final_answer"), PLACE_OUT },
	{ MEMBER_NAME("final_result"), PLACE_OUT },
	{ MEMBER_NAME("response"), PLACE_OUT },
	{ MEMBER_NAME("result"), PLACE_OUT },
	{ MEMBER_NAME("generation"), PLACE_OUT },
	{ MEMBER_NAME("generated_text"), PLACE_OUT },
	{ MEMBER_NAME("completion"), PLACE_OUT },
	{ MEMBER_NAME("replies"), PLACE_OUT },
	{ MEMBER_NAME("return_values"), PLACE_OUT },
	{ MEMBER_NAME("raw"), PLACE_OUT },
	{ MEMBER_NAME("delta"), PLACE_OUT },
	{ MEMBER_NAME("data"), PLACE_BOTH },
	{ MEMBER_NAME("state"), PLACE_IN },
	{ MEMBER_NAME("request"), PLACE_IN },
	{ MEMBER_NAME("args"), PLACE_IN | PLACE_CHOICES },
	{ MEMBER_NAME("kwargs"), PLACE_BOTH },
};

/* The members of an object, in the order of the table. */
struct messages_object {
	struct {
		size_t row;
		struct json_span value;
	} members[LEN(members)];
	size_t n;
};

/* The row of a member's name, or LEN(members). */
static size_t
find_member(struct json_span key)
{
	const size_t n = key.n - 2;
	size_t row;

	for (row = 0; row < LEN(members); row++)
		if (members[row].n == n && *members[row].name == key.p[1] &&
		    !memcmp(members[row].name, key.p + 1, n))
			break;
	return row;
}

/* Finds the members of v; none if it is not an object. */
static void
messages_read_object(struct messages_object *o, struct json_span v)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	size_t row, i;

	o->n = 0;
	if (!json_is(v, JSON_OBJECT))
		return;
	for (it = json_each(v); json_next(&it, &key, &value); ) {
		row = find_member(key);
		for (i = o->n; i && o->members[i - 1].row >= row; i--)
			;
		/* the last one of that name counts */
		if (row < LEN(members) && (i == o->n ||
		    o->members[i].row != row)) {
			memmove(&o->members[i + 1], &o->members[i],
			    (o->n - i) * sizeof(o->members[0]));
			o->members[i].row = row;
			o->n++;
		}
		if (row < LEN(members))
			o->members[i].value = value;
	}
}

static struct json_span
object_get(const struct messages_object *o, size_t row)
{
	const struct json_span none = { 0 };
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->members[i].row == row)
			return o->members[i].value;
	return none;
}

/* Authors of messages. */
enum { FROM_NOBODY = 0, FROM_USER, FROM_MODEL, FROM_OTHER };

/*
 * The author that a word names, of roles, types and classes, in any case; if
 * it is none of these words, other.
 */
static int
find_author(struct json_span word, int other)
{
	static const struct {
		const char *word;
		size_t n;
		int author;
	} words[] = {
		{ MEMBER_NAME("user"), FROM_USER },
		{ MEMBER_NAME("human"), FROM_USER },
		{ MEMBER_NAME("HumanMessage"), FROM_USER },
		{ MEMBER_NAME("HumanMessageChunk"), FROM_USER },
		{ MEMBER_NAME("UserMessage"), FROM_USER },
		{ MEMBER_NAME("user-prompt"), FROM_USER },
		{ MEMBER_NAME("request"), FROM_USER },
		{ MEMBER_NAME("gen_ai.user.message"), FROM_USER },
		{ MEMBER_NAME("assistant"), FROM_MODEL },
		{ MEMBER_NAME("ai"), FROM_MODEL },
		{ MEMBER_NAME("model"), FROM_MODEL },
		{ MEMBER_NAME("AIMessage"), FROM_MODEL },
		{ MEMBER_NAME("AIMessageChunk"), FROM_MODEL },
		{ MEMBER_NAME("response"), FROM_MODEL },
		{ MEMBER_NAME("gen_ai.assistant.message"), FROM_MODEL },
		{ MEMBER_NAME("gen_ai.choice"), FROM_MODEL },
		{ MEMBER_NAME("system"), FROM_OTHER },
		{ MEMBER_NAME("SystemMessage"), FROM_OTHER },
		{ MEMBER_NAME("system-prompt"), FROM_OTHER },
		{ MEMBER_NAME("developer"), FROM_OTHER },
		{ MEMBER_NAME("tool"), FROM_OTHER },
		{ MEMBER_NAME("ToolMessage"), FROM_OTHER },
		{ MEMBER_NAME("tool-call"), FROM_OTHER },
		{ MEMBER_NAME("tool-return"), FROM_OTHER },
		{ MEMBER_NAME("tool-response"), FROM_OTHER },
		{ MEMBER_NAME("function"), FROM_OTHER },
		{ MEMBER_NAME("FunctionMessage"), FROM_OTHER },
		{ MEMBER_NAME("gen_ai.system.message"), FROM_OTHER },
		{ MEMBER_NAME("gen_ai.tool.message"), FROM_OTHER },
	};
	size_t i;

	if (!json_is(word, JSON_STRING))
		return FROM_NOBODY;
	for (i = 0; i < LEN(words); i++)
		if (words[i].n == word.n - 2 &&
		    !strncasecmp(word.p + 1, words[i].word, word.n - 2))
			return words[i].author;
	return other;
}

/* The last string of a list, such as a class of LangChain by its modules. */
static struct json_span
find_class(struct json_span id)
{
	struct json_span unused, v, last = { 0 };
	struct json_iter it;

	if (!json_is(id, JSON_ARRAY))
		return last;
	for (it = json_each(id); json_next(&it, &unused, &v); )
		last = v;
	return last;
}

/* 1 for the types of AutoGen's messages, such as TextMessage. */
static int
is_message_type(struct json_span type)
{
	static const char end[] = "Message\"";

	return json_is(type, JSON_STRING) && type.n > sizeof(end) &&
	    !memcmp(type.p + type.n - sizeof(end) + 1, end, sizeof(end) - 1);
}

/* Returns the author in a wrapper of LangChain and others around a message. */
static int
inner_author(const struct messages_object *o)
{
	struct json_span inner = { 0 };
	const char *name;
	size_t i;
	int author;

	for (i = 0; i < o->n; i++) {
		name = members[o->members[i].row].name;
		if (!strcmp(name, "kwargs") || !strcmp(name, "message"))
			inner = o->members[i].value;
	}
	if (!json_is(inner, JSON_OBJECT))
		return FROM_NOBODY;
	author = find_author(json_get(inner, "role"), FROM_MODEL);
	return author ? author : find_author(json_get(inner, "type"),
	    FROM_NOBODY);
}

static int
messages_author(const struct messages_object *o)
{
	static const size_t words[] = {
		MEMBER_EVENT, MEMBER_TYPE, MEMBER_KIND, MEMBER_PART_KIND
	};
	size_t i;
	int author;

	/* roles are often the names of agents */
	author = find_author(object_get(o, MEMBER_ROLE), FROM_MODEL);
	if (!author && is_message_type(object_get(o, MEMBER_TYPE)))
		author = find_author(object_get(o, MEMBER_SOURCE), FROM_MODEL);
	for (i = 0; !author && i < LEN(words); i++)
		author = find_author(object_get(o, words[i]), FROM_NOBODY);
	if (!author)
		author = find_author(find_class(object_get(o, MEMBER_ID)),
		    FROM_NOBODY);
	return author ? author : inner_author(o);
}

/* Whether an object is a part or message that is not text for a reader. */
static int
is_not_text(const struct messages_object *o)
{
	static const struct {
		const char *name;
		size_t n;
	} types[] = {
		{ MEMBER_NAME("function_call") },
		{ MEMBER_NAME("function_call_output") },
		{ MEMBER_NAME("tool_use") },
		{ MEMBER_NAME("tool_result") },
		{ MEMBER_NAME("tool_call") },
		{ MEMBER_NAME("tool_call_response") },
		{ MEMBER_NAME("tool-call") },
		{ MEMBER_NAME("tool-result") },
		{ MEMBER_NAME("server_tool_use") },
		{ MEMBER_NAME("reasoning") },
		{ MEMBER_NAME("thinking") },
		{ MEMBER_NAME("redacted_thinking") },
		{ MEMBER_NAME("ToolCallRequestEvent") },
		{ MEMBER_NAME("ToolCallExecutionEvent") },
		{ MEMBER_NAME("ThoughtEvent") },
	};
	struct json_span type = object_get(o, MEMBER_TYPE);
	size_t i;

	if (json_is(type, JSON_STRING))
		for (i = 0; i < LEN(types); i++)
			if (types[i].n == type.n - 2 &&
			    !memcmp(types[i].name, type.p + 1, types[i].n))
				return 1;
	return json_is_true(object_get(o, MEMBER_THOUGHT));
}

static int messages_find_text(struct buf *text, struct json_span v, int side,
    int depth);

/*
 * Appends a string. JSON in a string is searched only at the outermost level:
 * inside, it is text of the model.
 */
static int
find_in_string(struct buf *text, struct json_span v, int side, int depth)
{
	struct buf inner = { 0 };
	struct json_fault f;
	size_t skip;
	int found = 0;

	if (v.n == 2)
		return 0;
	if (depth) {
		json_text(text, v);
		return 1;
	}
	json_text(&inner, v);
	skip = strspn(buf_str(&inner), " \t\r\n");
	if ((inner.p[skip] == '{' || inner.p[skip] == '[') &&
	    json_scan(inner.p, inner.len, JSON_LAX, NULL, NULL, 0, &f) >= 0)
		found = messages_find_text(text, (
		    struct json_span){ inner.p + skip,
		    inner.len - skip }, side, 1);
	if (!found)
		buf_add(text, inner.p, inner.len);
	buf_release(&inner);
	return 1;
}

static int
find_in_object(struct buf *text, const struct messages_object *o, int side,
    int depth)
{
	const int here = side == MESSAGES_INPUT ? PLACE_IN : PLACE_OUT;
	struct json_span v, unused;
	struct json_iter it;
	size_t i;
	int place;

	if (depth > MESSAGES_DEPTH || is_not_text(o))
		return 0;
	for (i = 0; i < o->n; i++) {
		place = members[o->members[i].row].place;
		if (!(place & here))
			continue;
		v = o->members[i].value;
		if ((place & PLACE_CHOICES) && json_is(v, JSON_ARRAY)) {
			it = json_each(v);
			if (!json_next(&it, &unused, &v))
				continue;
		}
		if (messages_find_text(text, v, side, depth + 1))
			return 1;
	}
	return 0;
}

/* The author of a pair such as ["user", "hello"], LangChain's short form. */
static int
pair_author(struct json_span list, struct json_span *text)
{
	struct json_span unused, word, rest;
	struct json_iter it;

	if (!json_is(list, JSON_ARRAY))
		return FROM_NOBODY;
	it = json_each(list);
	if (!json_next(&it, &unused, &word) ||
	    !json_next(&it, &unused, text) || json_next(&it, &unused, &rest) ||
	    !json_is(*text, JSON_STRING))
		return FROM_NOBODY;
	return find_author(word, FROM_NOBODY);
}

/* An element of a list. */
struct messages_element {
	struct messages_object object;
	struct json_span text;	/* the text of a pair, or else all of it */
	int author;
};

static int
next_element(struct json_iter *it, struct messages_element *e)
{
	struct json_span unused, v;

	if (!json_next(it, &unused, &v))
		return 0;
	e->text = v;
	messages_read_object(&e->object, v);
	e->author = e->object.n ? messages_author(&e->object) :
	    pair_author(v, &e->text);
	if (!e->author)
		e->text = v;
	return 1;
}

static int
find_in_element(struct buf *text, const struct messages_element *e, int side,
    int depth)
{
	return e->object.n ? find_in_object(text, &e->object, side, depth) :
	    messages_find_text(text, e->text, side, depth);
}

/* Drops the text from one offset to another. */
static void
cut_text(struct buf *text, size_t from, size_t to)
{
	memmove(text->p + from, text->p + to, text->len - to);
	text->len -= to - from;
}

/* The text of the last message by the author that has some. */
static int
find_in_messages(struct buf *text, struct json_span list, int side, int depth,
    int author)
{
	const size_t before = text->len;
	struct messages_element e;
	struct json_iter it;
	size_t end = before;

	for (it = json_each(list); next_element(&it, &e); )
		if (e.author == author &&
		    find_in_element(text, &e, side, depth + 1)) {
			cut_text(text, before, end);
			end = text->len;
		}
	return end > before;
}

/* Appends the text of a part to those of the parts before, on a line. */
static int
messages_add_part(struct buf *text, const struct messages_element *e, int side,
    int depth, int more)
{
	size_t end = text->len;

	if (more)
		buf_byte(text, '\n');
	if (find_in_element(text, e, side, depth + 1))
		return 1;
	text->len = end;
	return 0;
}

/*
 * Appends the text of the last message from the user or the model, or else
 * those of the elements without an author.
 */
static int
find_in_list(struct buf *text, struct json_span list, int side, int depth)
{
	const int author = side == MESSAGES_INPUT ? FROM_USER : FROM_MODEL;
	const size_t before = text->len;
	struct messages_element e[2];
	struct json_iter it = json_each(list);
	int next = 0, messages = 0, parts = 0;
	size_t end;

	/* e[!next] is the last message so far */
	while (next_element(&it, &e[next])) {
		if (e[next].author == author) {
			messages = 1;
			next = !next;
		} else if (!e[next].author && !messages) {
			parts |= messages_add_part(text, &e[next], side, depth,
			    parts);
		}
	}
	end = text->len;
	/* the last message may have only a tool's call or result */
	if (!messages || (!find_in_element(text, &e[!next], side, depth + 1) &&
	    !find_in_messages(text, list, side, depth, author)))
		return parts;
	cut_text(text, before, end);
	return 1;
}

static int
messages_find_text(struct buf *text, struct json_span v, int side, int depth)
{
	struct messages_object o;

	if (!v.p || depth > MESSAGES_DEPTH)
		return 0;
	switch (json_type(v)) {
	case JSON_STRING:
		return find_in_string(text, v, side, depth);
	case JSON_OBJECT:
		messages_read_object(&o, v);
		return find_in_object(text, &o, side, depth);
	case JSON_ARRAY:
		return find_in_list(text, v, side, depth);
	default:
		return 0;
	}
}

int
messages_text(struct buf *text, struct json_span v, int side)
{
	return messages_find_text(text, v, side, 0);
}

size_t
messages_answer(struct json_span list, struct json_span *answer)
{
	struct json_span unused, v, first = { 0 };
	struct messages_object o;
	struct json_iter it;
	size_t n = 0;
	int author;

	*answer = first;
	if (!json_is(list, JSON_ARRAY))
		return 0;
	for (it = json_each(list); json_next(&it, &unused, &v); ) {
		messages_read_object(&o, v);
		author = messages_author(&o);
		n += author != FROM_NOBODY;
		if (author != FROM_MODEL)
			first.p = NULL;
		else if (!first.p)
			first = v;
	}
	*answer = first;
	return n;
}

/* 1 if a list has messages, and none of them is from the model. */
static int
list_is_asked(struct json_span list)
{
	struct messages_element e;
	struct json_iter it;
	int asked = 0;

	for (it = json_each(list); next_element(&it, &e); asked |= e.author)
		if (e.author == FROM_MODEL)
			return 0;
	return asked;
}

int
messages_are_asked(struct json_span v)
{
	struct messages_object o;
	size_t i;
	int asked = 0;

	if (json_is(v, JSON_ARRAY))
		return list_is_asked(v);
	messages_read_object(&o, v);
	for (i = 0; i < o.n && !asked; i++)
		asked = (members[o.members[i].row].place & PLACE_OUT) &&
		    json_is(o.members[i].value, JSON_ARRAY) &&
		    list_is_asked(o.members[i].value);
	return asked;
}
