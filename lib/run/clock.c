#include <unistd.h>

#include "json/isotime.h"
#include "agent.h"
#include "internal.h"
#include "proc.h"
#include "queue.h"
#include "run.h"
#include "worker.h"

/*
 * Handles what is due: time limits of runs and agents, and the stop of the
 * experiment.
 */

#define END_WAIT 100000		/* us from closed output to the agent's exit */

static void
kill_agent(struct engine *g, struct worker *w)
{
	w->kill_at = NEVER;
	w->killed = 1;
	engine_signal(g, w, SIGKILL, "it is still there");
}

/* Fails the run that is late, and ends its agent. */
static void
time_out(struct engine *g, struct worker *w, struct run *late)
{
	if (!late->started)
		run_started_at(late, w->head_since);
	engine_log(g, "late", w, late, NULL);
	engine_end_agent(g, w, RUN_TIMEOUT, "the run took longer than "
	    "timeout_seconds", late);
}

/* Ends an agent that is late, or has closed a pipe that it still needs. */
static void
check_worker(struct engine *g, struct worker *w)
{
	int64_t now = g->now;
	struct run *late = NULL;

	if ((w->agent.from_eof || (w->agent.input_closed && w->nruns)) &&
	    w->closed_at == NEVER && !w->dismissed)
		w->closed_at = now;
	if (w->end_reason || w->closed_at != NEVER) {
		if (!w->end_reason && now >= w->closed_at + END_WAIT)
			engine_end_agent(g, w, RUN_CRASH, w->agent.from_eof ?
			    "the agent closed its output" :
			    "the agent closed its input", NULL);
	} else if (now >= w->start_by) {
		engine_not_ready(g, "the agent did not get ready in time");
		w->start_by = NEVER;
		engine_end_agent(g, w, RUN_CRASH, "it did not get ready",
		    NULL);
	} else if (now >= worker_late(w, engine_micro(g->plan->timeout),
	    &late)) {
		time_out(g, w, late);
	}
	if (now >= w->kill_at)
		kill_agent(g, w);
}

/*
 * Closes the standard input of an agent that gets no more work, so that it
 * exits by itself. Unwritten input is dropped.
 */
static void
dismiss(struct engine *g, struct worker *w)
{
	if (w->dismissed)
		return;
	w->dismissed = 1;
	w->closed_at = NEVER;
	agent_close_input(&w->agent);
	if (w->kill_at == NEVER)
		w->kill_at = isotime_monotonic() +
		    engine_micro(g->plan->kill_timeout);
	engine_log(g, "dismissed", w, NULL, NULL);
}

/* Whether an agent is idle and gets no more work. */
static int
is_done_with(const struct engine *g, const struct worker *w)
{
	return !w->nruns && (!engine_has_work(g) || w->agent.proc.in < 0 ||
	    (g->plan->fresh && w->calls));
}

/*
 * Whether a signal asks to end running runs at once: the second one, or the
 * first if a limit has stopped the experiment before.
 */
static int
is_urgent(const struct engine *g)
{
	int needed = g->by_limit ? 1 : 2;

	return g->stopping && proc_stops >= needed;
}

/* Stops the experiment if that is due, and then ends the running runs. */
static void
check_stop(struct engine *g)
{
	int urgent, expired;
	struct worker *w;
	size_t i;

	if (proc_stops && !g->stopping)
		engine_stop(g, "%s", proc_signal_name(proc_stop_signal));
	if (g->now >= g->max_time_at &&
	    (engine_has_work(g) || engine_in_flight(g)))
		engine_stop(g, "%g seconds are over", g->plan->max_time);
	urgent = is_urgent(g);
	expired = g->stopping && g->now >= g->stop_by;
	if (!g->fatal && !urgent && !expired)
		return;
	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		if (!w->live)
			continue;
		engine_end_agent(g, w, RUN_CANCELLED,
		    "the experiment was stopped", NULL);
		/* no time for the agent to react to its signal */
		if (urgent && !w->killed)
			w->kill_at = g->now;
	}
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The time when something about an agent is due next. */
static int64_t
next_of_worker(const struct engine *g, const struct worker *w)
{
	struct run *late;
	int64_t next = w->kill_at;

	if (w->end_reason)
		return next;
	if (w->closed_at != NEVER)
		next = earlier(next, w->closed_at + END_WAIT);
	next = earlier(next, w->start_by);
	next = earlier(next, worker_late(w, engine_micro(g->plan->timeout),
	    &late));
	if (w->settle_at > g->now)
		next = earlier(next, w->settle_at);
	if (w->rest_until > g->now && engine_has_work(g))
		next = earlier(next, w->rest_until);
	return next;
}

int64_t
engine_check_clock(struct engine *g)
{
	int64_t next = NEVER;
	struct worker *w;
	size_t i;

	check_stop(g);
	if (g->stopping && g->stop_by > g->now)
		next = g->stop_by;
	if (!g->stopping && g->max_time_at > g->now)
		next = earlier(next, g->max_time_at);
	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		if (!w->live)
			continue;
		if (w->settle_at && w->settle_at <= g->now && !w->calls)
			engine_take_lines(g, w);
		check_worker(g, w);
		if (is_done_with(g, w))
			dismiss(g, w);
		next = earlier(next, next_of_worker(g, w));
	}
	/* a retry that is due waits for an agent, not for the clock */
	if (engine_has_work(g) && queue_due(&g->queue) > g->now)
		next = earlier(next, queue_due(&g->queue));
	if (g->spawn_at > g->now && engine_has_work(g))
		next = earlier(next, g->spawn_at);
	if (g->plan->progress)
		next = earlier(next, g->progress_at);
	return next;
}
