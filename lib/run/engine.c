#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "io/line.h"
#include "io/out.h"
#include "io/source.h"
#include "config/env.h"
#include "completed.h"
#include "eventlog.h"
#include "histogram.h"
#include "input.h"
#include "message.h"
#include "proc.h"
#include "reaper.h"
#include "reorder.h"
#include "run.h"
#include "worker.h"
#include "engine.h"

/*
 * Requests are sent ahead only while calls are shorter than this: waiting for
 * a reply costs about 20 microseconds, so longer calls gain nothing, and could
 * have been given to another agent.
 */
#define SHORT_CALL 1000			/* microseconds */
#define START_LIMIT 60.0		/* seconds to say hello, at least */
#define END_WAIT 100000			/* from closed output to its exit, us */
#define PROGRESS_EVERY 100000		/* microseconds */
#define START_TRIES 3			/* in a row, once one was ready */
#define REFUSED_AT_ONCE 100
#define LONG_LINE ((size_t)1 << 20)	/* for what cannot be a message */
#define INPUT_SHOWN 60			/* bytes of the input, to people */

/*
 * No run is begun for the first time while more bytes of traces than this wait,
 * or more runs for their next attempt: what waits is in memory.
 */
#define BACKLOG ((size_t)8 << 20)
#define PUT_OFF_MAX 10000

struct engine {
	const struct engine_plan *plan;
	struct queue queue;
	struct out *out;
	struct reorder reorder;	/* traces that wait for earlier ones */
	struct reaper reaper;
	struct worker *workers;
	size_t nworkers;
	unsigned started;	/* the number of the last agent */
	int no_spares;		/* agents end when they have to wait */
	int signal_fd;		/* descriptor that tells of signals */
	int64_t now;		/* this turn's time: what is due goes by it */
	struct engine_view view;
	struct histogram durations;	/* durations in microseconds */
	long long tokens;
	int agents_log_failed;	/* agents.jsonl cannot be written */
	int was_ready;		/* an agent was ready once */
	int failed_starts;		/* so many in a row were not, since then */
	int fatal;		/* stop with status 2 */
	int dispatch_again;		/* there is work to give at once */
	int no_wait;		/* do not wait in this turn */
	int stopping;		/* no more runs are begun */
	int by_limit;		/* for another reason than a signal */
	int64_t stop_by;	/* when those that run are ended */
	int64_t max_time_at;	/* when --max-time is over */
	int64_t progress_at;
	struct pollfd *fds;
};

static int64_t
micro(double seconds)
{
	return seconds < 1e12 ? (int64_t)(seconds * 1e6) : (int64_t)1e18;
}

/* --- telling ------------------------------------------------------------- */

