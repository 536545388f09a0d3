#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/isotime.h"
#include "conventions.h"
#include "otlpval.h"
#include "spanshape.h"

/* The members of spans in all shapes. */
enum {
	SHAPE_TRACE_ID, SHAPE_SPAN_ID, SHAPE_ID, SHAPE_CONTEXT,
	SHAPE_SPAN_CONTEXT, SHAPE_PARENT_SPAN_ID, SHAPE_PARENT_ID,
	SHAPE_PARENT_CONTEXT, SHAPE_REFERENCES, SHAPE_STATE,
	SHAPE_NAME, SHAPE_OPERATION, SHAPE_SPAN_NAME, SHAPE_KIND,
	SHAPE_SPAN_KIND,
	SHAPE_START_NANO, SHAPE_START, SHAPE_TIMESTAMP,
	SHAPE_END_NANO, SHAPE_END, SHAPE_DURATION,
	SHAPE_ATTRIBUTES, SHAPE_TAGS, SHAPE_SPAN_ATTRIBUTES,
	SHAPE_EVENTS, SHAPE_SPAN_EVENTS, SHAPE_LOGS, SHAPE_ANNOTATIONS,
	SHAPE_LINKS,
	SHAPE_STATUS, SHAPE_STATUS_CODE, SHAPE_STATUS_MESSAGE,
	SHAPE_STATUS_DESCRIPTION,
	SHAPE_RESOURCE, SHAPE_RESOURCE_ATTRIBUTES, SHAPE_SERVICE,
	SHAPE_PROCESS, SHAPE_PROCESS_ID, SHAPE_ENDPOINT,
	SHAPE_SCOPE, SHAPE_INSTRUMENTATION_SCOPE, SHAPE_LIBRARY,
	SHAPE_SCOPE_NAME,
	SHAPES
};

static const char *const shape_names[SHAPES] = {
	[SHAPE_TRACE_ID] = "traceId",
	[SHAPE_SPAN_ID] = "spanId",
	[SHAPE_ID] = "id",
	[SHAPE_CONTEXT] = "context",
	[SHAPE_SPAN_CONTEXT] = "spanContext",
	[SHAPE_PARENT_SPAN_ID] = "parentSpanId",
	[SHAPE_PARENT_ID] = "parentId",
	[SHAPE_PARENT_CONTEXT] = "parentSpanContext",
	[SHAPE_REFERENCES] = "references",
	[SHAPE_STATE] = "traceState",
	[SHAPE_NAME] = "name",
	[SHAPE_OPERATION] = "operationName",
	[SHAPE_SPAN_NAME] = "spanName",
	[SHAPE_KIND] = "kind",
	[SHAPE_SPAN_KIND] = "spanKind",
	[SHAPE_START_NANO] = "startTimeUnixNano",
	[SHAPE_START] = "startTime",
	[SHAPE_TIMESTAMP] = "timestamp",
	[SHAPE_END_NANO] = "endTimeUnixNano",
	[SHAPE_END] = "endTime",
	[SHAPE_DURATION] = "duration",
	[SHAPE_ATTRIBUTES] = "attributes",
	[SHAPE_TAGS] = "tags",
	[SHAPE_SPAN_ATTRIBUTES] = "spanAttributes",
	[SHAPE_EVENTS] = "events",
	[SHAPE_SPAN_EVENTS] = "spanEvents",
	[SHAPE_LOGS] = "logs",
	[SHAPE_ANNOTATIONS] = "annotations",
	[SHAPE_LINKS] = "links",
	[SHAPE_STATUS] = "status",
	[SHAPE_STATUS_CODE] = "statusCode",
	[SHAPE_STATUS_MESSAGE] = "statusMessage",
	[SHAPE_STATUS_DESCRIPTION] = "statusDescription",
	[SHAPE_RESOURCE] = "resource",
	[SHAPE_RESOURCE_ATTRIBUTES] = "resourceAttributes",
	[SHAPE_SERVICE] = "serviceName",
	[SHAPE_PROCESS] = "process",
	[SHAPE_PROCESS_ID] = "processId",
	[SHAPE_ENDPOINT] = "localEndpoint",
	[SHAPE_SCOPE] = "scope",
	[SHAPE_INSTRUMENTATION_SCOPE] = "instrumentationScope",
	[SHAPE_LIBRARY] = "instrumentationLibrary",
	[SHAPE_SCOPE_NAME] = "scopeName"
};

