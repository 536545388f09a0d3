#include <string.h>

#include "base/buf.h"
#include "conventions.h"
#include "otlpspan.h"
#include "otlpval.h"
#include "spanpart.h"
#include "spanforeign.h"

/* An attribute of the last exception among the events, or absent. */
static struct json_span
find_exception(const struct otlpspan *s, const char *what)
{
	struct json_span v[EVENT_FIELDS], found = { 0 };
	struct otlpval_pair pair;
	struct json_iter events, it;

	if (!json_is(s->v[SPAN_EVENTS], JSON_ARRAY))
		return found;
	for (events = json_each(s->v[SPAN_EVENTS]);
	    spanpart_next_event(&events, v); ) {
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

struct json_span
foreign_error(const struct otlpspan *s)
{
	struct json_span message = find_exception(s, "exception.message");

	if (!message.p)
		message = find_exception(s, "exception.type");
	if (!message.p)
		message = otlpval_string(s->a[ATTR_ERROR_TYPE]);
	return message;
}

struct json_span
foreign_error_type(const struct otlpspan *s)
{
	struct json_span v = { 0 };

	if (s->status != SPAN_STATUS_ERROR)
		return v;
	v = otlpval_string(s->a[ATTR_ERROR_TYPE]);
	if (!v.p || json_is_str(v, "_OTHER"))
		v = find_exception(s, "exception.type");
	return v;
}

struct json_span
foreign_name(const struct otlpspan *s)
{
	static const char unknown[] = "\"unknown_service";
	const struct json_span none = { 0 };

	if (s->project.p)
		return s->project;
	/* OpenTelemetry's libraries use this name by default */
	if (!s->service.p ||
	    !strncmp(s->service.p, unknown, sizeof(unknown) - 1))
		return none;
	return s->service;
}

/* Appends the texts among a message's parts. Returns their number. */
static int
put_message_parts(struct buf *text, struct json_span parts)
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
message_has_role(struct json_span message, const char *const roles[3])
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

int
foreign_text(struct buf *text, struct json_span v, const char *const roles[3])
{
	struct json_span key, message, last = { 0 };
	struct json_iter it;

	if (json_is(v, JSON_OBJECT))
		v = json_get(v, "messages");
	if (!json_is(v, JSON_ARRAY))
		return 0;
	for (it = json_each(v); json_next(&it, &key, &message); )
		if (message_has_role(message, roles))
			last = message;
	if (json_get(last, "message").p)
		last = json_get(last, "message");
	v = json_get(last, "parts");
	if (!v.p)
		v = json_get(last, "content");
	return put_message_parts(text, v) > 0;
}