static void report(const struct engine *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
report(const struct engine *g, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	g->plan->report(buf_str(&b));
	buf_release(&b);
}

/* Begins an event of the journal about an agent, a run, or both. */
static struct buf *
begin_event(const struct engine *g, const char *name, const struct worker *w,
    const struct run *r)
{
	struct buf *b = eventlog_begin(g->plan->log, name);

	if (b && w)
		json_add_int(b, "agent", w->agent.number);
	if (b && r) {
		json_add_str(b, "run_id", r->id);
		json_add_int(b, "attempt", r->attempt);
	}
	return b;
}

static void
log_event(const struct engine *g, const char *name, const struct worker *w,
    const struct run *r)
{
	if (begin_event(g, name, w, r))
		eventlog_end(g->plan->log);
}

static void
log_end(const struct engine *g, const char *name, const struct run *r,
    const struct run_end *end, int64_t took)
{
	struct buf *b = begin_event(g, name, NULL, r);

	if (!b)
		return;
	json_add_str(b, "trace_id", r->trace_id);
	json_add_bool(b, "success", !end->error);
	if (end->error)
		json_add_str(b, "error_kind", run_failures[end->kind]);
	json_add_int(b, "took_us", took);
	eventlog_end(g->plan->log);
}

static void
report_run(const struct engine *g, const struct worker *w, const struct run *r)
{
	const struct buf *input = &r->input->value;
	size_t shown = input->len;

	/* no half of a character */
	if (shown > INPUT_SHOWN)
		shown = utf8_check(input->p, INPUT_SHOWN);
	report(g, "running for %.1f s: run %s, iteration %lld, attempt %u, "
	    "agent %u (pid %ld): %.*s%s",
	    (double)(isotime_monotonic() - r->clock) / 1e6, r->id,
	    r->iteration, r->attempt, w->agent.number,
	    (long)w->agent.proc.pid, (int)shown, input->p,
	    shown < input->len ? "..." : "");
}

/* What runs now, for who asks with SIGUSR1. */
static void
report_running(const struct engine *g)
{
	const struct run *r;
	size_t i;
	long long n = 0;

	for (i = 0; i < g->nworkers; i++)
		for (r = g->workers[i].runs; r; r = r->next)
			if (r->started) {
				report_run(g, &g->workers[i], r);
				n++;
			}
	report(g, "%lld running, %lld done, %lld failed, %zu to be tried again",
	    n, g->view.done, g->view.failed, g->queue.nlater);
}

/* --- stopping ------------------------------------------------------------ */

static long long
count_runs(const struct engine *g)
{
	long long n = 0;
	size_t i;

	for (i = 0; i < g->nworkers; i++)
		n += g->workers[i].nruns;
	return n;
}

/* No more runs are begun, for the reason that fmt and the rest give. */
static void stop_starting(struct engine *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
stop_starting(struct engine *g, const char *fmt, ...)
{
	long long n = count_runs(g);
	struct buf b = { 0 }, *line;
	va_list ap;

	if (g->stopping || g->fatal)
		return;
	g->stopping = 1;
	g->by_limit = !proc_stops;
	g->stop_by = isotime_monotonic() + micro(g->plan->grace);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	line = begin_event(g, "stopping", NULL, NULL);
	if (line) {
		json_add_str(line, "why", buf_str(&b));
		eventlog_end(g->plan->log);
	}
	buf_puts(&b, ": no more runs are begun");
	if (n)
		buf_printf(&b, "; %lld may go on for %g s%s", n,
		    g->plan->grace, proc_stops ?
		    ", and another signal ends them at once" : "");
	g->plan->report(buf_str(&b));
	buf_release(&b);
}

/* Stops when a limit was reached. */
static void
check_limits(struct engine *g)
{
	const struct engine_plan *p = g->plan;

	if (p->max_failures && g->view.failed >= p->max_failures)
		stop_starting(g, g->view.failed == 1 ? "%lld run has failed" :
		    "%lld runs have failed", g->view.failed);
	if (p->max_tokens && g->tokens >= p->max_tokens)
		stop_starting(g, "%lld tokens were used", g->tokens);
}

/* --- ends of runs -------------------------------------------------------- */

/* Counts the tokens that a run has used since it was counted last. */
static void
count_used(struct engine *g, struct run *r)
{
	if (g->tokens < RUN_TOKENS_MAX)
		g->tokens += r->tokens[2] - r->counted;
	r->counted = r->tokens[2];
}

static void
finish_run(struct engine *g, struct run *r, const struct run_end *end)
{
	struct buf line = { 0 }, *out = out_begin(g->out);
	int64_t took;

	took = run_trace(r, end, g->plan->ordered ? &line : out);
	if (g->plan->ordered)
		reorder_add(&g->reorder, r->place, &line, out);
	log_end(g, "done", r, end, took);
	if (!end->error || end->kind != RUN_CANCELLED) {
		g->view.done++;
		g->view.failed += end->error != NULL;
		histogram_add(&g->durations, took);
	}
	count_used(g, r);
	run_free(r);
}

/*
 * How long to wait before the next attempt: twice as long each time, and up to
 * half of that more, so that runs that failed together do not come back
 * together ("Exponential Backoff And Jitter", Marc Brooker, 2015). Which part
 * of the half goes by the run, so that it is the same each time.
 */
static int64_t
retry_delay_of(const struct engine *g, const struct run *r)
{
	double jitter = (double)(hash_bytes(r->attempt, 0, r->id,
	    strlen(r->id)) >> 11) / 9007199254740992.0;

	return micro(g->plan->retry_delay * (1 + jitter / 2) *
	    pow(2, r->attempt < 64 ? r->attempt - 1.0 : 63));
}

/* A run failed: tries it again where that is wanted, or gives its trace. */
static void
fail_run(struct engine *g, struct run *r, const struct run_end *end)
{
	int64_t wait = retry_delay_of(g, r);
	struct buf *b;

	if (r->attempt > g->plan->max_retries || g->stopping || g->fatal ||
	    !(g->plan->retry_on >> end->kind & 1)) {
		finish_run(g, r, end);
		return;
	}
	if (!r->started)
		run_start(r);
	log_end(g, "failed", r, end, isotime_monotonic() - r->clock);
	count_used(g, r);
	run_retry(r, end);
	b = begin_event(g, "waits", NULL, r);
	if (b) {
		json_add_int(b, "wait_us", wait);
		eventlog_end(g->plan->log);
	}
	queue_later(&g->queue, r, isotime_monotonic() + wait);
}

/* --- work to be done ----------------------------------------------------- */

/* The next run to send, or NULL when there is none now. */
static struct run *
next_to_send(struct engine *g)
{
	struct run_end end = { .kind = RUN_ERROR, .exit_code = -1 };
	struct run *r = NULL;
	int i;

	/* those that cannot be run have failed; not too many in one turn */
	for (i = 0; !g->stopping && !g->fatal && !g->no_wait; i++) {
		r = queue_next(&g->queue, g->now);
		g->fatal |= g->queue.fatal;
		g->no_wait = g->queue.again || i == REFUSED_AT_ONCE;
		if (!r)
			break;
		/* only now: what has no run left to begin is not stopped */
		check_limits(g);
		if (g->stopping) {
			queue_return(&g->queue, r);
			break;
		}
		if (!r->input->error)
			return r;
		end.error = r->input->error;
		finish_run(g, r, &end);
	}
	return NULL;
}

/* --- agents -------------------------------------------------------------- */

static int
start_agent(struct engine *g, struct worker *w)
{
	const struct engine_plan *p = g->plan;
	struct err e = { 0 };
	double limit = p->timeout > START_LIMIT ? p->timeout : START_LIMIT;
	struct buf *b;

	if ((!g->reaper.pid && reaper_start(&g->reaper, &e)) ||
	    worker_start(w, &p->kind, g->started + 1, &e)) {
		p->report(e.msg);
		err_release(&e);
		g->fatal = 1;
		return -1;
	}
	reaper_add(&g->reaper, w->agent.proc.pid);
	g->started++;
	w->ready = !p->hello && !p->ready;
	if (!w->ready)
		w->start_by = isotime_monotonic() + micro(limit);
	b = begin_event(g, "spawned", w, NULL);
	if (b) {
		json_add_int(b, "pid", w->agent.proc.pid);
		eventlog_end(p->log);
	}
	return 0;
}

static void
signal_agent(struct engine *g, struct worker *w, int sig, const char *why)
{
	struct buf *b = begin_event(g, "signalled", w, NULL);

	if (b) {
		json_add_str(b, "signal", proc_signal_name(sig));
		json_add_str(b, "why", why);
		eventlog_end(g->plan->log);
	}
	proc_signal(&w->agent.proc, sig);
}

/* Ends an agent, and with it the runs that it began. */
static void
end_agent(struct engine *g, struct worker *w, enum run_failure kind,
    const char *why, struct run *cause)
{
	if (w->end_reason)
		return;
	w->end_kind = kind;
	w->end_reason = why;
	w->cause = cause;
	w->kill_at = isotime_monotonic() + micro(g->plan->kill_timeout);
	w->signalled = g->plan->kill_signal;
	signal_agent(g, w, w->signalled, why);
}

static void
kill_agent(struct engine *g, struct worker *w)
{
	w->kill_at = NEVER;
	w->killed = 1;
	signal_agent(g, w, SIGKILL, "it is still there");
}

static void
put_lines_request(const struct run *r, struct buf *b)
{
	struct json_span v = { r->input->value.p, r->input->value.len };
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
		put_lines_request(r, b);
	else
		run_request(r, b);
	w->request_size = b->len - before;
	b = begin_event(g, "sent", w, r);
	if (b) {
		json_add_int(b, "id", r->number);
		eventlog_end(g->plan->log);
	}
	/* one that takes a request at a time starts at once */
	if (w->pipeline > 1 || w->concurrency > 1)
		run_sent(r);
	else
		run_start(r);
}

/* How many requests a slot should have now. */
static unsigned
wanted_depth(const struct engine *g, const struct worker *w)
{
	if (g->plan->fresh)
		return !w->calls;
	if (w->quick && g->plan->run_delay <= 0)
		return w->pipeline > w->concurrency ? w->pipeline :
		    w->concurrency;
	return w->concurrency;
}

/*
 * How many requests to send now. They are sent ahead in half dozens and more,
 * which costs both sides fewer system calls than one each time.
 */
static unsigned
free_requests(const struct engine *g, const struct worker *w)
{
	unsigned most = wanted_depth(g, w);

	if (!w->live || !w->ready || w->end_reason || w->agent.proc.in < 0 ||
	    w->closed_at != NEVER || w->rest_until > g->now || w->nruns >= most)
		return 0;
	if (w->nruns >= w->concurrency && w->nruns > most / 2)
		return 0;
	return most - w->nruns;
}

/* An agent that waits for its first run, or will once it is ready. */
static int
is_idle(const struct engine *g, const struct worker *w)
{
	return w->live && !w->end_reason && !w->dismissed && !w->nruns &&
	    (!w->ready || (g->plan->fresh && !w->calls));
}

/*
 * Starts agents for the runs that those which are idle already will not take.
 * One that is ready at once gets its run in the next turn. Where each run has
 * an agent of its own, as many as may work are started ahead, unless one has
 * ended while it waited: others would, one after the other.
 */
static void
start_agents(struct engine *g)
{
	size_t most = g->plan->fresh && !g->no_spares ?
	    2 * g->plan->parallel : g->plan->parallel, usable = 0, i;
	struct run *r, *promised = NULL;
	struct worker *w;
	int starting;

	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		usable += w->live && !(g->plan->fresh && (w->dismissed ||
		    w->end_reason || (w->calls && !w->nruns)));
	}
	/* first those that are there, then those that are not */
	for (i = 0; i < 2 * g->nworkers && !g->fatal; i++) {
		w = &g->workers[i % g->nworkers];
		starting = i >= g->nworkers;
		if (starting ? w->live || usable >= most : !is_idle(g, w))
			continue;
		r = next_to_send(g);
		if (!r)
			break;
		r->next = promised;
		promised = r;
		if (starting && start_agent(g, w))
			break;
		usable += (size_t)starting;
		g->dispatch_again |= starting && w->ready;
	}
	while ((r = promised)) {
		promised = r->next;
		queue_return(&g->queue, r);
	}
}

/*
 * Whether so much waits that no run is to be begun for the first time. Others
 * are: what waits may wait for them.
 */
static int
is_backlogged(const struct engine *g)
{
	return out_pending(g->out) + g->reorder.held > BACKLOG ||
	    g->queue.nlater >= PUT_OFF_MAX;
}

/* How many agents are at work. */
static size_t
count_busy(const struct engine *g)
{
	size_t i, n = 0;

	for (i = 0; i < g->nworkers; i++)
		n += g->workers[i].nruns > 0;
	return n;
}

/* Gives work to slots that have room, starting agents as they are needed. */
static void
dispatch(struct engine *g)
{
	size_t i, working = count_busy(g);
	struct worker *w;
	struct run *r;
	unsigned n;

	g->queue.waiting = 0;
	g->queue.hold = is_backlogged(g);
	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		n = free_requests(g, w);
		if (!n || (!w->nruns && working >= g->plan->parallel))
			continue;
		working += !w->nruns;
		for (; n > 0 && (r = next_to_send(g)); n--)
			send_run(g, w, r);
	}
	start_agents(g);
}

