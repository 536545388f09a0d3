#ifndef SPANPART_H
#define SPANPART_H

/* Reading parts of spans. */
#include <stddef.h>

#include "json/json.h"
#include "conventions.h"

struct buf;

/*
 * Appends an AnyValue as JSON. A string that is JSON itself becomes that JSON,
 * if how (other than HOW_MIME) allows it and it would not be nested too deeply
 * in a record. So do bytes that are JSON, which LangSmith writes.
 */
void spanpart_put(struct buf *b, struct json_span any,
    enum conventions_how how);

/*
 * 1 if the text of a string may be read as JSON, by the first character of it
 * that is not white space.
 */
int spanpart_may_be_json(struct json_span string, enum conventions_how how);

/* As otlpval_string; faster for long strings. */
struct json_span spanpart_string(struct json_span any);

/* 1 if an AnyValue is absent, or empty text, or a list or object as text. */
int spanpart_is_empty(struct json_span any);

/* The finite number, not below 0, in an AnyValue, or in its string. */
int spanpart_number(struct json_span any, double *d);

/* The fields of an event. */
enum {
	EVENT_NAME, EVENT_TIME, EVENT_ATTRIBUTES,
	EVENT_BODY,		/* AnyValue of the log record that it was */
	EVENT_FIELDS
};

/* Reads the fields of the next event of a list. Returns 0 at the end. */
int spanpart_next_event(struct json_iter *it, struct json_span v[EVENT_FIELDS]);

/* The index of an event in conventions_events, or conventions_nevents. */
size_t spanpart_content_event(struct json_span name);

/* Appends a span's id as a JSON string. Returns 0 if there is no id. */
int spanpart_put_id(struct buf *b, struct json_span id);

#endif
