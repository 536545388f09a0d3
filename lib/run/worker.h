#ifndef WORKER_H
#define WORKER_H

/*
 * An agent and the runs that it has been sent and not answered yet. Times are
 * those of isotime_monotonic, in microseconds.
 */
#include <stddef.h>
#include <stdint.h>

#include "agent.h"
#include "run.h"

struct err;

#define NEVER INT64_MAX

struct worker {
	struct agent agent;
	int live;		/* the agent is running */
	int ready;		/* 1: it can be sent runs */
	int said_hello;		/* 1: its hello message has come */
	unsigned pipeline;	/* requests that it accepts at once */
	unsigned concurrency;	/* requests that it works on at once */
	long long calls;	/* runs that it has answered */
	int dismissed;		/* 1: its input was closed, so it gets no more
				   work */
	int discarded;		/* 1: its output is no longer read */
	size_t unchecked;	/* bytes of lines since the last size check */
	int doubted;		/* 1: its answers may belong to other inputs */
	int announces;		/* 1: it reports the starts of calls */
	struct run *runs;	/* list, in the order in which they were sent */
	struct run *last;	/* end of the list */
	unsigned nruns;
	long long number;	/* protocol id of the last request */
	size_t request_size;	/* bytes of the last request */
	int64_t head_since;	/* time when the first run became the first */
	int64_t rest_until;	/* no request is sent before this time */
	int64_t start_by;	/* deadline for becoming ready */
	const char *end_reason;	/* why it is being ended, or NULL */
	char *end_text;		/* holds end_reason if it was composed */
	enum run_failure end_kind;	/* failure kind that its runs get */
	struct run *cause;	/* the run that end_reason is about, or NULL */
	int signalled;		/* the signal that it was sent, or 0 */
	int killed;		/* SIGKILL was sent */
	int64_t kill_at;	/* time to send SIGKILL */
	int64_t settle_at;	/* when its first line of text is taken for an
				   answer; 0: none came yet */
	int64_t closed_at;	/* time when it closed a pipe that it still
				   needed */
	struct {
		size_t out, err;
	} poll;			/* indices in the array for poll; 0: none */
};

/* Starts an agent. Returns 0, or -1 with *e filled in and errno set. */
int worker_start(struct worker *w, const struct agent_kind *kind, unsigned
    number, struct err *e);

/* Ends the agent; its runs have to be removed before. */
void worker_clear(struct worker *w);

/* Append a run to the list and number it; remove one from the list. */
void worker_add(struct worker *w, struct run *r);
void worker_remove(struct worker *w, struct run *r);

/*
 * The number of calls that the agent works on. For an agent that does not
 * report starts, it is the number that it can be working on.
 */
unsigned worker_running(const struct worker *w);

/* The listed run of a message's id (see message.h), or NULL. */
struct run *worker_find(const struct worker *w, long long id);

/*
 * The time at which the first run exceeds the timeout, in microseconds, with
 * *which set to that run; NEVER if there is none.
 */
int64_t worker_late(const struct worker *w, int64_t timeout, struct run
    **which);

#endif
