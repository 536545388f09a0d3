#ifndef QUEUE_H
#define QUEUE_H

/*
 * The runs to start next: those of each input in turn, those that were
 * returned, and those that wait for another attempt.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "occurrence.h"

struct completed;
struct input;
struct input_plan;
struct run;
struct source;

struct queue_plan {
	struct input_plan *inputs;
	const char *name;	/* name of the experiment */
	const char *where;	/* members of traces, JSON: of which part they
				   are; NULL: none */
	long long iterations;	/* runs of each input */
	int has_seed;		/* 0: trace ids are random */
	int64_t seed;		/* seed of the trace ids */
	char *const *personas;	/* names; only inputs of these personas are
				   run */
	size_t npersonas;	/* 0: run all inputs */
	uint64_t shard;		/* number of the shard to run, from 0 */
	uint64_t shards;	/* number of shards; 0: run all */
	struct completed *done;	/* runs to skip, or NULL */
};

struct queue {
	const struct queue_plan *plan;
	struct source *source;
	struct input *input;	/* the current input, or NULL */
	long long iteration;	/* next iteration of input */
	long long iterations;	/* number after the last iteration of input */
	size_t occurrence;	/* number of input among equal inputs */
	struct buf run_id;	/* JSON, of an input for one run; empty: none */
	struct occurrence occurrences;	/* occurrences of all inputs so far */
	uint64_t runs;		/* runs made so far */
	size_t ninputs;		/* inputs read so far */
	int ended;		/* 1: the inputs are at an end */
	int waiting;		/* the next line of input is incomplete */
	int again;		/* many runs were skipped: call again */
	int hold;		/* set by the caller: make no new runs */
	struct run *ahead;	/* list of runs made before they were asked for */
	struct run *last_ahead;	/* end of the list */
	size_t nahead;
	size_t ahead_size;	/* bytes of the inputs of these runs */
	int skipped;		/* an input of another persona was skipped */
	int fatal;		/* the first input cannot be run at all */
	struct run *back;	/* list of returned runs, which come first */
	struct queue_later {
		int64_t due;
		struct run *run;
	} *later;		/* a heap of retries, the earliest on top */
	size_t nlater;
	size_t cap;		/* size of later */
};

void queue_init(struct queue *q, const struct queue_plan *plan,
    struct source *s);
void queue_release(struct queue *q);

/*
 * The next run, or NULL if there is none at the time now. If its input cannot
 * be run, input->error says why. Its place is the number of runs made before.
 */
struct run *queue_next(struct queue *q, int64_t now);

/* Returns a run that has not been started, to be the next one. */
void queue_return(struct queue *q, struct run *r);

/* Adds a run to be retried when the monotonic clock shows due. */
void queue_later(struct queue *q, struct run *r, int64_t due);

/* The time when the first retry is due; INT64_MAX if there is none. */
int64_t queue_due(const struct queue *q);

/*
 * Makes runs ahead of inputs that have arrived, until there are most of them or
 * their inputs take much memory. Returns the number of new runs known to
 * remain.
 */
size_t queue_look_ahead(struct queue *q, size_t most);

/* Removes and returns a run that waits for another attempt, or NULL. */
struct run *queue_drop(struct queue *q);

/* Whether there is another run, or may be one later. */
int queue_has_more(const struct queue *q);

#endif