/* The first present one of the members from first to last, or absent. */
static struct json_span
spanshape_first_of(const struct json_span *v, int first, int last)
{
	while (first < last && !v[first].p)
		first++;
	return v[first];
}

/* A member of an object; absent if v is not one. */
static struct json_span
field_of(struct json_span v, const char *name)
{
	struct json_span found;

	otlpval_fields(v.p, &name, &found, 1);
	return found;
}

static void
put_member(struct buf *b, const char *key, struct json_span v)
{
	if (v.p)
		json_add(b, key, v);
}

/*
 * An attribute's value, or absent. The attributes are an array or an object.
 */
static struct json_span
attribute_of(struct json_span attributes, const char *name)
{
	struct json_span key = { 0 }, v, found = { 0 };
	struct otlpval_pair pair;
	struct json_iter it;

	if (json_is(attributes, JSON_OBJECT)) {
		for (it = json_each(attributes); json_next(&it, &key, &v); )
			if (json_is_str(key, name))
				found = v;
	} else if (json_is(attributes, JSON_ARRAY)) {
		for (it = json_each(attributes); otlpval_next(&it, &pair); )
			if (json_is_str(pair.key, name))
				found = pair.value;
	}
	return found;
}

/* --- times --------------------------------------------------------------- */

/*
 * Nanoseconds since 1970 of a number whose unit is not known: years from 1973
 * to 5138 in seconds, milliseconds, microseconds or nanoseconds do not overlap.
 */
static uint64_t
scale_time(struct json_span number)
{
	const char *p = number.p, *end = number.p + number.n;
	uint64_t whole = otlpval_time(number), most, scale = 1000000000;
	double d;

	for (most = 100000000000; scale > 1 && whole >= most; most *= 1000)
		scale /= 1000;
	/* a whole number is scaled exactly */
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	if (p == end)
		return whole <= UINT64_MAX / scale ? whole * scale : 0;
	if (!json_double(number, &d) || !(d > 0) || d * (double)scale >= 18e18)
		return 0;
	return (uint64_t)(d * (double)scale);
}

uint64_t
spanshape_time(struct json_span v)
{
	struct json_span key, part[2] = { { 0 }, { 0 } };
	struct json_iter it;
	int64_t us;
	int zoned, i = 0;

	if (json_is(v, JSON_ARRAY)) {
		/* [seconds, nanoseconds], as in Node */
		for (it = json_each(v); i < 2 && json_next(&it, &key,
		    &part[i]); i++)
			;
		return otlpval_time(part[0]) * 1000000000 +
		    otlpval_time(part[1]);
	}
	if (json_is(v, JSON_STRING)) {
		if (isotime_read(v, &us, &zoned))
			return us > 0 ? (uint64_t)us * 1000 : 0;
		v.p++;
		v.n -= 2;
	}
	return v.p && v.n && *v.p >= '0' && *v.p <= '9' ? scale_time(v) : 0;
}

static void
spanshape_put_time(struct buf *b, const char *key, uint64_t ns)
{
	if (!ns)
		return;
	json_key(b, key);
	buf_byte(b, '"');
	buf_uint(b, ns);
	buf_byte(b, '"');
}