/* --- what agents say ----------------------------------------------------- */

/* Whether what an agent says of a run comes too late: it was given up. */
static int
is_given_up(const struct worker *w, const struct run *r)
{
	return w->end_reason && r == w->cause;
}

/* A reply came: the run is over, since the agent's clock showed this, or 0. */
static void
take_reply(struct engine *g, struct worker *w, struct run *r,
    struct run_end *end, int64_t clock)
{
	struct buf tail = { 0 };
	int64_t now = isotime_monotonic();

	if (!r->started)
		run_started_at(r, w->head_since);
	run_ended_at(r, clock);
	w->calls++;
	g->was_ready = 1;
	w->quick = now - r->clock < SHORT_CALL;
	w->rest_until = now + micro(g->plan->run_delay);
	worker_remove(w, r);
	if (end->error) {
		agent_take_errors(&w->agent, &tail);
		end->stderr_tail = tail.p;
		end->stderr_len = tail.len;
		fail_run(g, r, end);
	} else {
		/* what it said so far is of no other run */
		if (!w->nruns)
			agent_discard_errors(&w->agent);
		finish_run(g, r, end);
	}
	buf_release(&tail);
}

static void
mark_ready(struct engine *g, struct worker *w)
{
	w->ready = 1;
	w->start_by = NEVER;
	g->was_ready = 1;
	g->failed_starts = 0;
}

