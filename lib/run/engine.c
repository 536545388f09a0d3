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
	struct queue feed;
	struct out *out;
	struct reorder lineup;	/* traces that wait for earlier ones */
	struct reaper guard;
	struct worker *slots;
	size_t nslots;
	unsigned started;	/* the number of the last agent */
	int restless;		/* agents end when they have to wait */
	int told;		/* descriptor that tells of signals */
	int64_t now;		/* this turn's time: what is due goes by it */
	struct engine_view view;
	struct histogram took;	/* durations in microseconds */
	long long tokens;
	int ledger_lost;	/* agents.jsonl cannot be written */
	int proven;		/* an agent was ready once */
	int unready;		/* so many in a row were not, since then */
	int fatal;		/* stop with status 2 */
	int turn_again;		/* there is work to give at once */
	int hurry;		/* do not wait in this turn */
	int stopping;		/* no more runs are begun */
	int limited;		/* for another reason than a signal */
	int64_t stop_by;	/* when those that run are ended */
	int64_t time_up;	/* when --max-time is over */
	int64_t progress_at;
	struct pollfd *fds;
};

static int64_t
micro(double seconds)
{
	return seconds < 1e12 ? (int64_t)(seconds * 1e6) : (int64_t)1e18;
}

/* --- telling ------------------------------------------------------------- */

