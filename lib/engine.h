#ifndef ENGINE_H
#define ENGINE_H

/*
 * Runs inputs on agents: starts agents, sends them work, watches the clock,
 * and writes a trace for every run. json.h, source.h, out.h, buf.h, proc.h,
 * environ.h, agent.h, record.h, config.h and job.h have to be included before.
 */
#include <regex.h>
#include <stddef.h>
#include <stdint.h>

struct engine_plan {
	const char *name;	/* the experiment's */
	const struct job_plan *jobs;
	struct agent_kind kind;
	size_t parallel;	/* agents side by side, at least 1 */
	long long iterations;
	double timeout;		/* seconds a run may take */
	double kill_timeout;	/* seconds between SIGTERM and SIGKILL */
	double grace;		/* seconds for running ones after a stop */
	unsigned max_retries;
	double retry_delay;	/* seconds, doubled with each attempt */
	double run_delay;	/* seconds between the runs of an agent */
	const int64_t *seed;	/* NULL: random trace ids */
	int lines;		/* the protocol of plain lines */
	int greets;		/* agents begin with hello: wait for it */
	int fresh;		/* a new agent for every run */
	const regex_t *ready;	/* nothing is sent before a line matches it */
	char *const *personas;	/* keep only inputs of these; NULL: all */
	size_t npersonas;
	void (*say)(const char *msg);
	/* called now and then, and once at the end; may be NULL */
	void (*progress)(long long done, long long failed, int last);
};

/*
 * Runs every input of s, iterations times each, and writes the traces to o as
 * they finish. Returns an exit status as fluxloop(7) has them: 0, 1, 2, 130 or
 * 143. What went wrong has been said.
 */
int engine_run(const struct engine_plan *plan, struct source *s,
    struct out *o);

#endif
