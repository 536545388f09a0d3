#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/util.h"
#include "otlpval.h"
#include "spanpart.h"

/* The levels of a record around a value. */
#define SPANPART_ROOM 10

/* 1 if the n bytes at p have no quotation mark but escaped ones. */
static int
is_inside_string(const char *p, size_t n)
{
	const char *start = p, *end = p + n, *back;

	while ((p = memchr(p, '"', (size_t)(end - p)))) {
		for (back = p; back > start && back[-1] == '\\'; back--)
			;
		if ((p - back) % 2 == 0)
			return 0;
		p++;
	}
	return 1;
}

struct json_span
spanpart_string(struct json_span any)
{
	static const char name[] = "{\"stringValue\":";
	struct json_span v = { any.p, any.n };
	size_t n = sizeof(name) - 1;

	/* {"stringValue":"..."} without white space, but for one space */
	if (any.p && any.n > n + 4 && !memcmp(any.p, name, n)) {
		n += any.p[n] == ' ';
		v.p += n;
		v.n -= n + 1;
		if (v.n >= 2 && *v.p == '"' && v.p[v.n - 1] == '"' &&
		    is_inside_string(v.p + 1, v.n - 2))
			return v;
	}
	return otlpval_string(any);
}

/* Whether a text with this first byte is read as JSON. */
static int
is_readable(int first, enum conventions_how how)
{
	switch (how) {
	case HOW_ANY:
	case HOW_EACH:
	case HOW_VALUE:
		return 1;
	case HOW_QUOTED:
		return first == '{' || first == '[' || first == '"';
	case HOW_NESTED:
		return first == '{' || first == '[';
	default:
		return 0;
	}
}

int
spanpart_may_be_json(struct json_span string, enum conventions_how how)
{
	const char *p = string.p + 1;
	int c;

	for (;; p += *p == '\\' ? 2 : 1) {
		c = *p == '\\' ? p[1] : *p;
		if (*p == '\\' && c == 'u')
			return 1;
		if (!strchr(*p == '\\' ? "trn" : " \t\r\n", c))
			break;
	}
	if (p == string.p + string.n - 1)
		return 0;
	return is_readable(c, how) && strchr("{[\"-0123456789tfnNI", c);
}

/* Appends a string, or the JSON that it contains. */
static void
put_parsed(struct buf *b, struct json_span string, enum conventions_how how)
{
	struct buf text = { 0 };
	struct json_fault f;
	struct json_span v;

	if (!spanpart_may_be_json(string, how)) {
		json_compact(b, string);
		return;
	}
	json_text(&text, string);
	v.p = buf_str(&text);
	v.n = text.len;
	v.p += strspn(v.p, " \t\r\n");
	v.n -= (size_t)(v.p - text.p);
	if (is_readable(*v.p, how) &&
	    json_scan(v.p, v.n, JSON_LAX, NULL, NULL, 0, &f) >= 0 &&
	    json_levels(v) + SPANPART_ROOM <= json_depth)
		json_compact(b, v);
	else
		json_compact(b, string);
	buf_release(&text);
}

/* Appends bytes that are a JSON object or array. Returns 0 for others. */
static int
put_bytes(struct buf *b, struct json_span any)
{
	static const char *const names[] = { "bytesValue" };
	struct buf text = { 0 };
	struct json_fault f;
	struct json_span v;
	const char *p = any.p;
	ssize_t n;
	int ok;

	/* most values are of another type: compare the name first */
	if (!json_is(any, JSON_OBJECT))
		return 0;
	p += 1 + strspn(p + 1, " \t\r\n");
	if (p[0] != '"' || (p[1] | 0x20) != 'b' || (p[2] | 0x20) != 'y')
		return 0;
	otlpval_fields(any.p, names, &v, 1);
	if (!json_is(v, JSON_STRING))
		return 0;
	n = base64_decode(buf_room(&text, v.n), v.p + 1, v.n - 2);
	if (n < 0) {
		buf_release(&text);
		return 0;
	}
	text.len = (size_t)n;
	v.p = buf_str(&text);
	v.n = text.len;
	ok = (*v.p == '{' || *v.p == '[') &&
	    json_scan(v.p, v.n, JSON_LAX, NULL, NULL, 0, &f) >= 0 &&
	    json_levels(v) + SPANPART_ROOM <= json_depth;
	if (ok)
		json_compact(b, v);
	buf_release(&text);
	return ok;
}

/* Appends an array with the JSON that its strings contain. */
static void
put_each_parsed(struct buf *b, struct json_span any)
{
	struct json_span list, unused, v;
	struct buf whole = { 0 };
	struct json_iter it;

	otlpval_put(&whole, any);
	list = json_buf(&whole);
	if (json_is(list, JSON_ARRAY)) {
		buf_byte(b, '[');
		for (it = json_each(list); json_next(&it, &unused, &v); ) {
			json_comma(b);
			if (json_is(v, JSON_STRING))
				put_parsed(b, v, HOW_ANY);
			else
				json_compact(b, v);
		}
		buf_byte(b, ']');
	} else {
		json_compact(b, list);
	}
	buf_release(&whole);
}

void
spanpart_put(struct buf *b, struct json_span any, enum conventions_how how)
{
	struct json_span string = spanpart_string(any);

	if (string.p)
		put_parsed(b, string, how);
	else if (how == HOW_EACH)
		put_each_parsed(b, any);
	else if (how == HOW_TEXT || !put_bytes(b, any))
		otlpval_put(b, any);
}

int
spanpart_is_empty(struct json_span any)
{
	static const char *const texts[] = { "", "{}", "[]", "null" };
	struct json_span string;
	size_t i;

	if (!any.p)
		return 1;
	/* with all white space that may be around it */
	if (any.n > 160)
		return 0;
	string = spanpart_string(any);
	if (!string.p || string.n > 6)
		return 0;
	for (i = 0; i < LEN(texts); i++)
		if (json_is_str(string, texts[i]))
			return 1;
	return 0;
}

int
spanpart_number(struct json_span any, double *d)
{
	struct json_span v = spanpart_string(any);
	struct buf text = { 0 };
	struct json_fault f;
	int ok;

	if (v.p) {
		v.p++;
		v.n -= 2;
	} else {
		otlpval_put(&text, any);
		v = json_buf(&text);
	}
	ok = json_scan(v.p, v.n, 0, NULL, NULL, 0, &f) >= 0 &&
	    json_double(v, d) && *d >= 0 && *d < 1e300;
	buf_release(&text);
	return ok;
}

int
spanpart_next_event(struct json_iter *it, struct json_span v[EVENT_FIELDS])
{
	static const char *const names[EVENT_FIELDS] = {
		"name", "timeUnixNano", "attributes", "body"
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

size_t
spanpart_content_event(struct json_span name)
{
	size_t i;

	for (i = 0; i < conventions_nevents; i++)
		if (json_is_str(name, conventions_events[i].name))
			break;
	return i;
}

int
spanpart_put_id(struct buf *b, struct json_span id)
{
	struct buf hex = { 0 };

	if (otlpval_no_id(id))
		return 0;
	if (!otlpval_id(&hex, id, 8)) {
		json_put_text(b, hex.p, hex.len);
		buf_release(&hex);
		return 1;
	}
	/* an id of another form is kept */
	json_compact(b, id);
	return 1;
}