/*
 * An agent did not get ready. If none ever did, none will. Later that need not
 * be so, and is no reason to end what has gone on for hours.
 */
static void
report_unready(struct engine *g, const char *why)
{
	if (g->fatal || g->stopping)
		return;
	g->plan->report(why);
	g->fatal = !g->was_ready || ++g->failed_starts == START_TRIES;
}

static void
on_hello(struct engine *g, struct worker *w, const struct message *m)
{
	w->said_hello = 1;
	w->pipeline = message_count(m, MESSAGE_HAS_PIPELINE);
	w->concurrency = message_count(m, MESSAGE_HAS_CONCURRENCY);
	if (!g->plan->ready)
		mark_ready(g, w);
	log_event(g, "hello", w, NULL);
}

static void
on_final(struct engine *g, struct worker *w, struct run *r,
    const struct message *m)
{
	struct run_end end = { .exit_code = -1 };
	struct buf clean = { 0 };

	if (m->v[MESSAGE_HAS_OUTPUT].p) {
		json_compact(&clean, m->v[MESSAGE_HAS_OUTPUT]);
		end.output.p = clean.p;
		end.output.n = clean.len;
	}
	take_reply(g, w, r, &end, message_clock(m));
	buf_release(&clean);
}

static void
on_error(struct engine *g, struct worker *w, struct run *r,
    const struct message *m)
{
	struct run_end end = { .kind = RUN_ERROR, .exit_code = -1 };
	struct buf text = { 0 }, code = { 0 };

	message_text(m, MESSAGE_HAS_ERROR, &text);
	if (json_is(m->v[MESSAGE_HAS_CODE], JSON_STRING)) {
		message_text(m, MESSAGE_HAS_CODE, &code);
		end.code = buf_str(&code);
	}
	end.error = text.len ? buf_str(&text) : "the agent reported an error";
	end.error_len = text.len;
	take_reply(g, w, r, &end, message_clock(m));
	buf_release(&text);
	buf_release(&code);
}

/* An agent that cannot do any work says so before it is given any. */
static void
setup_failed(struct engine *g, struct worker *w, const struct message *m)
{
	struct buf text = { 0 };

	message_text(m, MESSAGE_HAS_ERROR, &text);
	report_unready(g, text.len ? buf_str(&text) : "the agent cannot start");
	end_agent(g, w, RUN_CRASH, "the agent cannot start", w->runs);
	buf_release(&text);
}

