#ifndef SUBJECT_H
#define SUBJECT_H

/*
 * A trace that is judged: its record, and what several assertions need of it,
 * made when the first asks for it.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"
#include "trace/trace.h"

/* How models are asked. Zeroed memory asks about no trace. */
struct judging {
	double rate;		/* share of the traces that models judge, from 0
				   to 1 */
	int unstructured;	/* 1: without a JSON schema for the reply */
	int unmasked;		/* 1: secrets in prompts are not masked */
};

struct subject {
	struct json_span record;	/* checked */
	struct json_span v[TRACE_FIELDS];
	struct buf output;	/* the text of its output */
	int has_output;		/* 1: output is up to date */
	struct buf other;	/* the text at another path */
	struct trace trace;	/* the trace with its steps linked */
	int steps;		/* 1: there are steps; 0: none; -1: not looked
				   for */
	struct judged *judged;	/* replies of models; NULL: none */
	struct judging judging;
};

/* Starts with a record and its trace_fields. */
void subject_begin(struct subject *s, struct json_span record,
    const struct json_span v[TRACE_FIELDS]);
void subject_release(struct subject *s);

/*
 * The value at a path, absent when it leads nowhere. A path that is none of the
 * trace is looked for in its metadata.
 */
struct json_span subject_get(const struct subject *s, const char *path);

/*
 * The text at a path, as value_text has it; of "callback" that of the callback
 * messages, of "conversation" that of the turns. Borrowed until the next call.
 * Returns 0, or -1 when it leads nowhere.
 */
int subject_text(struct subject *s, const char *path, struct json_span *text);

/*
 * The trace with its steps linked; NULL when no step was recorded, so that
 * nothing can be said about them.
 */
struct trace *subject_steps(struct subject *s);

#endif
