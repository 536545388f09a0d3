#ifndef TRACE_H
#define TRACE_H

/*
 * A trace as formats see it: its row and its observations, the steps, in order.
 * It borrows the JSON of its records.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "step.h"

struct buf;
struct moments;

/* Fields of a trace's row. */
enum {
	TRACE_TRACE_ID, TRACE_ITERATION, TRACE_PERSONA, TRACE_INPUT,
	TRACE_OUTPUT, TRACE_DURATION, TRACE_SUCCESS, TRACE_ERROR,
	TRACE_ERROR_KIND, TRACE_OBSERVATION_COUNT, TRACE_TOKEN_USAGE,
	TRACE_CONVERSATION, TRACE_CONVERSATION_STATE,
	TRACE_TERMINATION_REASON, TRACE_OBSERVATIONS, TRACE_RUN_ID,
	TRACE_NAME, TRACE_START, TRACE_END, TRACE_METADATA, TRACE_INPUT_ID,
	TRACE_ATTEMPTS,
	TRACE_CALLBACKS, TRACE_STDOUT, TRACE_STDERR, TRACE_SCORES,
	TRACE_EVALUATION,
	TRACE_ID,		/* the trace_id of the original's own records */
	TRACE_FIELDS
};
extern const char *const trace_fields[TRACE_FIELDS];

/* Fields of an observation, in the order in which most writers put them. */
enum {
	OBS_ID, OBS_TYPE, OBS_NAME, OBS_START, OBS_END, OBS_INPUT,
	OBS_OUTPUT, OBS_ERROR, OBS_LEVEL, OBS_STATUS_MESSAGE, OBS_METADATA,
	OBS_MODEL, OBS_LLM_PARAMETERS, OBS_PROMPT_TOKENS,
	OBS_COMPLETION_TOKENS, OBS_TOTAL_TOKENS, OBS_PARENT, OBS_TRACE_ID,
	/* what has one of these may be a whole trace */
	OBS_OBSERVATIONS, OBS_TIMELINE,
	OBS_FIELDS
};
extern const char *const observation_fields[OBS_FIELDS];

struct observation {
	struct json_span raw;	/* the whole record; see trace_load */
	struct json_print printed[2];	/* input and output in t->printed */
	struct json_span v[OBS_FIELDS];
	size_t start;		/* its times as text: offsets into texts */
	size_t start_len;
	size_t end;
	size_t end_len;
	size_t place;		/* position in the input, orders equal times */
	/* what trace_link sets; see struct trace_step */
	size_t parent;
	size_t child;
	size_t next;
	size_t depth;
	int64_t from;
	int64_t until;
};

struct trace {
	struct json_span row;	/* absent: no row was found */
	int pertrace;		/* 1: row is a per-trace record (pertrace.h) */
	struct json_span v[TRACE_FIELDS];
	struct observation *obs;	/* the steps; only a loaded one, at
					   0, if apart is 1 */
	size_t nobs;
	size_t cap;
	struct trace_step *steps;	/* set by trace_link */
	size_t steps_size;	/* bytes allocated */
	int linked;		/* 1: steps are set */
	int apart;		/* 1: the steps do not fit into memory */
	size_t inside;		/* steps that do, of those in one record; 0:
				   any number; see trace_elements */
	struct moments *moments;	/* what is kept of them */
	struct buf *first_id;	/* trace_id of the first one, JSON */
	struct buf *texts;
	int print;		/* 1: adding prints inputs and outputs */
	struct buf *printed;
	/* trace_load calls this, if not NULL, to read the record of step i */
	void (*load)(void *arg, struct trace *t, size_t i);
	/* trace_pause calls this, if not NULL */
	void (*pause)(void *arg);
	void *arg;
	struct json_wanted wanted;	/* of the observation being read */
	int met;		/* json_scan's flags for the row, if it was
				   scanned, and for all observations */
	/* set by trace_link */
	size_t root;		/* the first step without a parent */
	int64_t from;		/* start of the first step, us since 1970 */
	int64_t until;		/* end of the last step */
};

/* Zeroed memory is an empty trace; release frees what it owns. */
void trace_release(struct trace *t);

/*
 * Empties the trace and sets its row, which may be absent. Returns 0, or -1
 * with no row set if it is not a JSON object.
 */
int trace_reset(struct trace *t, struct json_span row);

/* The same, with the row's trace_fields already found. */
void trace_begin(struct trace *t, struct json_span row,
    const struct json_span v[TRACE_FIELDS]);

/* Adds an observation. Returns 0, or -1 if it is not a JSON object. */
int trace_add(struct trace *t, struct json_span observation);