/* Takes a message about a run in flight. */
static void
handle_for_run(struct engine *g, struct worker *w, struct run *r,
    const struct message *m)
{
	switch (m->type) {
	case MESSAGE_START:
		if (r->announced || is_given_up(w, r))
			break;
		run_began_at(r, message_clock(m));
		log_event(g, "started", w, r);
		break;
	case MESSAGE_DELTA:
		if (m->v[MESSAGE_HAS_DELTA].p)
			run_delta(r, m->v[MESSAGE_HAS_DELTA]);
		break;
	case MESSAGE_OBSERVATION:
		if (m->v[MESSAGE_HAS_OBSERVATION].p)
			run_observe(r, m->v[MESSAGE_HAS_OBSERVATION]);
		break;
	case MESSAGE_CALLBACK:
		run_callback(r, m->v[MESSAGE_HAS_NAME], m->v[MESSAGE_HAS_KIND],
		    m->v[MESSAGE_HAS_ARGS], m->v[MESSAGE_HAS_KWARGS]);
		break;
	case MESSAGE_FINAL:
		if (!is_given_up(w, r))
			on_final(g, w, r, m);
		break;
	case MESSAGE_ERROR:
		if (!is_given_up(w, r))
			on_error(g, w, r, m);
		break;
	default:
		break;
	}
}

/* Ends an agent that is not to be believed, and hears it no more. */
static void
discard_agent(struct engine *g, struct worker *w, struct run *r,
    const char *why)
{
	w->discarded = 1;
	agent_skip_line(&w->agent);
	end_agent(g, w, RUN_PROTOCOL, why, r);
}

/* Handles a line of the protocol. Returns 0 when it is none. */
static int
handle_message(struct engine *g, struct worker *w, const char *p, size_t n)
{
	struct message m;
	struct run *r;

	message_read(&m, p, n);
	if (m.type == MESSAGE_NONE)
		return 0;
	if (m.type == MESSAGE_HELLO) {
		on_hello(g, w, &m);
		return 1;
	}
	if (m.type == MESSAGE_ERROR && !m.v[MESSAGE_HAS_ID].p && !w->said_hello &&
	    !w->calls && message_is(&m, MESSAGE_HAS_CODE, "setup")) {
		setup_failed(g, w, &m);
		return 1;
	}
	r = worker_find(w, m.id);
	if (r) {
		handle_for_run(g, w, r, &m);
		return 1;
	}
	/* about a run that is over: late, and of no use */
	if (m.id >= 1 && m.id <= w->number)
		return 1;
	if (w->runs)
		discard_agent(g, w, w->runs, "the agent answered a request that "
		    "it was not sent");
	return 0;
}

static void
lines_reply(struct engine *g, struct worker *w, const char *p, size_t n)
{
	struct run_end end = { .exit_code = -1 };
	struct buf text = { 0 };

	while (n && p[n - 1] == '\r')
		n--;
	json_put_text(&text, p, n);
	end.output.p = text.p;
	end.output.n = text.len;
	take_reply(g, w, w->runs, &end, 0);
	buf_release(&text);
}

/* Whether a line is the one that an agent is ready with. */
static int
matches_ready(const struct engine *g, const char *p, size_t n)
{
	char *text = xmemdup(p, n);
	int yes = regexec(g->plan->ready, text, 0, NULL, 0) == 0;

	free(text);
	return yes;
}

static void
handle_line(struct engine *g, struct worker *w, const char *p, size_t n)
{
	if (g->plan->ready && !w->ready && matches_ready(g, p, n)) {
		mark_ready(g, w);
		log_event(g, "ready", w, NULL);
	}
	if (g->plan->lines) {
		if (w->runs && !is_given_up(w, w->runs))
			lines_reply(g, w, p, n);
		return;
	}
	if (!handle_message(g, w, p, n) && w->runs)
		run_printed(w->runs, p, n);
}

/* Whether a line can still become a message. */
static int
can_be_message(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && memchr(" \t\r", p[i], 3); i++)
		;
	return i == n || p[i] == '{';
}

static const char too_long[] = "the agent said more of one run than "
    "limits.output_mb allows";

/* Looks at how much an agent has said, and at a line that does not end. */
static void
check_output_size(struct engine *g, struct worker *w)
{
	size_t limit = g->plan->output_limit, n;
	struct run *r;
	const char *p;

	n = agent_peek(&w->agent, &p);
	if (n > LONG_LINE && !g->plan->lines && !can_be_message(p, n)) {
		if (w->runs)
			run_printed(w->runs, p, n);
		agent_skip_line(&w->agent);
		n = 0;
	}
	if (limit && n > limit) {
		discard_agent(g, w, w->runs, too_long);
		return;
	}
	/* looked at once in a while, as it takes long to get so far */
	if (!limit || w->unchecked <= limit / 16)
		return;
	w->unchecked = 0;
	for (r = w->runs; r; r = r->next)
		if (run_size(r) > limit) {
			discard_agent(g, w, r, too_long);
			return;
		}
}

static void
handle_lines(struct engine *g, struct worker *w)
{
	const char *p;
	size_t n;

	while (!w->discarded && agent_line(&w->agent, &p, &n)) {
		w->unchecked += n;
		handle_line(g, w, p, n);
	}
	if (!w->discarded)
		check_output_size(g, w);
}

/*
 * What an agent that has ended left without a newline: a message that is whole
 * counts, half a line of text is no answer.
 */
static void
handle_rest(struct engine *g, struct worker *w)
{
	const char *p;
	size_t n;

	if (w->discarded || !agent_rest(&w->agent, &p, &n))
		return;
	if (!g->plan->lines)
		handle_line(g, w, p, n);
	else if (w->runs)
		run_printed(w->runs, p, n);
}

