#ifndef GATES_H
#define GATES_H

/*
 * The verdicts of an experiment together: its figures, as the original FluxLoop
 * writes them, and the gates that they must pass.
 */
#include <stddef.h>

#include "base/set.h"
#include "json/json.h"
#include "verdict.h"

struct agreement;
struct buf;
struct evaluation;
struct outcome;

/* Values that must be reached; a number below 0 is not a condition. */
struct gates {
	double min_pass_rate;	/* pass rate of all traces */
	double min_input_pass_rate;	/* pass rate of the runs of each
				   input */
	double min_score;	/* mean of all traces */
	double min_pass_hat_k;	/* chance that k runs of an input all pass */
	unsigned k;
};

/* The facts of a trace that are added to the figures. */
struct standing_run {
	struct json_span input_id, input, persona, success, duration;
	const struct outcome *outcome;
};

/* An input with its persona. */
struct standing_input {
	char *name;		/* the start of its text; NULL: all runs pass */
	unsigned runs, passed;
};

struct standing_name {
	char *name;
	double sum, min, max;
	size_t n, passed;
};

/* A list of names with their figures. */
struct standing_names {
	struct set known;
	struct standing_name *v;
	size_t n;
	size_t cap;
};

/* The figures so far. Zeroed memory has none. */
struct standing {
	size_t runs, passed, failed, none;
	size_t scored;		/* traces with a score */
	double score;		/* sum of the scores */
	double duration, longest;	/* milliseconds; sum, maximum */
	size_t durations, unsuccessful;
	struct set known;
	struct standing_input *inputs;
	size_t ninputs;
	size_t cap;
	struct standing_names scores, personas, reasons;
};
void standing_release(struct standing *s);
void standing_add(struct standing *s, const struct standing_run *r);

/* Reads "K:RATE" for pass^k. Returns 0, or -1 if it is something else. */
int gates_read_pass_hat_k(struct gates *g, const char *text);

/*
 * Sets the gates that the configuration has under "gates", except those that
 * are set already. Returns 0, or -1 with the key that is wrong in *bad.
 */
int gates_read(struct gates *g, const struct evaluation *v, const char **bad);

/* 1 if there is any gate, by option or configuration. */
int gates_are_set(const struct gates *g, const struct evaluation *v);

/*
 * Checks the gates and the success_criteria of the configuration. Calls report
 * with each that was missed and, for inputs, with each input. Returns the
 * number of those missed.
 */
size_t gates_check(const struct gates *g, const struct standing *s,
    const struct evaluation *v, void (*report)(const char *msg));

/*
 * Appends summary.json, in the form of the original's; also the gates, if there
 * are any. agreement, with people's labels, may be NULL.
 */
void standing_put(const struct standing *s, const struct gates *g,
    const struct evaluation *v, const struct agreement *agreement,
    struct buf *b);

#endif
