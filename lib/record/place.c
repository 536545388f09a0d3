#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/path.h"
#include "record.h"
#include "place.h"

/* Greatest depth of envelopes: WhatsApp has five around its text. */
#define PLACE_DEPTH 6

/*
 * Names are compared without upper case, '_' and '-': inputText, input_text and
 * Input-Text are one.
 */
#define PLACE_NAME 32

/* The usual names of a text, the most probable first. */
static const char *const text_names[] = {
	"input", "inputtext", "message", "query", "question", "prompt",
	"userinput", "text", "content", "usermessage", "userquery",
	"userprompt", "userquestion", "usertext", "inputmessage",
	"newmessage", "latestmessage", "chatinput", "chatmessage",
	"messagetext", "messagecontent", "querytext", "inputtranscript",
	"transcript", "utterance", "msg", "task", "body", NULL
};

/* Names of lists of messages, and of the parts of one. */
static const char *const list_names[] = {
	"messages", "inputs", "conversation", "contents", "parts", "blocks",
	NULL
};

/* Envelopes of services and frameworks around a message. */
static const char *const envelopes[] = {
	"event", "events", "body", "payload", "request", "req", "data", "json",
	"params", "arguments", "args", "update", "state", "detail", "records",
	"queryresult", "entry", "changes", "value", NULL
};

/* Arguments that have texts of other kinds. */
static const char *const other_kinds[] = {
	"config", "settings", "options", "metadata", "headers", "cookies",
	"env", NULL
};

/* The role of those whose messages are the input of an agent. */
static const char *const users[] = {
	"user", "human", "humanmessage", "usermessage", "customer", "client",
	"visitor", NULL
};

/* The roles of others, where a field need not be a role. */
static const char *const others[] = {
	"assistant", "ai", "aimessage", "system", "systemmessage", "developer",
	"tool", "toolmessage", "function", "model", "bot", "agent", NULL
};

/*
 * Types whose strings are not texts, and modules of them. A class of the
 * program's own may have one.
 */
static const char *const not_texts[] = {
	"bytes", "bytearray", "memoryview", "int", "float", "complex", "type",
	"datetime.", "decimal.", "fractions.", "uuid.", "pathlib.", "ipaddress.",
	"zoneinfo.", "re.", "_io.BytesIO", "PIL.", "numpy.", "pandas.", "pytz.",
	"arrow.", "pendulum.", "yarl.", "httpx.", "bson.", "logging.", NULL
};

/* The place that is being followed; found is absent until it ends. */
struct place {
	struct buf *path;
	struct json_span found;
	struct json_span types;		/* of the recording; p may be NULL */
	const struct place *outer;	/* of the list that path begins in */
	size_t index;			/* in that list */
};

static int place_find_text(struct place *p, struct json_span v);

/* Writes the name of a key in a form to compare, "" if it is longer. */
static void
place_put_name(char name[PLACE_NAME], struct json_span key)
{
	size_t i, n = 0;
	char c;

	for (i = 1; i + 1 < key.n && n < PLACE_NAME; i++) {
		c = key.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != '_' && c != '-')
			name[n++] = c;
	}
	name[n < PLACE_NAME ? n : 0] = '\0';
}

static int
is_one_of(const char *const *names, struct json_span key)
{
	char name[PLACE_NAME];

	place_put_name(name, key);
	for (; *names; names++)
		if (!strcmp(*names, name))
			return 1;
	return 0;
}

int
place_is_text(struct json_span string)
{
	struct json_span name;

	return json_is(string, JSON_STRING) && !record_callable(string,
	    &name) &&
	    strncmp(string.p, "\"<repr:", 7) != 0 &&
	    !json_is_str(string, "***");
}

/* Whether a string is the body of a request in JSON. */
static int
is_encoded(struct json_span string)
{
	return string.n > 2 && (string.p[1] == '{' || string.p[1] == '[');
}

/* Whether a type is one of those whose strings are not texts. */
static int
is_not_text(struct json_span type)
{
	const char *const *one;
	size_t n;

	if (json_is(type, JSON_OBJECT))
		type = json_get(type, "class");
	for (one = not_texts; json_is(type, JSON_STRING) && *one; one++) {
		n = strlen(*one);
		if (type.n > n + 1 && !memcmp(type.p + 1, *one, n) &&
		    ((*one)[n - 1] == '.' || type.p[n + 1] == '"'))
			return 1;
	}
	return 0;
}

