#ifndef ENGINE_H
#define ENGINE_H

/*
 * Runs inputs on agents: starts agents, sends them work, watches the clock,
 * and writes a trace for every run.
 */
#include <regex.h>
#include <stddef.h>
#include <stdint.h>

#include "agent.h"
#include "queue.h"

struct eventlog;
struct out;
struct source;

/* How far it is. */
struct engine_view {
	long long done;		/* runs, those that failed among them */
	long long failed;	/* none of both: those that were cancelled */
	long long running;
	int stopping;		/* no more are begun */
	double p50;		/* of the runs' durations, in milliseconds */
};

struct engine_plan {
	struct queue_plan queue;	/* what is run */
	struct agent_kind kind;
	size_t parallel;	/* agents at work side by side, at least 1 */
	double timeout;		/* seconds a run may take */
	int kill_signal;	/* what ends an agent that has to be ended */
	double kill_timeout;	/* seconds until SIGKILL does */
	double grace;		/* seconds for running ones after a stop */
	unsigned max_retries;
	unsigned retry_on;	/* bits, 1 << enum run_failure */
	double retry_delay;	/* seconds, doubled with each attempt */
	double run_delay;	/* seconds between the runs of an agent */
	size_t output_limit;	/* bytes that a run may give; 0: any */
	long long max_failures;	/* stop then; 0: never */
	long long max_tokens;
	double max_time;	/* seconds */
	int lines;		/* the protocol of plain lines */
	int hello;		/* agents begin with hello: wait for it */
	int fresh;		/* a new agent for every run */
	int ordered;		/* traces in the order of the runs */
	const regex_t *ready;	/* nothing is sent before a line matches it */
	struct eventlog *log;
	void (*report)(const char *msg);
	/* called now and then, and once at the end; may be NULL */
	void (*progress)(const struct engine_view *v, int last);
};

/*
 * Runs every input of s, iterations times each, and writes the traces to o as
 * they finish. Returns an exit status as fluxloop(7) has them: 0, 1, 2, 130 or
 * 143. What went wrong has been said.
 */
int engine_run(const struct engine_plan *plan, struct source *s,
    struct out *o);

#endif
