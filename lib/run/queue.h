#ifndef QUEUE_H
#define QUEUE_H

/*
 * What is to be run next: the runs of each input in turn, those that are given
 * back, and those that wait for another attempt.
 */
#include <stddef.h>
#include <stdint.h>

struct completed;
struct input;
struct input_plan;
struct run;
struct source;

struct queue_plan {
	const struct input_plan *inputs;
	const char *name;	/* the experiment's */
	long long iterations;	/* of each input */
	int has_seed;		/* 0: trace ids are random */
	int64_t seed;		/* of trace ids */
	char *const *personas;	/* keep only inputs of these */
	size_t npersonas;	/* 0: all */
	uint64_t shard;		/* of shards, from 0: keep only its runs */
	uint64_t shards;	/* 0: no sharding */
	const struct completed *done;	/* leave these out; NULL: none */
};

struct queue {
	const struct queue_plan *plan;
	struct source *source;
	struct input *input;	/* whose iterations are being given out */
	long long iteration;
	uint64_t runs;		/* given out so far */
	size_t ninputs;		/* inputs so far */
	int ended;		/* there are no more inputs */
	int waiting;		/* no whole input is there yet */
	int again;		/* much was passed over: ask again at once */
	int hold;		/* set it to get only runs that were given before */
	int skipped;	/* an input was of another persona */
	int fatal;		/* the first input cannot be run at all */
	struct run *back;	/* given back: first of all */
	struct queue_later {
		int64_t due;
		struct run *run;
	} *later;		/* a heap: what is due first is on top */
	size_t nlater;
	size_t cap;
};

void queue_init(struct queue *q, const struct queue_plan *plan,
    struct source *s);
void queue_release(struct queue *q);

/*
 * The next run, or NULL when there is none at the time now; job->error tells
 * why it cannot be run. Its place tells how many were before it.
 */
struct run *queue_next(struct queue *q, int64_t now);

/* Takes back a run that nobody began. */
void queue_return(struct queue *q, struct run *r);

/* Takes one that is to be tried again when the monotonic clock shows due. */
void queue_later(struct queue *q, struct run *r, int64_t due);

/* When the first of those is due; INT64_MAX: there is none. */
int64_t queue_due(const struct queue *q);

/*
 * Takes out one that waits for another attempt, due or not, or was given back
 * before it; NULL: none.
 */
struct run *queue_drop(struct queue *q);

/* Whether there is, or may yet be, another run. */
int queue_has_more(const struct queue *q);

#endif