/* --- ends of agents ------------------------------------------------------ */

/* What a process's end was, and what it was sent before, as a message. */
static void
describe_end(const struct worker *w, struct buf *b)
{
	int status = w->agent.end.status;

	if (w->signalled)
		buf_printf(b, "after %s%s: ", proc_signal_name(w->signalled),
		    w->killed ? " and SIGKILL" : "");
	if (WIFSIGNALED(status))
		buf_printf(b, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		buf_printf(b, "exit status %d", WEXITSTATUS(status));
}

/* Fails a run that an agent had begun when it ended. */
static void
fail_in_flight(struct engine *g, struct worker *w, struct run *r,
    const struct buf *tail)
{
	struct run_end end = { .kind = RUN_CRASH, .exit_code = -1 };
	struct buf text = { 0 };
	int status = w->agent.end.status;

	if (w->end_reason && w->cause && r != w->cause) {
		buf_puts(&text, "the agent was ended because of another run");
	} else if (w->end_reason) {
		end.kind = w->end_kind;
		buf_puts(&text, w->end_reason);
	} else {
		buf_puts(&text, "the agent ended before it answered");
	}
	if (w->end_reason && r->printed.len)
		buf_puts(&text, "; it printed what is no message");
	buf_puts(&text, " (");
	describe_end(w, &text);
	buf_byte(&text, ')');
	if (WIFSIGNALED(status))
		end.signal = WTERMSIG(status);
	else
		end.exit_code = WEXITSTATUS(status);
	end.error = buf_str(&text);
	end.stderr_tail = tail->p;
	end.stderr_len = tail->len;
	fail_run(g, r, &end);
	buf_release(&text);
}

/*
 * Whether an agent that takes a request at a time, and tells nothing of when it
 * begins, never read the one that it was sent last. One that never answered
 * any counts as having read it, or it would be tried for ever.
 */
static int
is_unread(const struct worker *w)
{
	return w->calls && w->nruns == 1 && w->pipeline == 1 &&
	    agent_unread(&w->agent) >= w->request_size;
}

/* Loses the runs that an agent had begun, and gives the others back. */
static void
release_runs(struct engine *g, struct worker *w, const struct buf *tail)
{
	struct run *r, *waiting = NULL;
	int first;

	if (is_unread(w))
		run_unstart(w->runs);
	/* one that never answered is to blame for the request it has first */
	for (first = !w->calls; (r = w->runs); first = 0) {
		worker_remove(w, r);
		if (r->started || first) {
			fail_in_flight(g, w, r, tail);
		} else {
			log_event(g, "returned", w, r);
			r->next = waiting;
			waiting = r;
		}
	}
	while ((r = waiting)) {
		waiting = r->next;
		queue_return(&g->queue, r);
	}
}

/* Deals with what an agent that has ended leaves behind. */
static void
bury_worker(struct engine *g, struct worker *w)
{
	pid_t group = w->agent.proc.pid;
	struct buf tail = { 0 }, *b;
	int i;

	/*
	 * What it wrote before it ended is in the pipe, which holds at most
	 * 1 MiB; something that it left behind may still write to it.
	 */
	proc_signal(&w->agent.proc, SIGKILL);
	for (i = 0; i < 16 && !w->agent.from_eof && !w->discarded; i++)
		agent_read(&w->agent);
	handle_lines(g, w);
	handle_rest(g, w);
	agent_take_errors(&w->agent, &tail);
	b = eventlog_begin(g->plan->log, "ended");
	if (b) {
		agent_put_usage(&w->agent, w->calls, b);
		eventlog_end(g->plan->log);
	}
	if (!g->agents_log_failed && agent_log_usage(&w->agent, w->calls)) {
		report(g, "%s/agents.jsonl: %s", g->plan->kind.stderr_dir,
		    strerror(errno));
		g->agents_log_failed = 1;
	}
	if (!w->ready && !w->dismissed && !w->end_reason && !g->fatal &&
	    !g->stopping) {
		report_unready(g, "the agent ended before it was ready");
		buf_str(&tail);
		if (tail.len)
			g->plan->report(tail.p);
	}
	g->no_spares |= is_idle(g, w);
	release_runs(g, w, &tail);
	buf_release(&tail);
	worker_clear(w);
	reaper_remove(&g->reaper, group);
}

static void
reap_agents(struct engine *g)
{
	struct proc_end end;
	struct worker *w;
	size_t i;

	while (proc_reap(&end))
		for (i = 0; i < g->nworkers; i++) {
			w = &g->workers[i];
			if (w->live && w->agent.proc.pid == end.pid) {
				w->agent.ended = 1;
				w->agent.end = end;
			}
		}
	for (i = 0; i < g->nworkers; i++)
		if (g->workers[i].live && g->workers[i].agent.ended)
			bury_worker(g, &g->workers[i]);
}

/* --- the clock ----------------------------------------------------------- */

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
			end_agent(g, w, RUN_CRASH, w->agent.from_eof ?
			    "the agent closed its output" :
			    "the agent closed its input", NULL);
	} else if (now >= w->start_by) {
		report_unready(g, "the agent did not get ready in time");
		w->start_by = NEVER;
		end_agent(g, w, RUN_CRASH, "it did not get ready", NULL);
	} else if (now >= worker_late(w, micro(g->plan->timeout), &late)) {
		if (!late->started)
			run_started_at(late, w->head_since);
		log_event(g, "late", w, late);
		end_agent(g, w, RUN_TIMEOUT, "the run took longer than "
		    "timeout_seconds", late);
	}
	if (now >= w->kill_at)
		kill_agent(g, w);
}

