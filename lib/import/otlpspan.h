#ifndef OTLPSPAN_H
#define OTLPSPAN_H

/*
 * Reads an OpenTelemetry span by the tables of conventions.h.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "conventions.h"

struct otlpval_pair;

/* What an attribute of a span is. */
struct otlpspan_note {
	size_t row;		/* index in conventions_names, or its size */
	const struct conventions_kind *kind;	/* kind in its value, or NULL */
};

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
	int row_only;		/* 1: it stands for its trace; no observation */
	const char *type;	/* type of the observation */
	uint64_t id, parent;	/* hashes of the span ids; 0: none */
	int counted;		/* 1: it has a count of its own */
	double tokens[COUNTS];	/* counts of tokens, by COUNT_*; 0: unknown */
	const char *after;	/* the end of the span's text */
	/* for the functions of this room only */
	struct json_span v[SPAN_FIELDS];	/* fields, or absent */
	struct otlpval_pair *pairs;	/* all attributes */
	struct otlpspan_note *notes;	/* what each of the attributes is */
	size_t npairs;
	size_t cap;
	size_t notes_cap;
	struct json_span a[ATTRIBUTES];	/* known attributes */
	size_t row[ATTRIBUTES];	/* row of each in conventions_names */
	unsigned char used[ATTRIBUTES];	/* 1: in a field of the record */
	const char *implied;	/* type of a span without a kind, or NULL */
	size_t implied_row;	/* row that it is from */
	size_t kind_row;	/* row that the type is from */
	unsigned have;		/* 1 << COUNT_*: the count is known */
	const char *nested[2];	/* prefix of flattened input and output */
	int in_events[2];	/* 1: input, output are in events */
	int plain[2];		/* 1: it is text, whatever it looks like */
	struct json_span payload[2];	/* input and output as JSON; n = 0: none */
	struct buf made[2];	/* the text of one that is not in the span's */
	struct buf text[2];	/* text of the payload, once it was found */
	enum {
		TEXT_NOT_SEARCHED, TEXT_NONE, TEXT_FOUND,
		TEXT_ITSELF	/* the payload is the text */
	} searched[2];
	struct buf talk;	/* the conversation as JSON, or empty */
	struct buf metadata;	/* the user's metadata as JSON, or empty */
	int status;		/* SPAN_STATUS_ERROR and so on */
	struct conventions_index index;
};

/* Initializes s for reading spans, one after another. */
void otlpspan_init(struct otlpspan *s);
void otlpspan_release(struct otlpspan *s);

/*
 * Reads the span at p, checked JSON, which must stay until its records are
 * written. Returns 0, or -1 if it is not an object or has no trace id.
 */
int otlpspan_read(struct otlpspan *s, const char *p);

/* 1 if the i-th attribute is in a field of the record. */
int otlpspan_is_used(const struct otlpspan *s, size_t i);

/*
 * The attribute that names the span better than its own name does: ATTR_TOOL or
 * ATTR_STEP of a tool, ATTR_FILLED; else ATTRIBUTES.
 */
int otlpspan_named(const struct otlpspan *s);

/* Appends a known attribute, which must exist, as JSON. */
void otlpspan_put(const struct otlpspan *s, struct buf *b, int attribute);

/* The text of a known attribute without quotes; empty if it is not a string. */
void otlpspan_text(const struct otlpspan *s, struct buf *b, int attribute);

#endif
