#include <errno.h>

#include "eventlog.h"
#include "input.h"
#include "internal.h"
#include "proc.h"
#include "queue.h"
#include "reaper.h"
#include "run.h"
#include "window.h"
#include "worker.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/isotime.h"
#include "json/json.h"
#include "io/out.h"

/*
 * Starts agents, ends them, and sends them runs.
 */

#define START_LIMIT 60.0	/* seconds to become ready in, at least */
#define SPAWN_TRIES 3		/* refused starts in a row, without agents */
#define SPAWN_WAIT 500000	/* us from a refused start to the next one */
#define REFUSED_AT_ONCE 100	/* runs that fail unsent in one turn */

/*
 * No run is started for the first time while more bytes of traces than this
 * wait, or more runs for their next attempt: both wait in memory.
 */
#define BACKLOG ((size_t)8 << 20)
#define PUT_OFF_MAX 10000

/* --- agents -------------------------------------------------------------- */

static size_t
count_live(const struct engine *g)
{
	size_t i, n = 0;

	for (i = 0; i < g->nworkers; i++)
		n += g->workers[i].live != 0;
	return n;
}

/* Whether an error is a shortage of the system, which may end. */
static int
is_shortage(int error)
{
	return error == EAGAIN || error == EMFILE || error == ENFILE ||
	    error == ENOMEM;
}

/*
 * Handles an agent that could not be started: the experiment continues with
 * those that live, and others are started later, or when one of them has ended.
 */
static void
handle_failed_spawn(struct engine *g, const struct err *e, int error)
{
	size_t live = count_live(g);

	if (!is_shortage(error) ||
	    (!live && ++g->failed_spawns == SPAWN_TRIES)) {
		g->plan->report(e->msg);
		g->fatal = 1;
		return;
	}
	if (live && !g->is_short)
		engine_report(g, "%s: continuing with %zu agent%s", e->msg,
		    live, live == 1 ? "" : "s");
	g->is_short |= live > 0;
	g->spawn_at = isotime_monotonic() + SPAWN_WAIT;
}

static int
start_agent(struct engine *g, struct worker *w)
{
	const struct engine_plan *p = g->plan;
	struct err e = { 0 };
	double limit = p->timeout > START_LIMIT ? p->timeout : START_LIMIT;

	if ((!g->reaper.pid && reaper_start(&g->reaper, &e)) ||
	    worker_start(w, &p->kind, g->started + 1, &e)) {
		handle_failed_spawn(g, &e, errno);
		err_release(&e);
		return -1;
	}
	g->failed_spawns = 0;
	reaper_add(&g->reaper, w->agent.proc.pid);
	g->started++;
	w->ready = !p->hello && !p->ready;
	if (!w->ready)
		w->start_by = isotime_monotonic() + engine_micro(limit);
	engine_log(g, "spawned", w, NULL, (struct eventlog_field[]){
	    EVENTLOG_INT("pid", w->agent.proc.pid), { 0 } });
	return 0;
}

void
engine_signal(struct engine *g, struct worker *w, int sig, const char *why)
{
	engine_log(g, "signalled", w, NULL, (struct eventlog_field[]){
	    EVENTLOG_STR("signal", proc_signal_name(sig)),
	    EVENTLOG_STR("why", why), { 0 } });
	proc_signal(&w->agent.proc, sig);
}

void
engine_end_agent(struct engine *g, struct worker *w, enum run_failure kind,
    const char *why, struct run *cause)
{
	if (w->end_reason)
		return;
	w->end_kind = kind;
	w->end_reason = why;
	w->cause = cause;
	if (w->agent.ended)
		return;
	w->kill_at = isotime_monotonic() + engine_micro(g->plan->kill_timeout);
	w->signalled = g->plan->kill_signal;
	engine_signal(g, w, w->signalled, why);
}

/* --- requests ------------------------------------------------------------ */

/* The next run to send, or NULL if there is none now. */
static struct run *
next_to_send(struct engine *g)
{
	struct run_end end = { .kind = RUN_ERROR, .exit_code = -1 };
	struct run *r = NULL;
	int i;

	/* inputs that cannot be run fail here, but not too many in one turn */
	for (i = 0; !g->stopping && !g->fatal && !g->no_wait; i++) {
		r = queue_next(&g->queue, g->now);
		g->fatal |= g->queue.fatal;
		g->no_wait = g->queue.again || i == REFUSED_AT_ONCE;
		if (!r)
			break;
		/* check here: without another run there is nothing to stop */
		engine_check_limits(g);
		if (g->stopping) {
			queue_return(&g->queue, r);
			break;
		}
		if (!r->input->error)
			return r;
		end.error = r->input->error;
		engine_finish(g, r, &end);
	}
	return NULL;
}

/* Appends a run's input as a line of text. */
static void
put_text_request(const struct run *r, struct buf *b)
{
	struct json_span v = json_buf(&r->input->value);
	struct buf text = { 0 };
	size_t i;

	if (json_type(v) == JSON_STRING)
		json_text(&text, v);
	else
		buf_add(&text, v.p, v.n);
	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '\n')
			buf_puts(b, "\\n");
		else if (text.p[i] == '\r')
			buf_puts(b, "\\r");
		else
			buf_byte(b, text.p[i]);
	}
	buf_byte(b, '\n');
	buf_release(&text);
}

