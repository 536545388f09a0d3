#ifndef SPANPART_H
#define SPANPART_H

/* Parts of spans that are read and written again. */
#include <stddef.h>

#include "json/json.h"
#include "conventions.h"

struct buf;

/* How to take a string that may be JSON. */
enum spanpart_parse {
	SPANPART_NESTED,	/* as JSON if it is an object or an array */
	SPANPART_ANY		/* as JSON if it can be */
};

/*
 * Appends an AnyValue; a string that is JSON, by how it is taken, as that. JSON
 * that would nest too deeply in a record stays a string.
 */
void spanpart_put(struct buf *b, struct json_span any, enum spanpart_parse how);

/* The fields of an event. */
enum { EVENT_NAME, EVENT_TIME, EVENT_ATTRIBUTES, EVENT_FIELDS };

/* The fields of the next event of a list; 0 at its end. */
int spanpart_next_event(struct json_iter *it, struct json_span v[EVENT_FIELDS]);

/* The number of an event among conventions_events, or their number. */
size_t spanpart_content_event(struct json_span name);

/* Appends a span's id as a JSON string; returns 0 when there is none. */
int spanpart_put_id(struct buf *b, struct json_span id);

#endif
