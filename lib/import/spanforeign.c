#include <string.h>

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
				found = spanpart_string(pair.value);
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
		message = spanpart_string(s->a[ATTR_ERROR_TYPE]);
	return message;
}

struct json_span
foreign_error_type(const struct otlpspan *s)
{
	struct json_span v = { 0 };

	if (s->status != SPAN_STATUS_ERROR)
		return v;
	v = spanpart_string(s->a[ATTR_ERROR_TYPE]);
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