/* Appends the path of a place from the arguments on. */
static void
put_whole_path(struct buf *b, const struct place *p)
{
	if (p->outer) {
		put_whole_path(b, p->outer);
		buf_printf(b, "%s%zu", b->len ? "." : "", p->index);
	}
	if (p->path->len)
		buf_printf(b, "%s%s", b->len ? "." : "", buf_str(p->path));
}

/* Whether the string at a place stands for something that is not a text. */
static int
is_typed(const struct place *p)
{
	struct buf path = { 0 };
	int is = 0;

	if (json_is(p->types, JSON_OBJECT)) {
		put_whole_path(&path, p);
		is = is_not_text(json_get(p->types, buf_str(&path)));
	}
	buf_release(&path);
	return is;
}

/* Appends a key; returns the length of the path before. */
static size_t
enter_key(struct place *p, struct json_span key)
{
	size_t len = p->path->len;

	if (len)
		buf_byte(p->path, '.');
	json_text(p->path, key);
	return len;
}

static size_t
enter_index(struct place *p, size_t index, int last)
{
	size_t len = p->path->len;

	if (len)
		buf_byte(p->path, '.');
	if (last)
		buf_puts(p->path, "-1");
	else
		buf_uint(p->path, index);
	return len;
}

/* Looks for a text in the value of a key. */
static int
find_at_key(struct place *p, struct json_span key, struct json_span v)
{
	size_t len = enter_key(p, key);

	if (place_find_text(p, v))
		return 1;
	p->path->len = len;
	return 0;
}

/*
 * Looks for a text in the fields of an object that have one of these names,
 * in the order of the names: only strings, or only objects and lists.
 */
static int
place_find_fields(struct place *p, struct json_span object,
    const char *const *names, int strings)
{
	const char *one[2] = { NULL, NULL };
	struct json_span key = { 0 }, v;
	struct json_iter it;

	for (; *names; names++) {
		one[0] = *names;
		for (it = json_each(object); json_next(&it, &key, &v); ) {
			if ((json_type(v) == JSON_STRING) != strings ||
			    !is_one_of(one, key) || (is_encoded(v) &&
			    !strcmp(*names, "body")))
				continue;
			if (find_at_key(p, key, v))
				return 1;
		}
	}
	return 0;
}

static int
find_named(struct place *p, struct json_span object)
{
	return place_find_fields(p, object, text_names, 1) ||
	    place_find_fields(p, object, text_names, 0) ||
	    place_find_fields(p, object, list_names, 0);
}

/* --- lists of messages --------------------------------------------------- */

/* The author of a message: 1 a user, -1 another, 0 unknown. */
static int
who_wrote(struct json_span message)
{
	static const char *const fields[] = {
		"role", "type", "sender", "source", "from", "author",
		"speaker"
	};
	struct json_span v;
	size_t i;

	/* ["user", "text"] */
	if (json_is(message, JSON_ARRAY)) {
		v = path_get(message, "0");
		return !json_is(v, JSON_STRING) ? 0 :
		    is_one_of(users, v) ? 1 : is_one_of(others, v) ? -1 : 0;
	}
	for (i = 0; json_is(message, JSON_OBJECT) && i < LEN(fields); i++) {
		v = json_get(message, fields[i]);
		if (json_is(v, JSON_OBJECT))
			v = json_get(v, "role");
		if (!json_is(v, JSON_STRING))
			continue;
		if (is_one_of(users, v))
			return 1;
		if (!i || is_one_of(others, v))
			return -1;
	}
	return 0;
}

/* Looks for a text in one element of a list. */
static int
place_find_in_element(struct place *p, struct json_span v)
{
	struct json_span second;

	if (!json_is(v, JSON_ARRAY))
		return place_find_text(p, v);
	second = path_get(v, "1");
	if (!who_wrote(v) || !second.p)
		return 0;
	enter_index(p, 1, 0);
	return place_find_text(p, second);
}

/*
 * Looks for a text in a list: in the last message of a user, or, without
 * authors, in the last element that has one.
 */