/* Adds the start and the end, or the start and the duration. */
static void
spanshape_put_times(struct buf *b, const struct json_span *v)
{
	struct json_span from = spanshape_first_of(v, SHAPE_START_NANO,
	    SHAPE_TIMESTAMP);
	struct json_span until = spanshape_first_of(v, SHAPE_END_NANO,
	    SHAPE_END);
	uint64_t start = v[SHAPE_START_NANO].p ? otlpval_time(from) :
	    spanshape_time(from);
	uint64_t end = v[SHAPE_END_NANO].p ? otlpval_time(until) :
	    spanshape_time(until);
	uint64_t length = otlpval_time(v[SHAPE_DURATION]);

	/* a duration after a date is in nanoseconds, as ClickHouse has it */
	if (json_is(v[SHAPE_DURATION], JSON_ARRAY))
		length = spanshape_time(v[SHAPE_DURATION]);
	else if (!json_is(from, JSON_STRING) && length < UINT64_MAX / 1000)
		length *= 1000;
	if (!end && start && v[SHAPE_DURATION].p)
		end = start + length;
	spanshape_put_time(b, "startTimeUnixNano", start);
	spanshape_put_time(b, "endTimeUnixNano", end);
}

/* --- attributes, events, links ------------------------------------------- */

static void
put_pair(struct buf *b, struct json_span key, struct json_span value)
{
	json_open(b, NULL, '{');
	json_add(b, "key", key);
	put_member(b, "value", value);
	json_close(b, '}');
}

/*
 * Adds the members of an object, or the pairs of an array, to an open list,
 * except the one named skip.
 */
static void
put_pairs(struct buf *b, struct json_span attributes, const char *skip)
{
	struct json_span key = { 0 }, value;
	struct otlpval_pair pair;
	struct json_iter it;

	if (json_is(attributes, JSON_OBJECT)) {
		for (it = json_each(attributes); json_next(&it, &key, &value); )
			if (!skip || !json_is_str(key, skip))
				put_pair(b, key, value);
	} else if (json_is(attributes, JSON_ARRAY)) {
		for (it = json_each(attributes); otlpval_next(&it, &pair); )
			if (!skip || !json_is_str(pair.key, skip))
				put_pair(b, pair.key, pair.value);
	}
}

static void
put_attributes(struct buf *b, struct json_span attributes)
{
	json_open(b, "attributes", '[');
	put_pairs(b, attributes, NULL);
	json_close(b, ']');
}

/* The text of a body that is an object, or a string that contains one. */
static int
put_body_object(struct buf *text, struct json_span body)
{
	struct json_span string = otlpval_string(body), v;
	struct json_fault f;

	if (string.p)
		json_text(text, string);
	else
		otlpval_put(text, body);
	v.p = buf_str(text);
	v.n = text->len;
	return *v.p == '{' &&
	    json_scan(v.p, v.n, JSON_LAX, NULL, NULL, 0, &f) >= 0;
}

/* Adds the attributes of an event, except the one named skip, and its body. */
static void
put_event_attributes(struct buf *b, struct json_span attributes,
    struct json_span body, const char *skip)
{
	static const char body_key[] = "\"body\"";
	struct json_span key = { body_key, sizeof(body_key) - 1 }, v;
	struct buf text = { 0 };

	json_open(b, "attributes", '[');
	put_pairs(b, attributes, skip);
	if (body.p && put_body_object(&text, body)) {
		v.p = text.p;
		v.n = text.len;
		put_pairs(b, v, NULL);
	} else if (body.p) {
		put_pair(b, key, body);
	}
	json_close(b, ']');
	buf_release(&text);
}