/* Whether there is, or may yet be, a run to send. */
static int
more_work(const struct engine *g)
{
	return !g->stopping && !g->fatal && queue_has_more(&g->queue);
}

/*
 * Nothing more to do for a slot: lets its agent end by itself, for a while.
 * What waits to be written to it is of no use to anybody any more.
 */
static void
dismiss(struct engine *g, struct worker *w)
{
	if (w->dismissed)
		return;
	w->dismissed = 1;
	w->closed_at = NEVER;
	if (w->agent.proc.in >= 0)
		close(w->agent.proc.in);
	w->agent.proc.in = -1;
	w->agent.to.len = w->agent.to_done = 0;
	if (w->kill_at == NEVER)
		w->kill_at = isotime_monotonic() +
		    micro(g->plan->kill_timeout);
	log_event(g, "dismissed", w, NULL);
}

/* An idle agent that will get no more work. */
static int
is_done_with(const struct engine *g, const struct worker *w)
{
	return !w->nruns && (!more_work(g) || w->agent.proc.in < 0 ||
	    (g->plan->fresh && w->calls));
}

/* Ends what still runs when it may no longer. */
static void
check_stop(struct engine *g)
{
	struct worker *w;
	size_t i;

	if (proc_stops && !g->stopping)
		stop_starting(g, "%s", proc_signal_name(proc_stop_signal));
	if (g->now >= g->max_time_at && (more_work(g) || count_runs(g)))
		stop_starting(g, "%g seconds are over", g->plan->max_time);
	/* after a limit, which stopped it first, one signal is the second */
	if (!g->fatal && !(g->stopping && (proc_stops > !g->by_limit ||
	    g->now >= g->stop_by)))
		return;
	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		if (!w->live)
			continue;
		end_agent(g, w, RUN_CANCELLED, "the experiment was stopped",
		    NULL);
		/* a second signal does not wait */
		if (proc_stops > !g->by_limit && !w->killed)
			w->kill_at = g->now;
	}
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When something is to be done about a slot at the latest. */
static int64_t
worker_next(const struct engine *g, const struct worker *w)
{
	struct run *any;
	int64_t next = w->kill_at;

	if (w->end_reason)
		return next;
	if (w->closed_at != NEVER)
		next = earlier(next, w->closed_at + END_WAIT);
	next = earlier(next, w->start_by);
	next = earlier(next, worker_late(w, micro(g->plan->timeout), &any));
	if (w->rest_until > g->now && more_work(g))
		next = earlier(next, w->rest_until);
	return next;
}

/* Does what is due. Returns when something is due next. */
static int64_t
check_clock(struct engine *g)
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
		check_worker(g, w);
		if (is_done_with(g, w))
			dismiss(g, w);
		next = earlier(next, worker_next(g, w));
	}
	/* a retry that is due waits for an agent, not for the clock */
	if (more_work(g) && queue_due(&g->queue) > g->now)
		next = earlier(next, queue_due(&g->queue));
	if (g->plan->progress)
		next = earlier(next, g->progress_at);
	return next;
}

/* --- the loop ------------------------------------------------------------ */

/* Watches a descriptor. Returns which it is, from 0. */
static size_t
watch(struct engine *g, size_t *n, int fd, short events)
{
	g->fds[*n].fd = fd;
	g->fds[*n].events = events;
	g->fds[*n].revents = 0;
	return (*n)++;
}

/* Waits until something happens, or the time next. */
static void
wait_for(struct engine *g, int64_t next)
{
	int64_t now = isotime_monotonic(), ms = -1;
	struct worker *w;
	size_t i, n = 0;

	watch(g, &n, g->signal_fd, POLLIN);
	if (g->queue.waiting && more_work(g) && g->queue.source->open)
		watch(g, &n, g->queue.source->reader.fd, POLLIN);
	if (out_pending(g->out))
		watch(g, &n, g->out->fd, POLLOUT);
	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		w->poll.out = w->poll.err = 0;
		if (!w->live)
			continue;
		if (!w->agent.from_eof && !w->discarded)
			w->poll.out = watch(g, &n, w->agent.proc.out, POLLIN);
		if (w->agent.proc.err >= 0)
			w->poll.err = watch(g, &n, w->agent.proc.err, POLLIN);
		if (w->agent.to.len && w->agent.proc.in >= 0)
			watch(g, &n, w->agent.proc.in, POLLOUT);
	}
	if (next != NEVER)
		ms = next <= now ? 0 : (next - now + 999) / 1000;
	if (ms > 60000)
		ms = 60000;
	if (poll(g->fds, (nfds_t)n, (int)ms) < 0)
		for (i = 0; i < n; i++)
			g->fds[i].revents = 0;
}

