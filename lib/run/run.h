#ifndef RUN_H
#define RUN_H

/*
 * A run of an input: the request to the agent, what comes back, and the trace
 * made of both.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "json/json.h"
#include "record/record.h"

struct input;
struct mask;

/* No run has used more tokens: such numbers are mistakes. */
#define RUN_TOKENS_MAX 1000000000000000

struct run {
	struct run *next;	/* next run in the caller's list */
	struct input *input;
	long long iteration;
	uint64_t place;		/* number of runs that were given out before */
	char id[RECORD_ID];
	char trace_id[UUID_TEXT];
	struct buf identity;	/* JSON without braces: which run it is */
	unsigned attempt;	/* number of the attempt, from 1 */
	long long number;	/* id in the protocol */
	int started;
	int announced;		/* 1: the agent reported the start */
	int64_t start;		/* wall clock, microseconds since 1970 */
	int64_t clock;		/* isotime_monotonic() of the start */
	int64_t ended;		/* clock at its end; 0: unknown */
	struct buf observations;	/* JSON, without its brackets */
	size_t nobservations;
	struct buf sent;	/* callback messages, JSON without brackets */
	struct buf errors;
	struct buf deltas;	/* text */
	struct buf printed;	/* output that is not messages */
	int printed_cut;	/* 1: printed is not all */
	struct buf failed;	/* earlier attempts, JSON without brackets */
	/* candidates for the final output, JSON: the last of each */
	struct buf response;	/* output of an observation
				   agent_final_response */
	struct buf agent;	/* output of an observation of type agent */
	struct buf message;	/* message sent through a callback */
	long long tokens[3];	/* prompt, completion, total; of all attempts */
	long long counted;	/* part of the total already counted */
	unsigned by;		/* the number of its last agent; 0: none */
	int has_tokens;
};

/* Why a run failed; run_failures has the names that traces show. */
enum run_failure {
	RUN_ERROR, RUN_TIMEOUT, RUN_CRASH, RUN_PROTOCOL, RUN_CANCELLED,
	RUN_FAILURES
};
extern const char *const run_failures[RUN_FAILURES];

/* How a run ended. */
struct run_end {
	struct json_span output;	/* the reply's; p is NULL when none */
	const char *error;	/* NULL: it succeeded */
	size_t error_len;	/* 0: up to its NUL */
	enum run_failure kind;
	const char *code;	/* the agent's name for the error, or NULL */
	int again;		/* 1: the agent wants another attempt */
	int64_t wait;		/* microseconds until the next attempt */
	int exit_code;		/* exit status of the agent's process, or -1 */
	int signal;		/* signal that ended the agent's process, or
				   0 */
	const char *stderr_tail;
	size_t stderr_len;
};

/*
 * Makes a run. Takes a reference to the input. seed may be NULL: a random trace
 * id. name is the experiment's; where has further members for the trace, or is
 * NULL.
 */
struct run *run_new(struct input *in, long long iteration,
    const char id[RECORD_ID], const int64_t *seed, const char *name,
    const char *where);
void run_free(struct run *r);

/* Appends the request for the run, a line, to an agent. */
void run_request(const struct run *r, struct buf *b);

/* Note that the run was sent now, began now, or did not begin after all. */
void run_sent(struct run *r);
void run_start(struct run *r);
void run_unstart(struct run *r);

/*
 * Note that the run began, or ended, at a time of the monotonic clock that the
 * agent reported. Impossible times are ignored.
 */
void run_began_at(struct run *r, int64_t clock);
void run_ended_at(struct run *r, int64_t clock);

/*
 * Notes the start of a run that the agent did not report: at this time of
 * isotime_monotonic, or when the run was sent, whichever is later.
 */
void run_started_at(struct run *r, int64_t clock);

/* Add an observation, a callback, streamed text, or printed text. */
void run_observe(struct run *r, struct json_span observation);
void run_callback(struct run *r, struct json_span name, struct json_span kind,
    struct json_span args, struct json_span kwargs);
void run_delta(struct run *r, struct json_span text);
void run_printed(struct run *r, const char *p, size_t n);

/* The bytes that the run has gathered. */
size_t run_size(const struct run *r);

/* Notes that this attempt failed, and makes it ready for the next. */
void run_retry(struct run *r, const struct run_end *end);

/* Whether there may be a secret in the trace; quick. */
int run_may_have_secret(const struct run *r, const struct run_end *end,
    const struct mask *m);

/*
 * Appends the trace and a newline. Returns how long the run took, in
 * microseconds.
 */
int64_t run_trace(struct run *r, const struct run_end *end, struct buf *b);

#endif
