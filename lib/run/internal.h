#ifndef INTERNAL_H
#define INTERNAL_H

/*
 * The state of an experiment that runs, which the engine's files share:
 * engine.c has the loop and the ends of runs, dispatch.c starts agents and
 * sends runs, reply.c handles what agents write, clock.c what is due.
 */
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "eventlog.h"
#include "histogram.h"
#include "plan.h"
#include "queue.h"
#include "reaper.h"
#include "reorder.h"
#include "run.h"
#include "window.h"
#include "worker.h"

struct buf;
struct out;

struct engine {
	const struct engine_plan *plan;
	struct queue queue;
	struct out *out;
	struct reorder reorder;	/* traces that wait for earlier ones */
	struct reaper reaper;
	struct worker *workers;
	size_t nworkers;
	unsigned started;	/* number of the agent started last */
	int no_spares;		/* idle agents exit: start none ahead */
	int signal_fd;		/* readable when a signal has come */
	int64_t now;		/* monotonic time of this turn of the loop */
	struct engine_view view;
	struct histogram durations;	/* durations of runs, in microseconds */
	struct window window;	/* requests that agents are sent ahead */
	long long tokens;	/* used by all runs and attempts so far */
	int agents_log_failed;	/* agents.jsonl cannot be written */
	int was_ready;		/* some agent has been ready */
	int failed_starts;	/* consecutive agents that were never ready */
	int failed_spawns;	/* consecutive agents not started, with none
				   running */
	int is_short;		/* 1: it was reported that there are few
				   agents */
	int64_t spawn_at;	/* no agent is started before this time */
	int unasked;		/* 1: agents wrote lines without a request */
	struct buf doubted;	/* numbers of agents whose answers may belong
				   to other inputs: "1-3, 5" */
	unsigned last_doubted;	/* the last of them */
	long long ndoubted;	/* their answers */
	int fatal;		/* stop with status 2 */
	int dispatch_again;	/* an agent is ready for work in this turn */
	int no_wait;		/* begin the next turn at once */
	int stopping;		/* no more runs are started */
	int by_limit;		/* stopping for a limit, not a signal */
	int64_t stop_by;	/* end of the grace time */
	int64_t max_time_at;	/* end of --max-time */
	int64_t progress_at;	/* time of the next progress line */
	struct pollfd *fds;
};

/* Seconds as microseconds. */
int64_t engine_micro(double seconds);

/* Prints a message for people. */
void engine_report(const struct engine *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The text of n bytes with the values of secrets masked, appended to b. Returns
 * it, ended by a NUL that does not count.
 */
const char *engine_mask(const struct engine *g, const char *p, size_t n,
    struct buf *b);

/*
 * Logs an event of an agent, a run or both (either may be NULL), with the
 * fields of a list as eventlog_add takes it (NULL: none).
 */
void engine_log(const struct engine *g, const char *event,
    const struct worker *w, const struct run *r,
    const struct eventlog_field *fields);

/* Stops the experiment if a limit is reached. */
void engine_check_limits(struct engine *g);

/* Starts no more runs, for a reason that is printed and logged. */
void engine_stop(struct engine *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether there is a run to start, or may be one later. */
int engine_has_work(const struct engine *g);

/* The number of runs that agents have been sent and not answered. */
long long engine_in_flight(const struct engine *g);

/* Writes the trace of a run and frees the run. */
void engine_finish(struct engine *g, struct run *r, const struct run_end *end);

/* Deals with a failed attempt: queues the next one, or finishes the run. */
void engine_fail(struct engine *g, struct run *r, const struct run_end *end);

/* Sends runs to agents that take more, and starts agents. (dispatch.c) */
void engine_dispatch(struct engine *g);

/* Whether an agent has no run and can be sent one, now or once it is ready. */
int engine_is_idle(const struct engine *g, const struct worker *w);

/* Whether so much waits in memory that only retries may start. */
int engine_is_backlogged(const struct engine *g);

/* Sends a signal to an agent's process group, for a reason that is logged. */
void engine_signal(struct engine *g, struct worker *w, int sig,
    const char *why);

/*
 * Ends an agent and fails its started runs with this kind and reason. cause is
 * the run that the reason is about, or NULL for all.
 */
void engine_end_agent(struct engine *g, struct worker *w,
    enum run_failure kind, const char *why, struct run *cause);

/*
 * Reports the agents whose answers may belong to other inputs, if there are
 * any. (reply.c)
 */
void engine_report_doubts(const struct engine *g);

/* Handles the whole lines that an agent has written. (reply.c) */
void engine_take_lines(struct engine *g, struct worker *w);

/*
 * Handles the unfinished last line of an agent that has exited: a complete
 * message counts, a part of a line of text is not an answer.
 */
void engine_take_rest(struct engine *g, struct worker *w);

/*
 * Reports an agent that did not become ready. That ends the experiment if none
 * ever was, as none would be; later only if several in a row are not.
 */
void engine_not_ready(struct engine *g, const char *why);

/* Does what is due. Returns the time when something is due next. (clock.c) */
int64_t engine_check_clock(struct engine *g);

#endif