static void
put_event(struct buf *b, struct json_span event)
{
	static const char *const names[] = {
		"name", "eventName", "value",
		"timeUnixNano", "time", "timestamp",
		"attributes", "fields", "body"
	};
	struct json_span v[LEN(names)], name, attributes;

	if (!json_is(event, JSON_OBJECT))
		return;
	otlpval_fields(event.p, names, v, LEN(names));
	name = spanshape_first_of(v, 0, 2);
	attributes = spanshape_first_of(v, 6, 7);
	if (!name.p)
		name = attribute_of(attributes, "event.name");
	if (!name.p)
		name = attribute_of(attributes, "event");
	json_open(b, NULL, '{');
	put_member(b, "name", otlpval_string(name));
	spanshape_put_time(b, "timeUnixNano", v[3].p ? otlpval_time(v[3]) :
	    spanshape_time(spanshape_first_of(v, 4, 5)));
	put_event_attributes(b, attributes, v[8], NULL);
	json_close(b, '}');
}

static void
put_link(struct buf *b, struct json_span link)
{
	static const char *const names[] = {
		"traceId", "spanId", "context", "attributes"
	};
	struct json_span v[LEN(names)], inner[LEN(names)];

	if (!json_is(link, JSON_OBJECT))
		return;
	otlpval_fields(link.p, names, v, LEN(names));
	otlpval_fields(v[2].p, names, inner, LEN(names));
	json_open(b, NULL, '{');
	put_member(b, "traceId", spanshape_first_of((struct json_span[]){ v[0],
	    inner[0] }, 0, 1));
	put_member(b, "spanId", spanshape_first_of((struct json_span[]){ v[1],
	    inner[1] }, 0, 1));
	put_attributes(b, v[3]);
	json_close(b, '}');
}

static void
put_each(struct buf *b, const char *key, struct json_span list,
    void (*put)(struct buf *, struct json_span))
{
	struct json_span unused, v;
	struct json_iter it;

	if (!json_is(list, JSON_ARRAY))
		return;
	json_open(b, key, '[');
	for (it = json_each(list); json_next(&it, &unused, &v); )
		put(b, v);
	json_close(b, ']');
}

/* --- ids, kind, status --------------------------------------------------- */

/* Jaeger's reference to the parent, or absent. */
static struct json_span
find_reference(struct json_span references)
{
	struct json_span unused, v, found = { 0 };
	struct json_iter it;

	if (!json_is(references, JSON_ARRAY))
		return found;
	for (it = json_each(references); json_next(&it, &unused, &v); )
		if (!found.p && json_is_str(field_of(v, "refType"), "CHILD_OF"))
			found = field_of(v, "spanId");
	return found;
}

static void
put_ids(struct buf *b, const struct json_span *v)
{
	struct json_span context = spanshape_first_of(v, SHAPE_CONTEXT,
	    SHAPE_SPAN_CONTEXT);
	struct json_span trace = v[SHAPE_TRACE_ID], span = v[SHAPE_SPAN_ID];
	struct json_span parent = spanshape_first_of(v, SHAPE_PARENT_SPAN_ID,
	    SHAPE_PARENT_ID);

	if (!trace.p)
		trace = field_of(context, "traceId");
	if (!span.p)
		span = field_of(context, "spanId");
	if (!span.p)
		span = v[SHAPE_ID];
	if (!parent.p)
		parent = field_of(v[SHAPE_PARENT_CONTEXT], "spanId");
	if (!parent.p)
		parent = find_reference(v[SHAPE_REFERENCES]);
	put_member(b, "traceId", trace);
	put_member(b, "spanId", span);
	put_member(b, "parentSpanId", parent);
	put_member(b, "traceState", v[SHAPE_STATE]);
}

static void
put_kind(struct buf *b, const struct json_span *v, struct json_span attributes)
{
	struct json_span kind = spanshape_first_of(v, SHAPE_KIND,
	    SHAPE_SPAN_KIND);
	double d;

	if (!kind.p)
		kind = otlpval_string(attribute_of(attributes, "span.kind"));
	/* the numbers of Node's console exporter begin with 0 */
	if (v[SHAPE_ID].p && !v[SHAPE_SPAN_ID].p && json_double(kind, &d) &&
	    d >= 0 && d < 9)
		json_add_int(b, "kind", (long long)d + 1);
	else
		put_member(b, "kind", kind);
}

