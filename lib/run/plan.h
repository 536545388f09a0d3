#ifndef PLAN_H
#define PLAN_H

/*
 * The plan of an experiment for the engine, and the state that it reports.
 */
#include <regex.h>
#include <stddef.h>

#include "agent.h"
#include "queue.h"

struct eventlog;

/* The state of an experiment, for a progress line. */
struct engine_view {
	long long done;		/* runs with a result; cancelled ones do not
				   count */
	long long failed;	/* number of these that failed */
	long long running;
	int stopping;		/* no more runs are started */
	double p50;		/* median duration of runs, in milliseconds */
};

struct engine_plan {
	struct queue_plan queue;
	struct agent_kind kind;
	size_t parallel;	/* agents that work at once, at least 1 */
	double timeout;		/* time limit of a run, in seconds */
	int kill_signal;	/* signal that ends an agent */
	double kill_timeout;	/* seconds from it to SIGKILL */
	double grace;		/* seconds that runs may continue after a stop */
	unsigned max_retries;	/* attempts after the first, for each run */
	unsigned retry_on;	/* set of bits, 1 << enum run_failure */
	double retry_delay;	/* seconds; doubles with each attempt */
	double run_delay;	/* seconds between the runs of an agent */
	size_t output_limit;	/* bytes of a run's output; 0: no limit */
	long long max_failures;	/* failed runs to stop after; 0: no limit */
	long long max_tokens;	/* tokens to stop after; 0: no limit */
	double max_time;	/* seconds to stop after; 0: no limit */
	int lines;		/* 1: the protocol is lines of text */
	int hello;		/* 1: agents send hello when ready */
	int fresh;		/* 1: every run gets a new agent */
	int ordered;		/* 1: write traces in the order of the runs */
	int failed_ok;		/* 1: failed runs are not an error */
	const regex_t *ready;	/* agents are ready after a line that matches;
				   NULL: at once, or after hello */
	struct eventlog *log;
	/* prints a message for people */
	void (*report)(const char *msg);
	/* called regularly, and at the end with last = 1; may be NULL */
	void (*progress)(const struct engine_view *v, int last);
};

#endif
