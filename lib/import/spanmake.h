#ifndef SPANMAKE_H
#define SPANMAKE_H

/*
 * Writes other programs' records as spans in the shape of OTLP: the ids,
 * the times and the status first, then attributes. All values are checked JSON
 * or absent; what is absent or null is left out.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"

/* Zeroed memory is ready for use. */
struct spanmake {
	struct buf span;	/* the span, after spanmake_end */
	struct buf value;	/* the value that is being written */
};

void spanmake_release(struct spanmake *m);

/* Starts a span; parent is absent for a root. Ids are strings. */
void spanmake_begin(struct spanmake *m, struct json_span trace_id,
    struct json_span id, struct json_span parent);

/* Adds the name: a string, or the fallback for any other value. */
void spanmake_name(struct spanmake *m, struct json_span name,
    const char *fallback);

/* Adds the times, in nanoseconds since 1970; 0: unknown. */
void spanmake_times(struct spanmake *m, uint64_t start, uint64_t end);

/* Marks the span as failed; message may be text or absent. */
void spanmake_failed(struct spanmake *m, struct json_span message);

/* Starts the attributes. */
void spanmake_attributes(struct spanmake *m);

/* Adds an attribute: a string, number or bool, or any other value's text. */
void spanmake_put(struct spanmake *m, const char *key, struct json_span v);
void spanmake_str(struct spanmake *m, const char *key, const char *s);

/* Adds an attribute with the text of the value, to be read as JSON. */
void spanmake_json(struct spanmake *m, const char *key, struct json_span v);

/* Add the input or the output, exactly. */
void spanmake_input(struct spanmake *m, struct json_span v);
void spanmake_output(struct spanmake *m, struct json_span v);

/* Adds an object with counts of tokens. */
void spanmake_usage(struct spanmake *m, struct json_span v);

/* Ends the span. Returns its text. */
const struct buf *spanmake_end(struct spanmake *m);

/*
 * Appends an id, a JSON string with 32 (trace) or 16 hexadecimal digits, that
 * depends on the n texts alone.
 */
void spanmake_trace_id(struct buf *b, const struct json_span *texts, size_t n);
void spanmake_id(struct buf *b, const struct json_span *texts, size_t n);

#endif