static void tell(const struct engine *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
tell(const struct engine *g, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	g->plan->say(buf_str(&b));
	buf_release(&b);
}

/* Begins an event of the journal about an agent, a run, or both. */
static struct buf *
event(const struct engine *g, const char *name, const struct worker *s,
    const struct run *r)
{
	struct buf *b = eventlog_begin(g->plan->journal, name);

	if (b && s)
		json_add_int(b, "agent", s->agent.number);
	if (b && r) {
		json_add_str(b, "run_id", r->id);
		json_add_int(b, "attempt", r->attempt);
	}
	return b;
}

static void
note(const struct engine *g, const char *name, const struct worker *s,
    const struct run *r)
{
	if (event(g, name, s, r))
		eventlog_end(g->plan->journal);
}

static void
note_end(const struct engine *g, const char *name, const struct run *r,
    const struct run_end *end, int64_t took)
{
	struct buf *b = event(g, name, NULL, r);

	if (!b)
		return;
	json_add_str(b, "trace_id", r->trace_id);
	json_add_bool(b, "success", !end->error);
	if (end->error)
		json_add_str(b, "error_kind", run_failures[end->kind]);
	json_add_int(b, "took_us", took);
	eventlog_end(g->plan->journal);
}

static void
tell_run(const struct engine *g, const struct worker *s, const struct run *r)
{
	const struct buf *input = &r->job->input;
	size_t shown = input->len;

	/* no half of a character */
	if (shown > INPUT_SHOWN)
		shown = utf8_check(input->p, INPUT_SHOWN);
	tell(g, "running for %.1f s: run %s, iteration %lld, attempt %u, "
	    "agent %u (pid %ld): %.*s%s",
	    (double)(isotime_monotonic() - r->clock) / 1e6, r->id,
	    r->iteration, r->attempt, s->agent.number,
	    (long)s->agent.proc.pid, (int)shown, input->p,
	    shown < input->len ? "..." : "");
}

/* What runs now, for who asks with SIGUSR1. */
static void
tell_running(const struct engine *g)
{
	const struct run *r;
	size_t i;
	long long n = 0;

	for (i = 0; i < g->nslots; i++)
		for (r = g->slots[i].flight; r; r = r->next)
			if (r->started) {
				tell_run(g, &g->slots[i], r);
				n++;
			}
	tell(g, "%lld running, %lld done, %lld failed, %zu to be tried again",
	    n, g->view.done, g->view.failed, g->feed.nlater);
}

/* --- stopping ------------------------------------------------------------ */

static long long
in_flight(const struct engine *g)
{
	long long n = 0;
	size_t i;

	for (i = 0; i < g->nslots; i++)
		n += g->slots[i].nflight;
	return n;
}

/* No more runs are begun, for the reason that fmt and the rest give. */
static void stop(struct engine *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
stop(struct engine *g, const char *fmt, ...)
{
	long long n = in_flight(g);
	struct buf b = { 0 }, *line;
	va_list ap;

	if (g->stopping || g->fatal)
		return;
	g->stopping = 1;
	g->limited = !proc_stops;
	g->stop_by = isotime_monotonic() + micro(g->plan->grace);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	line = event(g, "stopping", NULL, NULL);
	if (line) {
		json_add_str(line, "why", buf_str(&b));
		eventlog_end(g->plan->journal);
	}
	buf_puts(&b, ": no more runs are begun");
	if (n)
		buf_printf(&b, "; %lld may go on for %g s%s", n,
		    g->plan->grace, proc_stops ?
		    ", and another signal ends them at once" : "");
	g->plan->say(buf_str(&b));
	buf_release(&b);
}

/* Stops when a limit was reached. */
static void
check_limits(struct engine *g)
{
	const struct engine_plan *p = g->plan;

	if (p->max_failures && g->view.failed >= p->max_failures)
		stop(g, g->view.failed == 1 ? "%lld run has failed" :
		    "%lld runs have failed", g->view.failed);
	if (p->max_tokens && g->tokens >= p->max_tokens)
		stop(g, "%lld tokens were used", g->tokens);
}

/* --- ends of runs -------------------------------------------------------- */

/* Counts the tokens that a run has used since it was counted last. */
static void
spend(struct engine *g, struct run *r)
{
	if (g->tokens < RUN_TOKENS_MAX)
		g->tokens += r->tokens[2] - r->spent;
	r->spent = r->tokens[2];
}

static void
finish(struct engine *g, struct run *r, const struct run_end *end)
{
	struct buf line = { 0 }, *out = out_begin(g->out);
	int64_t took;

	took = run_trace(r, end, g->plan->ordered ? &line : out);
	if (g->plan->ordered)
		reorder_add(&g->lineup, r->place, &line, out);
	note_end(g, "done", r, end, took);
	if (!end->error || end->kind != RUN_CANCELLED) {
		g->view.done++;
		g->view.failed += end->error != NULL;
		histogram_add(&g->took, took);
	}
	spend(g, r);
	run_free(r);
}

/*
 * How long to wait before the next attempt: twice as long each time, and up to
 * half of that more, so that runs that failed together do not come back
 * together ("Exponential Backoff And Jitter", Marc Brooker, 2015). Which part
 * of the half goes by the run, so that it is the same each time.
 */
static int64_t
back_off(const struct engine *g, const struct run *r)
{
	double jitter = (double)(hash_bytes(r->attempt, 0, r->id,
	    strlen(r->id)) >> 11) / 9007199254740992.0;

	return micro(g->plan->retry_delay * (1 + jitter / 2) *
	    pow(2, r->attempt < 64 ? r->attempt - 1.0 : 63));
}

/* A run failed: tries it again where that is wanted, or gives its trace. */
static void
fail(struct engine *g, struct run *r, const struct run_end *end)
{
	int64_t wait = back_off(g, r);
	struct buf *b;

	if (r->attempt > g->plan->max_retries || g->stopping || g->fatal ||
	    !(g->plan->retry_on >> end->kind & 1)) {
		finish(g, r, end);
		return;
	}
	if (!r->started)
		run_start(r);
	note_end(g, "failed", r, end, isotime_monotonic() - r->clock);
	spend(g, r);
	run_retry(r, end);
	b = event(g, "waits", NULL, r);
	if (b) {
		json_add_int(b, "wait_us", wait);
		eventlog_end(g->plan->journal);
	}
	queue_later(&g->feed, r, isotime_monotonic() + wait);
}

/* --- work to be done ----------------------------------------------------- */

/* The next run to send, or NULL when there is none now. */
static struct run *
next_run(struct engine *g)
{
	struct run_end end = { .kind = RUN_ERROR, .exit_code = -1 };
	struct run *r = NULL;
	int i;

	/* those that cannot be run have failed; not too many in one turn */
	for (i = 0; !g->stopping && !g->fatal && !g->hurry; i++) {
		r = queue_next(&g->feed, g->now);
		g->fatal |= g->feed.fatal;
		g->hurry = g->feed.again || i == REFUSED_AT_ONCE;
		if (!r)
			break;
		/* only now: what has no run left to begin is not stopped */
		check_limits(g);
		if (g->stopping) {
			queue_back(&g->feed, r);
			break;
		}
		if (!r->job->error)
			return r;
		end.error = r->job->error;
		finish(g, r, &end);
	}
	return NULL;
}

/* --- agents -------------------------------------------------------------- */

static int
begin_agent(struct engine *g, struct worker *s)
{
	const struct engine_plan *p = g->plan;
	struct err e = { 0 };
	double limit = p->timeout > START_LIMIT ? p->timeout : START_LIMIT;
	struct buf *b;

	if ((!g->guard.pid && reaper_start(&g->guard, &e)) ||
	    worker_start(s, &p->kind, g->started + 1, &e)) {
		p->say(e.msg);
		err_release(&e);
		g->fatal = 1;
		return -1;
	}
	reaper_add(&g->guard, s->agent.proc.pid);
	g->started++;
	s->ready = !p->greets && !p->ready;
	if (!s->ready)
		s->start_by = isotime_monotonic() + micro(limit);
	b = event(g, "spawned", s, NULL);
	if (b) {
		json_add_int(b, "pid", s->agent.proc.pid);
		eventlog_end(p->journal);
	}
	return 0;
}

static void
signal_agent(struct engine *g, struct worker *s, int sig, const char *why)
{
	struct buf *b = event(g, "signalled", s, NULL);

	if (b) {
		json_add_str(b, "signal", proc_signal_name(sig));
		json_add_str(b, "why", why);
		eventlog_end(g->plan->journal);
	}
	proc_signal(&s->agent.proc, sig);
}

/* Ends an agent, and with it the runs that it began. */
static void
end_agent(struct engine *g, struct worker *s, enum run_failure kind,
    const char *why, struct run *blamed)
{
	if (s->ending)
		return;
	s->kind = kind;
	s->ending = why;
	s->blamed = blamed;
	s->kill_at = isotime_monotonic() + micro(g->plan->kill_timeout);
	s->signalled = g->plan->kill_signal;
	signal_agent(g, s, s->signalled, why);
}

static void
kill_agent(struct engine *g, struct worker *s)
{
	s->kill_at = NEVER;
	s->killed = 1;
	signal_agent(g, s, SIGKILL, "it is still there");
}

static void
put_lines_request(const struct run *r, struct buf *b)
{
	struct json_span v = { r->job->input.p, r->job->input.len };
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
send_run(struct engine *g, struct worker *s, struct run *r)
{
	struct buf *b = &s->agent.to;
	size_t before = b->len;

	worker_add(s, r);
	r->by = s->agent.number;
	if (g->plan->lines)
		put_lines_request(r, b);
	else
		run_request(r, b);
	s->request = b->len - before;
	b = event(g, "sent", s, r);
	if (b) {
		json_add_int(b, "id", r->number);
		eventlog_end(g->plan->journal);
	}
	/* one that takes a request at a time starts at once */
	if (s->pipeline > 1 || s->concurrency > 1)
		run_sent(r);
	else
		run_start(r);
}

/* How many requests a slot should have now. */
static unsigned
depth(const struct engine *g, const struct worker *s)
{
	if (g->plan->fresh)
		return !s->calls;
	if (s->quick && g->plan->run_delay <= 0)
		return s->pipeline > s->concurrency ? s->pipeline :
		    s->concurrency;
	return s->concurrency;
}

/*
 * How many requests to send now. They are sent ahead in half dozens and more,
 * which costs both sides fewer system calls than one each time.
 */
static unsigned
room(const struct engine *g, const struct worker *s)
{
	unsigned most = depth(g, s);

	if (!s->live || !s->ready || s->ending || s->agent.proc.in < 0 ||
	    s->closed_at != NEVER || s->rest > g->now || s->nflight >= most)
		return 0;
	if (s->nflight >= s->concurrency && s->nflight > most / 2)
		return 0;
	return most - s->nflight;
}

/* An agent that waits for its first run, or will once it is ready. */
static int
is_idle(const struct engine *g, const struct worker *s)
{
	return s->live && !s->ending && !s->dismissed && !s->nflight &&
	    (!s->ready || (g->plan->fresh && !s->calls));
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
	size_t most = g->plan->fresh && !g->restless ?
	    2 * g->plan->parallel : g->plan->parallel, usable = 0, i;
	struct run *r, *promised = NULL;
	struct worker *s;
	int starting;

	for (i = 0; i < g->nslots; i++) {
		s = &g->slots[i];
		usable += s->live && !(g->plan->fresh && (s->dismissed ||
		    s->ending || (s->calls && !s->nflight)));
	}
	/* first those that are there, then those that are not */
	for (i = 0; i < 2 * g->nslots && !g->fatal; i++) {
		s = &g->slots[i % g->nslots];
		starting = i >= g->nslots;
		if (starting ? s->live || usable >= most : !is_idle(g, s))
			continue;
		r = next_run(g);
		if (!r)
			break;
		r->next = promised;
		promised = r;
		if (starting && begin_agent(g, s))
			break;
		usable += (size_t)starting;
		g->turn_again |= starting && s->ready;
	}
	while ((r = promised)) {
		promised = r->next;
		queue_back(&g->feed, r);
	}
}

/*
 * Whether so much waits that no run is to be begun for the first time. Others
 * are: what waits may wait for them.
 */
static int
too_much(const struct engine *g)
{
	return out_pending(g->out) + g->lineup.held > BACKLOG ||
	    g->feed.nlater >= PUT_OFF_MAX;
}

/* How many agents are at work. */
static size_t
at_work(const struct engine *g)
{
	size_t i, n = 0;

	for (i = 0; i < g->nslots; i++)
		n += g->slots[i].nflight > 0;
	return n;
}

/* Gives work to slots that have room, starting agents as they are needed. */
static void
give_work(struct engine *g)
{
	size_t i, working = at_work(g);
	struct worker *s;
	struct run *r;
	unsigned n;

	g->feed.waiting = 0;
	g->feed.hold = too_much(g);
	for (i = 0; i < g->nslots; i++) {
		s = &g->slots[i];
		n = room(g, s);
		if (!n || (!s->nflight && working >= g->plan->parallel))
			continue;
		working += !s->nflight;
		for (; n > 0 && (r = next_run(g)); n--)
			send_run(g, s, r);
	}
	start_agents(g);
}

/* --- what agents say ----------------------------------------------------- */

/* Whether what an agent says of a run comes too late: it was given up. */
static int
too_late(const struct worker *s, const struct run *r)
{
	return s->ending && r == s->blamed;
}

/* A reply came: the run is over, since the agent's clock showed this, or 0. */
static void
reply(struct engine *g, struct worker *s, struct run *r, struct run_end *end,
    int64_t clock)
{
	struct buf tail = { 0 };
	int64_t now = isotime_monotonic();

	if (!r->started)
		run_started_at(r, s->since);
	run_ended_at(r, clock);
	s->calls++;
	g->proven = 1;
	s->quick = now - r->clock < SHORT_CALL;
	s->rest = now + micro(g->plan->run_delay);
	worker_remove(s, r);
	if (end->error) {
		agent_take_errors(&s->agent, &tail);
		end->stderr_tail = tail.p;
		end->stderr_len = tail.len;
		fail(g, r, end);
	} else {
		/* what it said so far is of no other run */
		if (!s->nflight)
			agent_forget_errors(&s->agent);
		finish(g, r, end);
	}
	buf_release(&tail);
}

static void
set_ready(struct engine *g, struct worker *s)
{
	s->ready = 1;
	s->start_by = NEVER;
	g->proven = 1;
	g->unready = 0;
}

/*
 * An agent did not get ready. If none ever did, none will. Later that need not
 * be so, and is no reason to end what has gone on for hours.
 */
static void
not_ready(struct engine *g, const char *why)
{
	if (g->fatal || g->stopping)
		return;
	g->plan->say(why);
	g->fatal = !g->proven || ++g->unready == START_TRIES;
}

static void
on_hello(struct engine *g, struct worker *s, const struct message *m)
{
	s->greeted = 1;
	s->pipeline = message_count(m, MESSAGE_HAS_PIPELINE);
	s->concurrency = message_count(m, MESSAGE_HAS_CONCURRENCY);
	if (!g->plan->ready)
		set_ready(g, s);
	note(g, "hello", s, NULL);
}

static void
on_final(struct engine *g, struct worker *s, struct run *r,
    const struct message *m)
{
	struct run_end end = { .exit_code = -1 };
	struct buf clean = { 0 };

	if (m->v[MESSAGE_HAS_OUTPUT].p) {
		json_compact(&clean, m->v[MESSAGE_HAS_OUTPUT]);
		end.output.p = clean.p;
		end.output.n = clean.len;
	}
	reply(g, s, r, &end, message_clock(m));
	buf_release(&clean);
}

static void
on_error(struct engine *g, struct worker *s, struct run *r,
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
	reply(g, s, r, &end, message_clock(m));
	buf_release(&text);
	buf_release(&code);
}

/* An agent that cannot do any work says so before it is given any. */
static void
setup_failed(struct engine *g, struct worker *s, const struct message *m)
{
	struct buf text = { 0 };

	message_text(m, MESSAGE_HAS_ERROR, &text);
	not_ready(g, text.len ? buf_str(&text) : "the agent cannot start");
	end_agent(g, s, RUN_CRASH, "the agent cannot start", s->flight);
	buf_release(&text);
}

/* Takes a message about a run in flight. */
static void
about(struct engine *g, struct worker *s, struct run *r, const struct message
    *m)
{
	switch (m->type) {
	case MESSAGE_START:
		if (r->told || too_late(s, r))
			break;
		run_began_at(r, message_clock(m));
		note(g, "started", s, r);
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
		if (!too_late(s, r))
			on_final(g, s, r, m);
		break;
	case MESSAGE_ERROR:
		if (!too_late(s, r))
			on_error(g, s, r, m);
		break;
	default:
		break;
	}
}

/* Ends an agent that is not to be believed, and hears it no more. */
static void
silence(struct engine *g, struct worker *s, struct run *r, const char *why)
{
	s->unheard = 1;
	agent_pass(&s->agent);
	end_agent(g, s, RUN_PROTOCOL, why, r);
}

/* Handles a line of the protocol. Returns 0 when it is none. */
static int
handle(struct engine *g, struct worker *s, const char *p, size_t n)
{
	struct message m;
	struct run *r;

	message_read(&m, p, n);
	if (m.type == MESSAGE_NONE)
		return 0;
	if (m.type == MESSAGE_HELLO) {
		on_hello(g, s, &m);
		return 1;
	}
	if (m.type == MESSAGE_ERROR && !m.v[MESSAGE_HAS_ID].p && !s->greeted &&
	    !s->calls && message_says(&m, MESSAGE_HAS_CODE, "setup")) {
		setup_failed(g, s, &m);
		return 1;
	}
	r = worker_find(s, m.id);
	if (r) {
		about(g, s, r, &m);
		return 1;
	}
	/* about a run that is over: late, and of no use */
	if (m.id >= 1 && m.id <= s->number)
		return 1;
	if (s->flight)
		silence(g, s, s->flight, "the agent answered a request that "
		    "it was not sent");
	return 0;
}

static void
lines_reply(struct engine *g, struct worker *s, const char *p, size_t n)
{
	struct run_end end = { .exit_code = -1 };
	struct buf text = { 0 };

	while (n && p[n - 1] == '\r')
		n--;
	json_put_text(&text, p, n);
	end.output.p = text.p;
	end.output.n = text.len;
	reply(g, s, s->flight, &end, 0);
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
take_line(struct engine *g, struct worker *s, const char *p, size_t n)
{
	if (g->plan->ready && !s->ready && matches_ready(g, p, n)) {
		set_ready(g, s);
		note(g, "ready", s, NULL);
	}
	if (g->plan->lines) {
		if (s->flight && !too_late(s, s->flight))
			lines_reply(g, s, p, n);
		return;
	}
	if (!handle(g, s, p, n) && s->flight)
		run_printed(s->flight, p, n);
}

/* Whether a line can still become a message. */
static int
may_be_message(const char *p, size_t n)
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
check_size(struct engine *g, struct worker *s)
{
	size_t limit = g->plan->output_limit, n;
	struct run *r;
	const char *p;

	n = agent_peek(&s->agent, &p);
	if (n > LONG_LINE && !g->plan->lines && !may_be_message(p, n)) {
		if (s->flight)
			run_printed(s->flight, p, n);
		agent_pass(&s->agent);
		n = 0;
	}
	if (limit && n > limit) {
		silence(g, s, s->flight, too_long);
		return;
	}
	/* looked at once in a while, as it takes long to get so far */
	if (!limit || s->heard <= limit / 16)
		return;
	s->heard = 0;
	for (r = s->flight; r; r = r->next)
		if (run_size(r) > limit) {
			silence(g, s, r, too_long);
			return;
		}
}

static void
take_lines(struct engine *g, struct worker *s)
{
	const char *p;
	size_t n;

	while (!s->unheard && agent_line(&s->agent, &p, &n)) {
		s->heard += n;
		take_line(g, s, p, n);
	}
	if (!s->unheard)
		check_size(g, s);
}

/*
 * What an agent that has ended left without a newline: a message that is whole
 * counts, half a line of text is no answer.
 */
static void
take_rest(struct engine *g, struct worker *s)
{
	const char *p;
	size_t n;

	if (s->unheard || !agent_rest(&s->agent, &p, &n))
		return;
	if (!g->plan->lines)
		take_line(g, s, p, n);
	else if (s->flight)
		run_printed(s->flight, p, n);
}

/* --- ends of agents ------------------------------------------------------ */

/* What a process's end was, and what it was sent before, as a message. */
static void
describe_end(const struct worker *s, struct buf *b)
{
	int status = s->agent.end.status;

	if (s->signalled)
		buf_printf(b, "after %s%s: ", proc_signal_name(s->signalled),
		    s->killed ? " and SIGKILL" : "");
	if (WIFSIGNALED(status))
		buf_printf(b, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		buf_printf(b, "exit status %d", WEXITSTATUS(status));
}

/* Fails a run that an agent had begun when it ended. */
static void
lose(struct engine *g, struct worker *s, struct run *r, const struct buf *tail)
{
	struct run_end end = { .kind = RUN_CRASH, .exit_code = -1 };
	struct buf text = { 0 };
	int status = s->agent.end.status;

	if (s->ending && s->blamed && r != s->blamed) {
		buf_puts(&text, "the agent was ended because of another run");
	} else if (s->ending) {
		end.kind = s->kind;
		buf_puts(&text, s->ending);
	} else {
		buf_puts(&text, "the agent ended before it answered");
	}
	if (s->ending && r->printed.len)
		buf_puts(&text, "; it printed what is no message");
	buf_puts(&text, " (");
	describe_end(s, &text);
	buf_byte(&text, ')');
	if (WIFSIGNALED(status))
		end.signal = WTERMSIG(status);
	else
		end.exit_code = WEXITSTATUS(status);
	end.error = buf_str(&text);
	end.stderr_tail = tail->p;
	end.stderr_len = tail->len;
	fail(g, r, &end);
	buf_release(&text);
}

/*
 * Whether an agent that takes a request at a time, and tells nothing of when it
 * begins, never read the one that it was sent last. One that never answered
 * any counts as having read it, or it would be tried for ever.
 */
static int
is_unread(const struct worker *s)
{
	return s->calls && s->nflight == 1 && s->pipeline == 1 &&
	    agent_untaken(&s->agent) >= s->request;
}

/* Loses the runs that an agent had begun, and gives the others back. */
static void
take_flight(struct engine *g, struct worker *s, const struct buf *tail)
{
	struct run *r, *waiting = NULL;
	int first;

	if (is_unread(s))
		run_unstart(s->flight);
	/* one that never answered is to blame for the request it has first */
	for (first = !s->calls; (r = s->flight); first = 0) {
		worker_remove(s, r);
		if (r->started || first) {
			lose(g, s, r, tail);
		} else {
			note(g, "returned", s, r);
			r->next = waiting;
			waiting = r;
		}
	}
	while ((r = waiting)) {
		waiting = r->next;
		queue_back(&g->feed, r);
	}
}

/* Deals with what an agent that has ended leaves behind. */
static void
bury(struct engine *g, struct worker *s)
{
	pid_t group = s->agent.proc.pid;
	struct buf tail = { 0 }, *b;
	int i;

	/*
	 * What it wrote before it ended is in the pipe, which holds at most
	 * 1 MiB; something that it left behind may still write to it.
	 */
	proc_signal(&s->agent.proc, SIGKILL);
	for (i = 0; i < 16 && !s->agent.from_eof && !s->unheard; i++)
		agent_read(&s->agent);
	take_lines(g, s);
	take_rest(g, s);
	agent_take_errors(&s->agent, &tail);
	b = eventlog_begin(g->plan->journal, "ended");
	if (b) {
		agent_account(&s->agent, s->calls, b);
		eventlog_end(g->plan->journal);
	}
	if (!g->ledger_lost && agent_note(&s->agent, s->calls)) {
		tell(g, "%s/agents.jsonl: %s", g->plan->kind.stderr_dir,
		    strerror(errno));
		g->ledger_lost = 1;
	}
	if (!s->ready && !s->dismissed && !s->ending && !g->fatal &&
	    !g->stopping) {
		not_ready(g, "the agent ended before it was ready");
		buf_str(&tail);
		if (tail.len)
			g->plan->say(tail.p);
	}
	g->restless |= is_idle(g, s);
	take_flight(g, s, &tail);
	buf_release(&tail);
	worker_clear(s);
	reaper_remove(&g->guard, group);
}

static void
collect(struct engine *g)
{
	struct proc_end end;
	struct worker *s;
	size_t i;

	while (proc_reap(&end))
		for (i = 0; i < g->nslots; i++) {
			s = &g->slots[i];
			if (s->live && s->agent.proc.pid == end.pid) {
				s->agent.ended = 1;
				s->agent.end = end;
			}
		}
	for (i = 0; i < g->nslots; i++)
		if (g->slots[i].live && g->slots[i].agent.ended)
			bury(g, &g->slots[i]);
}

/* --- the clock ----------------------------------------------------------- */

static void
check_slot(struct engine *g, struct worker *s)
{
	int64_t now = g->now;
	struct run *late = NULL;

	if ((s->agent.from_eof || (s->agent.deaf && s->nflight)) &&
	    s->closed_at == NEVER && !s->dismissed)
		s->closed_at = now;
	if (s->ending || s->closed_at != NEVER) {
		if (!s->ending && now >= s->closed_at + END_WAIT)
			end_agent(g, s, RUN_CRASH, s->agent.from_eof ?
			    "the agent closed its output" :
			    "the agent closed its input", NULL);
	} else if (now >= s->start_by) {
		not_ready(g, "the agent did not get ready in time");
		s->start_by = NEVER;
		end_agent(g, s, RUN_CRASH, "it did not get ready", NULL);
	} else if (now >= worker_late(s, micro(g->plan->timeout), &late)) {
		if (!late->started)
			run_started_at(late, s->since);
		note(g, "late", s, late);
		end_agent(g, s, RUN_TIMEOUT, "the run took longer than "
		    "timeout_seconds", late);
	}
	if (now >= s->kill_at)
		kill_agent(g, s);
}

/* Whether there is, or may yet be, a run to send. */
static int
more_work(const struct engine *g)
{
	return !g->stopping && !g->fatal && queue_more(&g->feed);
}

/*
 * Nothing more to do for a slot: lets its agent end by itself, for a while.
 * What waits to be written to it is of no use to anybody any more.
 */
static void
dismiss(struct engine *g, struct worker *s)
{
	if (s->dismissed)
		return;
	s->dismissed = 1;
	s->closed_at = NEVER;
	if (s->agent.proc.in >= 0)
		close(s->agent.proc.in);
	s->agent.proc.in = -1;
	s->agent.to.len = s->agent.to_done = 0;
	if (s->kill_at == NEVER)
		s->kill_at = isotime_monotonic() +
		    micro(g->plan->kill_timeout);
	note(g, "dismissed", s, NULL);
}

/* An idle agent that will get no more work. */
static int
is_done_with(const struct engine *g, const struct worker *s)
{
	return !s->nflight && (!more_work(g) || s->agent.proc.in < 0 ||
	    (g->plan->fresh && s->calls));
}

/* Ends what still runs when it may no longer. */
static void
check_stop(struct engine *g)
{
	struct worker *s;
	size_t i;

	if (proc_stops && !g->stopping)
		stop(g, "%s", proc_signal_name(proc_stop_signal));
	if (g->now >= g->time_up && (more_work(g) || in_flight(g)))
		stop(g, "%g seconds are over", g->plan->max_time);
	/* after a limit, which stopped it first, one signal is the second */
	if (!g->fatal && !(g->stopping && (proc_stops > !g->limited ||
	    g->now >= g->stop_by)))
		return;
	for (i = 0; i < g->nslots; i++) {
		s = &g->slots[i];
		if (!s->live)
			continue;
		end_agent(g, s, RUN_CANCELLED, "the experiment was stopped",
		    NULL);
		/* a second signal does not wait */
		if (proc_stops > !g->limited && !s->killed)
			s->kill_at = g->now;
	}
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When something is to be done about a slot at the latest. */
static int64_t
worker_next(const struct engine *g, const struct worker *s)
{
	struct run *any;
	int64_t next = s->kill_at;

	if (s->ending)
		return next;
	if (s->closed_at != NEVER)
		next = sooner(next, s->closed_at + END_WAIT);
	next = sooner(next, s->start_by);
	next = sooner(next, worker_late(s, micro(g->plan->timeout), &any));
	if (s->rest > g->now && more_work(g))
		next = sooner(next, s->rest);
	return next;
}

/* Does what is due. Returns when something is due next. */
static int64_t
check_clock(struct engine *g)
{
	int64_t next = NEVER;
	struct worker *s;
	size_t i;

	check_stop(g);
	if (g->stopping && g->stop_by > g->now)
		next = g->stop_by;
	if (!g->stopping && g->time_up > g->now)
		next = sooner(next, g->time_up);
	for (i = 0; i < g->nslots; i++) {
		s = &g->slots[i];
		if (!s->live)
			continue;
		check_slot(g, s);
		if (is_done_with(g, s))
			dismiss(g, s);
		next = sooner(next, worker_next(g, s));
	}
	/* a retry that is due waits for an agent, not for the clock */
	if (more_work(g) && queue_due(&g->feed) > g->now)
		next = sooner(next, queue_due(&g->feed));
	if (g->plan->progress)
		next = sooner(next, g->progress_at);
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
	struct worker *s;
	size_t i, n = 0;

	watch(g, &n, g->told, POLLIN);
	if (g->feed.waiting && more_work(g) && g->feed.source->open)
		watch(g, &n, g->feed.source->reader.fd, POLLIN);
	if (out_pending(g->out))
		watch(g, &n, g->out->fd, POLLOUT);
	for (i = 0; i < g->nslots; i++) {
		s = &g->slots[i];
		s->poll.out = s->poll.err = 0;
		if (!s->live)
			continue;
		if (!s->agent.from_eof && !s->unheard)
			s->poll.out = watch(g, &n, s->agent.proc.out, POLLIN);
		if (s->agent.proc.err >= 0)
			s->poll.err = watch(g, &n, s->agent.proc.err, POLLIN);
		if (s->agent.to.len && s->agent.proc.in >= 0)
			watch(g, &n, s->agent.proc.in, POLLOUT);
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
hear(struct engine *g)
{
	struct worker *s;
	size_t i;

	for (i = 0; i < g->nslots; i++) {
		s = &g->slots[i];
		if (s->poll.err && g->fds[s->poll.err].revents)
			agent_read_errors(&s->agent);
		if (s->poll.out && g->fds[s->poll.out].revents) {
			agent_read(&s->agent);
			take_lines(g, s);
		}
		s->poll.out = s->poll.err = 0;
	}
}

/* Writes what agents are sent, as far as they take it. */
static void
speak(struct engine *g)
{
	size_t i;

	for (i = 0; i < g->nslots; i++)
		if (g->slots[i].live && g->slots[i].agent.to.len)
			agent_write(&g->slots[i].agent);
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
	g->view.running = in_flight(g);
	g->view.stopping = g->stopping;
	g->view.p50 = (double)histogram_percentile(&g->took, 50) / 1000;
	g->plan->progress(&g->view, last);
}

static int
any_live(const struct engine *g)
{
	size_t i;

	for (i = 0; i < g->nslots; i++)
		if (g->slots[i].live)
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

	while ((r = queue_give_up(&g->feed)))
		finish(g, r, &end);
	reorder_end(&g->lineup, out_begin(g->out));
	return out_pending(g->out) && proc_stops < 2;
}

/* Writes out what waits. Returns 0, or -1 when nobody can take it. */
static int
write_out(struct engine *g)
{
	int error = eventlog_flush(g->plan->journal), bad;

	if (error)
		tell(g, "the log cannot be written and is closed: %s",
		    strerror(error));
	bad = out_try(g->out);
	/* then there is work to give before anything else happens */
	if (g->feed.hold && !too_much(g))
		g->hurry = 1;
	return bad;
}

static void
loop(struct engine *g)
{
	int64_t next;

	for (;;) {
		hear(g);
		collect(g);
		g->now = isotime_monotonic();
		g->hurry = 0;
		do {
			g->turn_again = 0;
			give_work(g);
		} while (g->turn_again && !g->fatal);
		speak(g);
		next = check_clock(g);
		if (proc_asked) {
			proc_asked = 0;
			tell_running(g);
		}
		show_progress(g, 0);
		if (write_out(g))
			break;
		if (!any_live(g) && !more_work(g) && !drain(g))
			break;
		wait_for(g, g->hurry ? 0 : next);
	}
}

static void
release(struct engine *g)
{
	struct buf rest = { 0 };
	struct run *r;
	size_t i;

	for (i = 0; i < g->nslots; i++) {
		while ((r = g->slots[i].flight)) {
			worker_remove(&g->slots[i], r);
			run_free(r);
		}
		if (g->slots[i].live)
			worker_clear(&g->slots[i]);
	}
	reaper_end(&g->guard);
	proc_sweep();
	queue_release(&g->feed);
	reorder_end(&g->lineup, &rest);
	buf_release(&rest);
	free(g->slots);
	free(g->fds);
}

int
engine_run(const struct engine_plan *plan, struct source *s, struct out *o)
{
	struct engine g = { 0 };
	int status;

	g.plan = plan;
	g.out = o;
	g.started = plan->kind.last;
	g.told = proc_init();
	g.time_up = plan->max_time > 0 ? isotime_monotonic() +
	    micro(plan->max_time) : NEVER;
	/* at work, started ahead, and ending */
	g.nslots = plan->parallel * (plan->fresh ? 3 : 1);
	g.slots = xcalloc(g.nslots, sizeof(*g.slots));
	g.fds = xcalloc(3 * g.nslots + 3, sizeof(*g.fds));
	s->eager = 1;
	queue_init(&g.feed, &plan->feed, s);
	out_unblock(o);
	loop(&g);
	if (proc_stops > 1)
		out_forget(o);
	show_progress(&g, 1);
	status = g.view.failed || s->bad || g.stopping;
	if (plan->feed.npersonas && g.feed.passed_over && !g.feed.jobs &&
	    !proc_stops) {
		plan->say("no input is of the personas that were asked for");
		status = 1;
	}
	release(&g);
	if (g.fatal || o->error || s->failed)
		return 2;
	return proc_stops ? 128 + proc_stop_signal : status;
}