/* Hears what agents have said. */
static void
read_agents(struct engine *g)
{
	struct worker *w;
	size_t i;

	for (i = 0; i < g->nworkers; i++) {
		w = &g->workers[i];
		if (w->poll.err && g->fds[w->poll.err].revents)
			agent_read_errors(&w->agent);
		if (w->poll.out && g->fds[w->poll.out].revents) {
			agent_read(&w->agent);
			handle_lines(g, w);
		}
		w->poll.out = w->poll.err = 0;
	}
}

/* Writes what agents are sent, as far as they take it. */
static void
write_agents(struct engine *g)
{
	size_t i;

	for (i = 0; i < g->nworkers; i++)
		if (g->workers[i].live && g->workers[i].agent.to.len)
			agent_write(&g->workers[i].agent);
}

static void
show_progress(struct engine *g, int last)
{
	int64_t now;

	if (!g->plan->progress)
		return;
	now = isotime_monotonic();
	if (!last && now < g->progress_at)
		return;
	g->progress_at = now + PROGRESS_EVERY;
	g->view.running = count_runs(g);
	g->view.stopping = g->stopping;
	g->view.p50 = (double)histogram_percentile(&g->durations, 50) / 1000;
	g->plan->progress(&g->view, last);
}

static int
any_live(const struct engine *g)
{
	size_t i;

	for (i = 0; i < g->nworkers; i++)
		if (g->workers[i].live)
			return 1;
	return 0;
}

/*
 * Nothing is left to do but to write: runs that waited for another attempt
 * when the experiment was stopped, and what a slow reader has not taken.
 * Returns 1 while there is something, and nobody is tired of waiting.
 */
static int
drain(struct engine *g)
{
	struct run_end end = { .kind = RUN_CANCELLED, .exit_code = -1,
	    .error = "the experiment was stopped before the next attempt" };
	struct run *r;

	while ((r = queue_drop(&g->queue)))
		finish_run(g, r, &end);
	reorder_end(&g->reorder, out_begin(g->out));
	return out_pending(g->out) && proc_stops < 2;
}

/* Writes out what waits. Returns 0, or -1 when nobody can take it. */
static int
flush_all(struct engine *g)
{
	int error = eventlog_flush(g->plan->log), bad;

	if (error)
		report(g, "the log cannot be written and is closed: %s",
		    strerror(error));
	bad = out_try(g->out);
	/* then there is work to give before anything else happens */
	if (g->queue.hold && !is_backlogged(g))
		g->no_wait = 1;
	return bad;
}

static void
loop(struct engine *g)
{
	int64_t next;

	for (;;) {
		read_agents(g);
		reap_agents(g);
		g->now = isotime_monotonic();
		g->no_wait = 0;
		do {
			g->dispatch_again = 0;
			dispatch(g);
		} while (g->dispatch_again && !g->fatal);
		write_agents(g);
		next = check_clock(g);
		if (proc_report_wanted) {
			proc_report_wanted = 0;
			report_running(g);
		}
		show_progress(g, 0);
		if (flush_all(g))
			break;
		if (!any_live(g) && !more_work(g) && !drain(g))
			break;
		wait_for(g, g->no_wait ? 0 : next);
	}
}

static void
release(struct engine *g)
{
	struct buf rest = { 0 };
	struct run *r;
	size_t i;

	for (i = 0; i < g->nworkers; i++) {
		while ((r = g->workers[i].runs)) {
			worker_remove(&g->workers[i], r);
			run_free(r);
		}
		if (g->workers[i].live)
			worker_clear(&g->workers[i]);
	}
	reaper_end(&g->reaper);
	proc_sweep();
	queue_release(&g->queue);
	reorder_end(&g->reorder, &rest);
	buf_release(&rest);
	free(g->workers);
	free(g->fds);
}

int
engine_run(const struct engine_plan *plan, struct source *source, struct out *o)
{
	struct engine g = { 0 };
	int status;

	g.plan = plan;
	g.out = o;
	g.started = plan->kind.last;
	g.signal_fd = proc_init();
	g.max_time_at = plan->max_time > 0 ? isotime_monotonic() +
	    micro(plan->max_time) : NEVER;
	/* at work, started ahead, and ending */
	g.nworkers = plan->parallel * (plan->fresh ? 3 : 1);
	g.workers = xcalloc(g.nworkers, sizeof(*g.workers));
	g.fds = xcalloc(3 * g.nworkers + 3, sizeof(*g.fds));
	source->eager = 1;
	queue_init(&g.queue, &plan->queue, source);
	out_unblock(o);
	loop(&g);
	if (proc_stops > 1)
		out_discard(o);
	show_progress(&g, 1);
	status = g.view.failed || source->bad || g.stopping;
	if (plan->queue.npersonas && g.queue.skipped && !g.queue.ninputs &&
	    !proc_stops) {
		plan->report("no input is of the personas that were asked for");
		status = 1;
	}
	release(&g);
	if (g.fatal || o->error || source->failed)
		return 2;
	return proc_stops ? 128 + proc_stop_signal : status;
}
