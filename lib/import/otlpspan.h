#ifndef OTLPSPAN_H
#define OTLPSPAN_H

/*
 * An OpenTelemetry span, read by the conventions of conventions.h.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "conventions.h"

struct otlpval_pair;

/* What a span was before it was one. */
enum otlpspan_kind {
	OTLPSPAN_FOREIGN,	/* nothing of ours: it makes both records */
	OTLPSPAN_STEP,		/* an observation */
	OTLPSPAN_RUN,		/* a trace */
	OTLPSPAN_NO_RUN		/* a trace that had no row */
};

struct otlpspan {
	/* to be set before it is read: strings with quotes, or none */
	struct json_span service;	/* its resource's service.name */
	struct json_span project;	/* and openinference.project.name */
	struct json_span scope;		/* its scope's name */
	/* results */
	enum otlpspan_kind kind;
	struct buf trace_id;	/* a JSON string */
	uint64_t start;		/* nanoseconds since 1970; 0: not known */
	uint64_t end;
	int root;		/* it has no parent */
	const char *type;	/* of the observation */
	int counted;		/* 1: a generation with token counts: */
	double tokens[3];	/* prompt, completion, total */
	const char *behind;	/* where its text ends */
	/* the rest is its own */
	struct json_span v[SPAN_FIELDS];
	struct otlpval_pair *pairs;	/* its attributes */
	size_t npairs;
	size_t cap;
	struct json_span a[ATTRIBUTES];	/* AnyValues */
	unsigned char used[ATTRIBUTES];	/* in a field of the record */
	const char *nested[2];	/* prefix of keys that input, output came of */
	int in_events[2];	/* they came from events */
	struct buf payload[2];	/* input and output as JSON, or empty */
	struct buf metadata;	/* the user's metadata as JSON, or empty */
	int status;
	unsigned char order[ATTRIBUTES];	/* of names */
};

/* Initializes s for reading spans, one after another. */
void otlpspan_init(struct otlpspan *s);
void otlpspan_release(struct otlpspan *s);

/*
 * Reads the checked span at p, which is borrowed until the records are
 * written. Returns 0, or -1 if it is not an object or has no trace id.
 */
int otlpspan_read(struct otlpspan *s, const char *p);

#endif