static void
send_run(struct engine *g, struct worker *w, struct run *r)
{
	struct buf *b = &w->agent.to;
	size_t before = b->len;

	worker_add(w, r);
	r->by = w->agent.number;
	if (g->plan->lines)
		put_text_request(r, b);
	else
		run_request(r, b);
	w->request_size = b->len - before;
	engine_log(g, "sent", w, r, (struct eventlog_field[]){
	    EVENTLOG_INT("id", r->number), { 0 } });
	/* an agent that takes a request at a time starts it at once */
	if (w->pipeline > 1 || w->concurrency > 1)
		run_sent(r);
	else
		run_start(r);
}

/*
 * Returns the sum of the times that calls have been running, in microseconds.
 * The start of an agent, for which its first request waits, does not count.
 */
static int64_t
time_running(const struct engine *g)
{
	const struct run *r;
	int64_t time = 0;
	size_t i;

	for (i = 0; i < g->nworkers; i++)
		for (r = g->workers[i].runs; r && r->announced; r = r->next)
			time += g->now - r->clock;
	return time;
}

/* The number of requests that any agent may be sent ahead now. */
static unsigned
current_window(const struct engine *g)
{
	if (g->stopping || g->fatal || g->plan->run_delay > 0)
		return 1;
	return window_size(&g->window, time_running(g));
}

/*
 * The number of requests that an agent may hold, in this window. Where there
 * are several agents, that is at most half of its share of the runs left: the
 * other half goes to those that are done first.
 */
static unsigned
max_held(struct engine *g, const struct worker *w, unsigned window)
{
	size_t agents = g->plan->parallel, left;
	unsigned most = window < w->pipeline ? window : w->pipeline;

	if (agents <= 1 || most == 1)
		return most;
	left = queue_look_ahead(&g->queue, 2 * agents * most) / (2 * agents);
	return left < most ? (unsigned)left : most;
}

/* The number of requests that an agent should have at most now. */
static unsigned
max_requests(struct engine *g, const struct worker *w, unsigned window)
{
	unsigned most;

	if (g->plan->fresh)
		return !w->calls;
	most = max_held(g, w, window);
	return most > w->concurrency ? most : w->concurrency;
}

/*
 * The number of requests to send to an agent now, in this window. Requests are
 * sent ahead when half of them are answered, which takes both sides fewer
 * system calls than one at a time.
 */
static unsigned
requests_to_send(struct engine *g, const struct worker *w, unsigned window)
{
	unsigned most;

	if (!w->live || !w->ready || w->end_reason || w->agent.proc.in < 0 ||
	    w->closed_at != NEVER || w->rest_until > g->now)
		return 0;
	most = max_requests(g, w, window);
	if (w->nruns >= most ||
	    (w->nruns >= w->concurrency && w->nruns > most / 2))
		return 0;
	return most - w->nruns;
}

/* --- dispatch ------------------------------------------------------------ */

int
engine_is_idle(const struct engine *g, const struct worker *w)
{
	return w->live && !w->end_reason && !w->dismissed && !w->nruns &&
	    (!w->ready || (g->plan->fresh && !w->calls));
}

/* The number of agents that have work or can be given some. */
static size_t
count_usable(const struct engine *g)
{
	const struct worker *w;
	size_t i, n = 0;

	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		n += w->live && !(g->plan->fresh && (w->dismissed ||
		    w->end_reason || (w->calls && !w->nruns)));
	}
	return n;
}

/*
 * Takes a run off the queue, and puts it first in a list of promised runs.
 * Returns 0 if there is none.
 */
static int
promise_run(struct engine *g, struct run **promised)
{
	struct run *r = next_to_send(g);

	if (!r)
		return 0;
	r->next = *promised;
	*promised = r;
	return 1;
}

/*
 * Starts agents for the runs that idle agents will not take. An agent that is
 * ready at once gets its run in the next turn. Where each run has an agent of
 * its own, as many agents as may work are started ahead, unless an idle agent
 * has exited: its successors would exit too.
 */
static void
start_agents(struct engine *g)
{
	size_t most = g->plan->fresh && !g->no_spares ?
	    2 * g->plan->parallel : g->plan->parallel;
	size_t usable = count_usable(g), i;
	struct run *r, *promised = NULL;
	struct worker *w;
	int more = 1;

	for (i = 0; i < g->nworkers && more && !g->fatal; i++)
		if (engine_is_idle(g, &g->workers[i]))
			more = promise_run(g, &promised);
	if (g->spawn_at > g->now)
		more = 0;
	for (i = 0; i < g->nworkers && more && !g->fatal; i++) {
		w = &g->workers[i];
		if (w->live || usable >= most)
			continue;
		more = promise_run(g, &promised) && !start_agent(g, w);
		usable += (size_t)more;
		g->dispatch_again |= more && w->ready;
	}
	while ((r = promised)) {
		promised = r->next;
		queue_return(&g->queue, r);
	}
}

int
engine_is_backlogged(const struct engine *g)
{
	return out_pending(g->out) + g->reorder.held > BACKLOG ||
	    g->queue.nlater >= PUT_OFF_MAX;
}

/* The number of agents that have runs. */
static size_t
count_busy(const struct engine *g)
{
	size_t i, n = 0;

	for (i = 0; i < g->nworkers; i++)
		n += g->workers[i].nruns > 0;
	return n;
}

void
engine_dispatch(struct engine *g)
{
	size_t i, busy = count_busy(g);
	struct worker *w;
	struct run *r;
	unsigned n, window = current_window(g);

	g->queue.waiting = 0;
	g->queue.hold = engine_is_backlogged(g);
	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		n = requests_to_send(g, w, window);
		if (!n || (!w->nruns && busy >= g->plan->parallel))
			continue;
		busy += !w->nruns;
		for (; n > 0 && (r = next_to_send(g)); n--)
			send_run(g, w, r);
	}
	start_agents(g);
}
