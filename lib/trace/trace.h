#ifndef TRACE_H
#define TRACE_H

/*
 * A trace as renderers see it: its row and its observations in order. All of
 * it borrows the JSON that it was made of.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct buf;

/* Fields of a trace's row. */
enum { TRACE_TRACE_ID, TRACE_ITERATION, TRACE_PERSONA, TRACE_INPUT,
    TRACE_OUTPUT, TRACE_DURATION,
	TRACE_SUCCESS, TRACE_ERROR, TRACE_ERROR_KIND, TRACE_OBSERVATION_COUNT,
	    TRACE_TOKEN_USAGE,
	TRACE_CONVERSATION, TRACE_CONVERSATION_STATE, TRACE_TERMINATION_REASON,
	TRACE_OBSERVATIONS, TRACE_RUN_ID, TRACE_NAME, TRACE_START, TRACE_END,
	    TRACE_METADATA,
	TRACE_FIELDS };
extern const char *const trace_fields[TRACE_FIELDS];

/* Fields of an observation, in the order they are mostly written in. */
enum { OBS_ID, OBS_TYPE, OBS_NAME, OBS_START, OBS_END, OBS_INPUT, OBS_OUTPUT,
    OBS_ERROR,
	OBS_LEVEL, OBS_STATUS_MESSAGE, OBS_METADATA, OBS_MODEL,
	    OBS_LLM_PARAMETERS,
	OBS_PROMPT_TOKENS, OBS_COMPLETION_TOKENS, OBS_TOTAL_TOKENS, OBS_PARENT,
	OBS_TRACE_ID, OBS_FIELDS };
extern const char *const observation_fields[OBS_FIELDS];

/* No step: the parent of one that has none in its trace. */
#define TRACE_NONE ((size_t)-1)

struct observation {
	struct json_span raw;	/* the whole record; see trace_load */
	struct json_print printed[2];	/* its input and output, in t->printed */
	struct json_span v[OBS_FIELDS];
	char *kept;		/* copies of the small ones, or NULL */
	size_t start;		/* its times as text, offsets into texts */
	size_t start_len;
	size_t end;
	size_t end_len;
	size_t place;		/* in the input, for equal times */
	/* what trace_link finds; steps are numbered from 0 */
	size_t parent;		/* a step, or TRACE_NONE */
	size_t child;		/* the first of those whose parent it is */
	size_t next;		/* the next that has the same parent */
	size_t depth;		/* 0 for a step without a parent */
	int64_t from;		/* microseconds since 1970; a step that has */
	int64_t until;		/* no time of its own has those of another */
};

struct trace {
	struct json_span row;	/* p is NULL: no row was found */
	int pertrace;		/* it is a per-trace record (pertrace.h) */
	struct json_span v[TRACE_FIELDS];
	struct observation *obs;
	size_t nobs;
	size_t cap;
	struct buf *texts;
	int print;		/* print inputs and outputs while adding */
	struct buf *printed;
	/* what trace_load calls, if it is not NULL, before it returns step i */
	void (*load)(void *arg, struct trace *t, size_t i);
	void *arg;
	size_t lent;		/* the step that has its record, or none */
	int met;		/* by json_scan, in the observations */
	/* what trace_link finds */
	size_t root;		/* the first step without a parent */
	int64_t from;		/* when the first step begins, microseconds */
	int64_t until;		/* when the last one is over */
};

/* Zeroed memory is an empty trace; release frees what it owns. */
void trace_release(struct trace *t);

/*
 * Makes it empty, with this row (p may be NULL). Returns 0, or -1 when the row
 * is no JSON object; then there is none.
 */
int trace_reset(struct trace *t, struct json_span row);

/* The same for a row whose trace_fields have been found already. */
void trace_begin(struct trace *t, struct json_span row,
    const struct json_span v[TRACE_FIELDS]);

/* Adds an observation. Returns 0, or -1 when it is no JSON object. */
int trace_add(struct trace *t, struct json_span observation);

/* Adds those that are objects in a checked array. */
void trace_add_all(struct trace *t, struct json_span observations);

/*
 * For a trace that does not fit into memory: adds an observation of which only
 * the small fields are kept, as copies; and lends a step its whole record,
 * until the next is lent. The record has to be the one that was added.
 */
int trace_add_brief(struct trace *t, struct json_span observation);
int trace_lend(struct trace *t, size_t i, struct json_span observation);

/* Puts the observations in order: by start, then end, then place. */
void trace_sort(struct trace *t);

/*
 * Finds who is whose parent, by the observations' ids, and when each step was:
 * their parent, child, next, depth, from and until, and the trace's root, from
 * and until. Steps that name themselves, or each other, as parents have none.
 * To be called once, after trace_sort, by a format that needs it.
 */
void trace_link(struct trace *t);

/*
 * Step i with all its fields, until the next call. A step that is not loaded
 * may lack raw, input, output, error, metadata and llm_parameters, because a
 * trace need not fit into memory. Loading may also write out what has been
 * rendered so far, so that a format's buffer has only its last byte left in it
 * afterwards: offsets into it do not survive.
 */
const struct observation *trace_load(struct trace *t, size_t i);

/*
 * The step after i, going down to children first (a walk over the tree that
 * begins at root), or TRACE_NONE.
 */
size_t trace_walk(const struct trace *t, size_t i);

/*
 * What Python would take for false: absent, null, "", 0, false, [] and {}.
 */
int trace_falsy(struct json_span v);

/*
 * Appends a step's input or output, which is field, pretty-printed, without an
 * indent.
 */
void trace_pretty(struct buf *b, const struct trace *t,
    const struct observation *o, size_t field);

/* Appends a string's text, and any other value as it is written. */
void trace_plain(struct buf *b, struct json_span v);

/* Whether a step, which has to be loaded, says an error or has its level. */
int trace_failed(const struct observation *o);

/*
 * Milliseconds from an observation's start to its end. Returns 0 when they
 * are no times, or only one has an offset.
 */
int trace_duration(const struct trace *t, const struct observation *o,
    double *ms);

/* How a run went: not known without a row. */
enum trace_outcome {
	OUTCOME_UNKNOWN,
	OUTCOME_FAILED,
	OUTCOME_SUCCESS,
	OUTCOMES
};
enum trace_outcome trace_outcome(const struct trace *t);

/* The iteration as a number; 0 when it is none. */
long long trace_iteration(const struct trace *t);

/*
 * Appends the name of a trace's file, without a suffix: the iteration in two
 * digits or more, '_', and the trace id with everything but letters, digits,
 * '-' and '_' replaced by '-'. One that is too long for a file system is cut
 * and ends in a hash of the whole.
 */
void trace_file_name(const struct trace *t, struct buf *b);

/* Appends the trace id's text. */
void trace_id_text(const struct trace *t, struct buf *b);

#endif