static void
spanshape_put_status(struct buf *b, const struct json_span *v,
    struct json_span attributes)
{
	static const char *const names[] = {
		"code", "statusCode", "message", "description"
	};
	struct json_span s[LEN(names)], error;
	struct json_span code = v[SHAPE_STATUS_CODE];
	struct json_span message = spanshape_first_of(v, SHAPE_STATUS_MESSAGE,
	    SHAPE_STATUS_DESCRIPTION);
	int failed;

	otlpval_fields(v[SHAPE_STATUS].p, names, s, LEN(names));
	if (!code.p)
		code = json_is(v[SHAPE_STATUS], JSON_OBJECT) ?
		    spanshape_first_of(s, 0, 1) : v[SHAPE_STATUS];
	if (!message.p)
		message = spanshape_first_of(s, 2, 3);
	if (!code.p)
		code = otlpval_string(attribute_of(attributes,
		    "otel.status_code"));
	if (!message.p)
		message = otlpval_string(attribute_of(attributes,
		    "otel.status_description"));
	error = attribute_of(attributes, "error");
	failed = error.p && !json_is_str(error, "false") &&
	    (json_is_true(error) || otlpval_string(error).p);
	/* Zipkin has the message there */
	if (!message.p && failed && !json_is_str(error, "true"))
		message = otlpval_string(error);
	json_open(b, "status", '{');
	if (code.p)
		json_add(b, "code", code);
	else if (failed)
		json_add_int(b, "code", SPAN_STATUS_ERROR);
	put_member(b, "message", message);
	json_close(b, '}');
}

/* --- spans --------------------------------------------------------------- */

static void
find_resource(const struct json_span *v, struct json_span processes,
    struct spanshape *shape)
{
	struct json_span process = v[SHAPE_PROCESS], key = { 0 }, value;
	struct json_iter it;

	memset(shape, 0, sizeof(*shape));
	if (!process.p && json_is(processes, JSON_OBJECT) &&
	    v[SHAPE_PROCESS_ID].p)
		for (it = json_each(processes); json_next(&it, &key, &value); )
			if (key.n == v[SHAPE_PROCESS_ID].n &&
			    !memcmp(key.p, v[SHAPE_PROCESS_ID].p, key.n))
				process = value;
	shape->resource = field_of(v[SHAPE_RESOURCE], "attributes");
	if (!shape->resource.p)
		shape->resource = v[SHAPE_RESOURCE_ATTRIBUTES];
	if (!shape->resource.p)
		shape->resource = field_of(process, "tags");
	shape->service = v[SHAPE_SERVICE];
	if (!shape->service.p)
		shape->service = field_of(process, "serviceName");
	if (!shape->service.p)
		shape->service = field_of(v[SHAPE_ENDPOINT], "serviceName");
	if (!json_is(shape->service, JSON_STRING))
		shape->service.p = NULL;
	shape->scope = field_of(spanshape_first_of(v, SHAPE_SCOPE,
	    SHAPE_LIBRARY),
	    "name");
	if (!shape->scope.p)
		shape->scope = v[SHAPE_SCOPE_NAME];
	if (!json_is(shape->scope, JSON_STRING))
		shape->scope.p = NULL;
}

