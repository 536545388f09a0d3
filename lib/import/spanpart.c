#include <string.h>

#include "base/buf.h"
#include "otlpval.h"
#include "spanpart.h"

/* The levels of a record around a value. */
#define SPANPART_ROOM 10

/* Appends a string, or the JSON that it contains. */
static void
put_parsed(struct buf *b, struct json_span string, enum spanpart_parse how)
{
	struct buf text = { 0 };
	struct json_fault f;
	struct json_span v;

	json_text(&text, string);
	v.p = buf_str(&text);
	v.n = text.len;
	v.p += strspn(v.p, " \t\r\n");
	v.n -= (size_t)(v.p - text.p);
	if ((how == SPANPART_ANY || *v.p == '{' || *v.p == '[') &&
	    json_scan(v.p, v.n, JSON_LAX, NULL, NULL, 0, &f) >= 0 &&
	    json_levels(v) + SPANPART_ROOM <= json_depth)
		json_compact(b, v);
	else
		json_compact(b, string);
	buf_release(&text);
}

void
spanpart_put(struct buf *b, struct json_span any, enum spanpart_parse how)
{
	struct json_span string = otlpval_string(any);

	if (string.p)
		put_parsed(b, string, how);
	else
		otlpval_put(b, any);
}

int
spanpart_next_event(struct json_iter *it, struct json_span v[EVENT_FIELDS])
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
	size_t n;

	if (!json_is(id, JSON_STRING))
		return 0;
	if (!otlpval_id(&hex, id, 8)) {
		json_put_text(b, hex.p, hex.len);
		buf_release(&hex);
		return 1;
	}
	/* an id of another form is kept; zeros mean that there is none */
	n = strspn(id.p + 1, "0=A");
	if (id.p[n + 1] == '"')
		return 0;
	json_compact(b, id);
	return 1;
}
