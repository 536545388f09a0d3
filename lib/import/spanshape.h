#ifndef SPANSHAPE_H
#define SPANSHAPE_H

/*
 * Spans and log records in the shape of OTLP JSON, made of those in other
 * shapes: what OpenTelemetry's SDKs print to the console, attributes as an
 * object, Jaeger's and Zipkin's spans, rows of ClickHouse.
 */
#include <stdint.h>

#include "json/json.h"

struct buf;

/*
 * Nanoseconds since 1970 of a time as text in ISO 8601, or as a number of
 * seconds to nanoseconds, or as Node has it; 0 if it is not a time.
 */
uint64_t spanshape_time(struct json_span v);

/* What a span in another shape says about what it is from; or absent. */
struct spanshape {
	struct json_span resource;	/* attributes: an array or object */
	struct json_span service;	/* name of the service, a string */
	struct json_span scope;		/* name of its scope, a string */
};

/* What stands around a span in another shape: checked JSON, or absent. */
struct spanshape_around {
	struct json_span processes;	/* Jaeger's, an object */
	struct json_span trace_id;	/* of a span that has none, a string */
};

/*
 * Appends the span in the checked object at p as one of OTLP; around may be
 * NULL. Returns 0, or -1 if it is not a span.
 */
int spanshape_put(struct buf *b, const char *p,
    const struct spanshape_around *around, struct spanshape *shape);

/*
 * Whether an object that stands alone is a span, or a log record: records of
 * other kinds have ids and times, too.
 */
int spanshape_is_span(const char *p);
int spanshape_is_record(const char *p);

/* A log record's span, JSON strings, and the event that it becomes. */
struct spanshape_record {
	struct json_span trace_id;
	struct json_span span_id;
};

/*
 * Appends the log record at p as an event. Its name is that of the event, or
 * "log"; its attributes are the record's and the members of its body, or the
 * body as "body" if it is not an object.
 */
void spanshape_put_record(struct buf *b, const char *p,
    struct spanshape_record *record);

/*
 * Appends the span at p, made by spanshape_put, with more events: their text
 * with commas.
 */
void spanshape_put_events(struct buf *b, const char *p,
    struct json_span events);

#endif