static int
place_find_in_list(struct place *p, struct json_span list)
{
	struct buf rest = { 0 }, best = { 0 }, swap;
	struct place inner = { .path = &rest, .types = p->types, .outer = p };
	struct json_span key, v;
	struct json_iter it;
	size_t i, at = 0;
	int roles = 0;

	p->found.p = NULL;
	for (it = json_each(list); json_next(&it, &key, &v); )
		roles |= who_wrote(v) != 0;
	it = json_each(list);
	for (i = 0; json_next(&it, &key, &v); i++) {
		rest.len = 0;
		inner.index = i;
		if ((roles && who_wrote(v) < 1) || !place_find_in_element(
		    &inner, v))
			continue;
		swap = best;
		best = rest;
		rest = swap;
		p->found = inner.found;
		at = i;
	}
	if (p->found.p) {
		enter_index(p, at, roles && at + 1 == i);
		if (best.len)
			buf_byte(p->path, '.');
		buf_add(p->path, best.p, best.len);
	}
	buf_release(&rest);
	buf_release(&best);
	return p->found.p != NULL;
}

/* Looks for a text in a value at a likely place. */
static int
place_find_text(struct place *p, struct json_span v)
{
	switch (json_type(v)) {
	case JSON_STRING:
		p->found = v;
		return place_is_text(v) && !is_typed(p);
	case JSON_ARRAY:
		return place_find_in_list(p, v);
	case JSON_OBJECT:
		return find_named(p, v);
	default:
		return 0;
	}
}

/* --- arguments ----------------------------------------------------------- */

static int find_below(struct place *p, struct json_span object, int depth);

/* Looks into an envelope, or into the only element of a list of them. */
static int
find_enveloped(struct place *p, struct json_span key, struct json_span v,
    int depth)
{
	size_t len = enter_key(p, key);

	if (json_is(v, JSON_ARRAY) && !path_get(v, "1").p) {
		v = path_get(v, "0");
		enter_index(p, 0, 0);
	}
	if (json_is(v, JSON_OBJECT) && find_below(p, v, depth - 1))
		return 1;
	p->path->len = len;
	return 0;
}

/* Looks for a text in an object and in the envelopes in it. */
static int
find_below(struct place *p, struct json_span object, int depth)
{
	struct json_span key = { 0 }, v;
	struct json_iter it;

	if (find_named(p, object))
		return 1;
	if (!depth)
		return 0;
	for (it = json_each(object); json_next(&it, &key, &v); )
		if (is_one_of(envelopes, key) &&
		    find_enveloped(p, key, v, depth))
			return 1;
	return 0;
}

/* Looks for a text in the arguments that are objects, whatever their name. */
static int
find_in_arguments(struct place *p, struct json_span kwargs)
{
	struct json_span key = { 0 }, v;
	struct json_iter it;

	for (it = json_each(kwargs); json_next(&it, &key, &v); )
		if (json_is(v, JSON_OBJECT) && !is_one_of(envelopes, key) &&
		    !is_one_of(other_kinds, key) &&
		    find_enveloped(p, key, v, PLACE_DEPTH))
			return 1;
	return 0;
}

int
place_find(struct json_span kwargs, struct json_span types, struct buf *path,
    struct json_span *text)
{
	static const char first[] = "data.content";
	struct buf found = { 0 };
	struct place p = { .path = &found, .types = types };
	int is;

	*text = path_get(kwargs, first);
	if (json_is(*text, JSON_STRING) && place_is_text(*text) &&
	    !is_not_text(json_get(types, first))) {
		buf_puts(path, first);
		return 1;
	}
	is = find_below(&p, kwargs, PLACE_DEPTH) ||
	    find_in_arguments(&p, kwargs);
	/* a key with a dot in it, or a repeated key, has no path */
	if (is && path_get(kwargs, buf_str(&found)).p != p.found.p)
		is = 0;
	*text = p.found;
	if (is)
		buf_add(path, found.p, found.len);
	else
		text->p = NULL;
	buf_release(&found);
	return is;
}

void
place_enter_list(struct buf *path, struct json_span *value)
{
	struct buf inside = { 0 };
	struct place p = { .path = &inside };

	if (json_is(*value, JSON_ARRAY) && place_find_in_list(&p, *value)) {
		buf_printf(path, "%s%s", path->len ? "." : "",
		    buf_str(&inside));
		*value = p.found;
	}
	buf_release(&inside);
}

void
place_of_input(struct buf *path, struct json_span kwargs,
    const char *configured, const char *own, int is_text)
{
	struct json_span value = { 0 }, none = { 0 };
	const char *known = configured ? configured : own;

	if (known)
		value = path_get(kwargs, known);
	if (!value.p && configured && own && path_get(kwargs, own).p) {
		known = own;
		value = path_get(kwargs, known);
	}
	if (known)
		buf_puts(path, known);
	else
		place_find(kwargs, none, path, &value);
	if (value.p && is_text)
		place_enter_list(path, &value);
}