/* Adds the objects of a checked array. */
void trace_add_all(struct trace *t, struct json_span observations);

/* The place of a record: for who reads it again. */
struct trace_place {
	uint64_t at;
	uint32_t n;
	uint32_t file;
};

/*
 * For a record that holds its observations: elements that add them while
 * json_scan_record checks it. The trace is emptied where they begin.
 * trace_set_row then sets the row. If inside is set, that many observations or
 * more, and those that trace_add adds, are kept as trace_add_apart keeps them,
 * and loaded from where they are in memory: their text must stay there.
 */
struct json_elements trace_elements(struct trace *t);
void trace_set_row(struct trace *t, struct json_span row,
    const struct json_span v[TRACE_FIELDS]);

/*
 * For a trace that does not fit into memory: trace_set_apart follows
 * trace_reset, with the bytes of memory to sort in; trace_add_apart adds an
 * observation, which is t->obs[0] until the next one, and keeps only what orders
 * and links it, in temporary files. t->load is set to a function that reads the
 * record at trace_place again and passes it to trace_lend. An absent record, or
 * one that is not an object any more, is lent as an empty one, and -1 returned.
 * trace_error returns the errno of a temporary file that failed, or 0.
 */
void trace_set_apart(struct trace *t, size_t memory);
int trace_add_apart(struct trace *t, struct json_span observation,
    const struct trace_place *place);
int trace_place(struct trace *t, size_t i, struct trace_place *place);
int trace_lend(struct trace *t, size_t i, struct json_span observation);
int trace_error(const struct trace *t);

/* For formats that sort steps: bytes to do it in, and how to note a fault. */
size_t trace_memory(const struct trace *t);
void trace_fail(struct trace *t, int error);

/*
 * Sorts the observations by start, then end, then place; of those with the same
 * start, a parent comes before what is below it.
 */
void trace_sort(struct trace *t);

/*
 * Links steps to their parents by the observations' ids, and finds when each
 * ran: sets t->steps, and what the observations have of it, and root, from and
 * until of the trace. A step in a circle of parents has no parent.
 * Called once, after trace_sort, by formats that need it.
 */
void trace_link(struct trace *t);

/*
 * Step i, valid until the next call. Formats must load each step that they
 * read, because the trace may not fit into memory. Loading may write out the text
 * rendered so far and leave only its last byte in the format's buffer: offsets
 * into that buffer become invalid.
 */
const struct observation *trace_load(struct trace *t, size_t i);

/* After a large value: may write out text as trace_load may. */
void trace_pause(struct trace *t);

/*
 * The step after i in a depth-first walk that begins at root, or TRACE_NONE.
 */
size_t trace_walk(const struct trace *t, size_t i);

/* 1 for what Python takes for false: absent, null, "", 0, false, [], {}. */
int trace_falsy(struct json_span v);

/*
 * Appends the field OBS_INPUT or OBS_OUTPUT of a step as json_pretty does, and
 * returns the same.
 */
int trace_pretty(struct buf *b, const struct trace *t,
    const struct observation *o, size_t field);

/* Appends the text of a string, or any other value as it is spelled. */
void trace_plain(struct buf *b, struct json_span v);

/* 1 if a loaded step has an error or the level of one. */
int trace_failed(const struct observation *o);

/*
 * Sets *ms to the milliseconds from an observation's start to its end. Returns
 * 0 if one is not a time, or only one has an offset; else 1.
 */
int trace_duration(const struct trace *t, const struct observation *o,
    double *ms);

/* How a run went; unknown if the trace has no row. */
enum trace_outcome {
	OUTCOME_UNKNOWN,
	OUTCOME_FAILED,
	OUTCOME_SUCCESS,
	OUTCOMES
};
enum trace_outcome trace_outcome(const struct trace *t);

/*
 * 1 if the trace was not written by the original FluxLoop: only these may be
 * rendered otherwise than the original did.
 */
int trace_is_ours(const struct trace *t);

/* The number of calls of an error callback. */
size_t trace_error_calls(const struct trace *t);

/* The iteration; 0 if it is not a number. */
long long trace_iteration(const struct trace *t);

/*
 * Appends the name of the trace's file without a suffix: the iteration in at
 * least two digits, '_', and the trace id, in which every character but
 * letters, digits, '-' and '_' is replaced by '-'. A name that is too long for
 * a file system is cut and ends in a hash of the whole.
 */
void trace_file_name(const struct trace *t, struct buf *b);

/* Appends the trace id's text. */
void trace_id_text(const struct trace *t, struct buf *b);

#endif
