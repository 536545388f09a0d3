#ifndef SPANPART_H
#define SPANPART_H

/* Reading parts of spans. */
#include <stddef.h>

#include "json/json.h"
#include "conventions.h"

struct buf;

/* How to read a string that may be JSON. */
enum spanpart_parse {
	SPANPART_NESTED,	/* as JSON if it is an object or an array */
	SPANPART_ANY		/* as JSON if it can be */
};

/*
 * Appends an AnyValue as JSON. A string that is JSON itself becomes that JSON,
 * unless it would be nested too deeply in a record.
 */
void spanpart_put(struct buf *b, struct json_span any, enum spanpart_parse how);

/* The fields of an event. */
enum { EVENT_NAME, EVENT_TIME, EVENT_ATTRIBUTES, EVENT_FIELDS };

/* Reads the fields of the next event of a list. Returns 0 at the end. */
int spanpart_next_event(struct json_iter *it, struct json_span v[EVENT_FIELDS]);

/* The index of an event in conventions_events, or conventions_nevents. */
size_t spanpart_content_event(struct json_span name);

/* Appends a span's id as a JSON string. Returns 0 if there is no id. */
int spanpart_put_id(struct buf *b, struct json_span id);

#endif
