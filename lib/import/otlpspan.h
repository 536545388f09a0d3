#ifndef OTLPSPAN_H
#define OTLPSPAN_H

/*
 * Reads an OpenTelemetry span by the conventions of conventions.h.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "conventions.h"

struct otlpval_pair;

/* The origin of a span. */
enum otlpspan_kind {
	OTLPSPAN_FOREIGN,	/* another program; may make both records */
	OTLPSPAN_STEP,		/* otlp.h: an observation */
	OTLPSPAN_RUN,		/* otlp.h: a run */
	OTLPSPAN_NO_RUN		/* otlp.h: a trace without a row */
};

struct otlpspan {
	/* set by the caller: JSON strings, or absent */
	struct json_span service;	/* service.name of its resource */
	struct json_span project;	/* openinference.project.name */
	struct json_span scope;		/* name of its scope */
	/* set by otlpspan_read */
	enum otlpspan_kind kind;
	struct buf trace_id;	/* a JSON string */
	uint64_t start;		/* nanoseconds since 1970; 0: unknown */
	uint64_t end;		/* nanoseconds since 1970; 0: unknown */
	int root;		/* 1: it has no parent */
	const char *type;	/* type of the observation */
	int counted;		/* 1: a generation with token counts */
	double tokens[3];	/* prompt, completion and total tokens */
	const char *after;	/* the end of the span's text */
	/* for the functions of this room only */
	struct json_span v[SPAN_FIELDS];	/* fields, or absent */
	struct otlpval_pair *pairs;	/* all attributes */
	size_t npairs;
	size_t cap;
	struct json_span a[ATTRIBUTES];	/* known attributes */
	unsigned char used[ATTRIBUTES];	/* 1: in a field of the record */
	const char *nested[2];	/* prefix of flattened input and output */
	int in_events[2];	/* 1: input, output are in events */
	struct buf payload[2];	/* input and output as JSON, or empty */
	struct buf metadata;	/* the user's metadata as JSON, or empty */
	int status;		/* SPAN_STATUS_ERROR and so on */
	unsigned char order[ATTRIBUTES];	/* attributes by name */
};

/* Initializes s for reading spans, one after another. */
void otlpspan_init(struct otlpspan *s);
void otlpspan_release(struct otlpspan *s);

/*
 * Reads the span at p, checked JSON, which has to stay until its records are
 * written. Returns 0, or -1 if it is not an object or has no trace id.
 */
int otlpspan_read(struct otlpspan *s, const char *p);

#endif
