#ifndef WORKER_H
#define WORKER_H

/*
 * An agent and the runs that it was sent.
 */
#include <stddef.h>
#include <stdint.h>

#include "agent.h"
#include "run.h"

struct err;

#define NEVER INT64_MAX		/* a time on the monotonic clock, in us */

struct worker {
	struct agent agent;
	int live;		/* there is one */
	int ready;		/* it may be sent work */
	int said_hello;		/* it said hello */
	unsigned pipeline;	/* requests it accepts */
	unsigned concurrency;	/* calls it works on at once */
	long long calls;	/* it has finished */
	int dismissed;		/* it was told to end */
	int discarded;		/* it is not believed: no more is read */
	size_t unchecked;		/* bytes of lines since runs were looked at */
	int quick;		/* its last call was short */
	struct run *runs;	/* sent, in this order */
	struct run *last;
	unsigned nruns;
	long long number;	/* of the last request */
	size_t request_size;		/* and its bytes */
	int64_t head_since;		/* when the first in flight became that */
	int64_t rest_until;		/* no request before this time */
	int64_t start_by;	/* when it has to be ready */
	const char *end_reason;	/* why it is being ended, or NULL */
	enum run_failure end_kind;	/* and as what its runs fail */
	struct run *cause;	/* the run that the reason is about */
	int signalled;		/* the signal it was sent, or 0 */
	int killed;		/* it got SIGKILL as well */
	int64_t kill_at;	/* when it will */
	int64_t closed_at;	/* when it closed its output, while needed */
	struct {
		size_t out, err;	/* which it is in what is polled */
	} poll;			/* for; 0: it is not there */
};

/* Begins an agent's life in it. Returns 0, or -1 with *e filled in. */
int worker_start(struct worker *w, const struct agent_kind *kind, unsigned
    number, struct err *e);

/* Ends it: what it flew has to be taken out before. */
void worker_clear(struct worker *w);

/* Adds a run to its flight, under the next number; takes one out. */
void worker_add(struct worker *w, struct run *r);
void worker_remove(struct worker *w, struct run *r);

/* The run in flight of a message's id (message.h), or NULL. */
struct run *worker_find(const struct worker *w, long long id);

/*
 * When the run that will be late first is late, if each may take so many
 * microseconds, and which it is. NEVER without any.
 */
int64_t worker_late(const struct worker *w, int64_t timeout, struct run
    **which);

#endif