int
spanshape_put(struct buf *b, const char *p,
    const struct spanshape_around *around, struct spanshape *shape)
{
	static const struct spanshape_around nothing;
	struct json_span v[SHAPES], attributes;

	if (!around)
		around = &nothing;
	otlpval_fields(p, shape_names, v, SHAPES);
	if (!v[SHAPE_TRACE_ID].p && !v[SHAPE_CONTEXT].p &&
	    !v[SHAPE_SPAN_CONTEXT].p &&
	    spanshape_first_of(v, SHAPE_NAME, SHAPE_SPAN_NAME).p)
		v[SHAPE_TRACE_ID] = around->trace_id;
	if (!v[SHAPE_TRACE_ID].p && !v[SHAPE_CONTEXT].p &&
	    !v[SHAPE_SPAN_CONTEXT].p)
		return -1;
	attributes = spanshape_first_of(v, SHAPE_ATTRIBUTES,
	    SHAPE_SPAN_ATTRIBUTES);
	find_resource(v, around->processes, shape);
	json_open(b, NULL, '{');
	put_ids(b, v);
	put_member(b, "name", spanshape_first_of(v, SHAPE_NAME,
	    SHAPE_SPAN_NAME));
	put_kind(b, v, attributes);
	spanshape_put_times(b, v);
	put_attributes(b, attributes);
	put_each(b, "events", spanshape_first_of(v, SHAPE_EVENTS,
	    SHAPE_ANNOTATIONS),
	    put_event);
	put_each(b, "links", v[SHAPE_LINKS], put_link);
	spanshape_put_status(b, v, attributes);
	json_close(b, '}');
	return 0;
}

int
spanshape_is_span(const char *p)
{
	struct json_span v[SHAPES];

	otlpval_fields(p, shape_names, v, SHAPES);
	/* log lines have the ids of spans, too, but no names */
	if (!spanshape_first_of(v, SHAPE_NAME, SHAPE_SPAN_NAME).p)
		return 0;
	if (json_is(spanshape_first_of(v, SHAPE_CONTEXT, SHAPE_SPAN_CONTEXT),
	    JSON_OBJECT))
		return 1;
	if (!v[SHAPE_TRACE_ID].p)
		return 0;
	return v[SHAPE_SPAN_ID].p || (v[SHAPE_ID].p && v[SHAPE_TIMESTAMP].p &&
	    (v[SHAPE_DURATION].p || v[SHAPE_ENDPOINT].p));
}

void
spanshape_put_events(struct buf *b, const char *p, struct json_span events)
{
	static const char *const names[] = { "events" };
	struct json_span span = { p, (size_t)(json_end(p) - p) }, old;

	old = field_of(span, "events");
	json_open(b, NULL, '{');
	json_add_others(b, span, names, 1);
	json_open(b, names[0], '[');
	if (json_is(old, JSON_ARRAY) && old.n > 2) {
		buf_add(b, old.p + 1, old.n - 2);
		json_comma(b);
	}
	buf_add(b, events.p, events.n);
	json_close(b, ']');
	json_close(b, '}');
}

/* --- log records --------------------------------------------------------- */

void
spanshape_put_record(struct buf *b, const char *p,
    struct spanshape_record *record)
{
	static const char *const names[] = {
		"traceId", "spanId", "eventName", "timeUnixNano",
		"observedTimeUnixNano", "timestamp", "body", "attributes"
	};
	struct json_span v[LEN(names)], name;
	uint64_t time;

	otlpval_fields(p, names, v, LEN(names));
	record->trace_id = v[0];
	record->span_id = v[1];
	name = v[2];
	if (!json_is(name, JSON_STRING) || name.n == 2)
		name = otlpval_string(attribute_of(v[7], "event.name"));
	json_open(b, NULL, '{');
	if (name.p)
		json_add(b, "name", name);
	else
		json_add_str(b, "name", "log");
	time = otlpval_time(v[3]);
	if (!time)
		time = spanshape_time(spanshape_first_of(v, 4, 5));
	spanshape_put_time(b, "timeUnixNano", time);
	put_event_attributes(b, v[7], v[6], "event.name");
	json_close(b, '}');
}

int
spanshape_is_record(const char *p)
{
	static const char *const names[] = {
		"traceId", "spanId", "body", "severityNumber", "eventName"
	};
	struct json_span v[LEN(names)];

	otlpval_fields(p, names, v, LEN(names));
	return v[0].p && v[1].p && (v[2].p || v[3].p || v[4].p);
}
