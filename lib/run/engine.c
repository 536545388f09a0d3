#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "io/out.h"
#include "io/source.h"
#include "agent.h"
#include "eventlog.h"
#include "histogram.h"
#include "input.h"
#include "internal.h"
#include "mask.h"
#include "proc.h"
#include "queue.h"
#include "reaper.h"
#include "reorder.h"
#include "run.h"
#include "window.h"
#include "worker.h"
#include "engine.h"

#define PROGRESS_EVERY 100000		/* microseconds */
#define INPUT_SHOWN 60			/* bytes of an input in a message */

int64_t
engine_micro(double seconds)
{
	return seconds < 1e12 ? (int64_t)(seconds * 1e6) : (int64_t)1e18;
}

/* --- messages and the event log ------------------------------------------ */

void
engine_report(const struct engine *g, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	g->plan->report(buf_str(&b));
	buf_release(&b);
}

const char *
engine_mask(const struct engine *g, const char *p, size_t n, struct buf *b)
{
	buf_add(b, p, n);
	mask_apply(g->plan->kind.secrets, b);
	return buf_str(b);
}

void
engine_log(const struct engine *g, const char *event, const struct worker *w,
    const struct run *r, const struct eventlog_field *fields)
{
	struct buf *b = eventlog_begin(g->plan->log, event);

	if (!b)
		return;
	if (w)
		json_add_int(b, "agent", w->agent.number);
	if (r) {
		json_add_str(b, "run_id", r->id);
		json_add_int(b, "attempt", r->attempt);
	}
	if (fields)
		eventlog_add(b, fields);
	eventlog_end(g->plan->log);
}

/* Logs that an attempt at a run ended. took is in microseconds. */
static void
log_end(const struct engine *g, const char *event, const struct run *r,
    const struct run_end *end, int64_t took)
{
	engine_log(g, event, NULL, r, (struct eventlog_field[]){
	    EVENTLOG_STR("trace_id", r->trace_id),
	    EVENTLOG_BOOL("success", !end->error),
	    EVENTLOG_STR("error_kind", end->error ?
	    run_failures[end->kind] : NULL),
	    EVENTLOG_INT("took_us", took), { 0 } });
}

static void
report_run(const struct engine *g, const struct worker *w, const struct run *r)
{
	const struct buf *value = &r->input->value;
	size_t shown = value->len;

	/* cut between characters */
	if (shown > INPUT_SHOWN)
		shown = utf8_check(value->p, INPUT_SHOWN);
	engine_report(g, "running for %.1f s: run %s, iteration %lld, attempt "
	    "%u, agent %u (pid %ld): %.*s%s",
	    (double)(isotime_monotonic() - r->clock) / 1e6, r->id,
	    r->iteration, r->attempt, w->agent.number,
	    (long)w->agent.proc.pid, (int)shown, value->p,
	    shown < value->len ? "..." : "");
}

/* Reports the running runs, as SIGUSR1 asks for. */
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
	engine_report(g, "%lld running, %lld done, %lld failed, %zu to be "
	    "tried again", n, g->view.done, g->view.failed, g->queue.nlater);
}

/* --- stopping ------------------------------------------------------------ */

int
engine_has_work(const struct engine *g)
{
	return !g->stopping && !g->fatal && queue_has_more(&g->queue);
}

long long
engine_in_flight(const struct engine *g)
{
	long long n = 0;
	size_t i;

	for (i = 0; i < g->nworkers; i++)
		n += g->workers[i].nruns;
	return n;
}

void
engine_stop(struct engine *g, const char *fmt, ...)
{
	long long n = engine_in_flight(g);
	struct buf b = { 0 };
	va_list ap;

	if (g->stopping || g->fatal)
		return;
	g->stopping = 1;
	g->by_limit = !proc_stops;
	g->stop_by = isotime_monotonic() + engine_micro(g->plan->grace);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	engine_log(g, "stopping", NULL, NULL, (struct eventlog_field[]){
	    EVENTLOG_STR("why", buf_str(&b)), { 0 } });
	buf_puts(&b, ": no more runs are started");
	if (n)
		buf_printf(&b, "; %lld may continue for %g s%s", n,
		    g->plan->grace, proc_stops ?
		    ", and another signal ends them at once" : "");
	g->plan->report(buf_str(&b));
	buf_release(&b);
}

void
engine_check_limits(struct engine *g)
{
	const struct engine_plan *p = g->plan;

	if (p->max_failures && g->view.failed >= p->max_failures)
		engine_stop(g, g->view.failed == 1 ? "%lld run has failed" :
		    "%lld runs have failed", g->view.failed);
	if (p->max_tokens && g->tokens >= p->max_tokens)
		engine_stop(g, "%lld tokens were used", g->tokens);
}

/* --- ends of runs -------------------------------------------------------- */

/* Counts the tokens that a run has used and that are not counted yet. */
static void
count_used(struct engine *g, struct run *r)
{
	if (g->tokens < RUN_TOKENS_MAX)
		g->tokens += r->tokens[2] - r->counted;
	r->counted = r->tokens[2];
}

/* A copy of an end with the secrets in its error masked; b holds the text. */
static struct run_end
mask_end(const struct engine *g, const struct run_end *end, struct buf *b)
{
	struct run_end masked = *end;

	if (end->error) {
		masked.error = engine_mask(g, end->error, end->error_len ?
		    end->error_len : strlen(end->error), b);
		masked.error_len = b->len;
	}
	return masked;
}

static void
mask_printed(const struct engine *g, struct run *r)
{
	struct buf *b = &r->printed;
	size_t text = b->len - 1, cut;

	/* remove the start of a secret whose rest is not kept */
	if (r->printed_cut) {
		cut = mask_cut(g->plan->kind.secrets, b->p, text, text);
		buf_splice(b, cut, text - cut, NULL, 0);
	}
	mask_apply(g->plan->kind.secrets, b);
}

void
engine_finish(struct engine *g, struct run *r, const struct run_end *end)
{
	struct buf line = { 0 }, error = { 0 }, *out = out_begin(g->out), *to;
	struct run_end masked = mask_end(g, end, &error);
	size_t from;
	int64_t took;

	mask_printed(g, r);
	to = g->plan->ordered ? &line : out;
	from = to->len;
	took = run_trace(r, &masked, to);
	if (run_may_have_secret(r, &masked, g->plan->kind.secrets))
		mask_record(g->plan->kind.secrets, to, from);
	buf_release(&error);
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
 * The time to wait before the next attempt, in microseconds. It doubles with
 * each attempt, and up to half of that is added, so that runs that failed
 * together are not retried together ("Exponential Backoff And Jitter", Marc
 * Brooker, 2015). The addition is made from the run's id: it is reproducible.
 */
static int64_t
backoff(const struct engine *g, const struct run *r)
{
	double jitter = (double)(hash_bytes(r->attempt, 0, r->id,
	    strlen(r->id)) >> 11) / 9007199254740992.0;

	return engine_micro(g->plan->retry_delay * (1 + jitter / 2) *
	    pow(2, r->attempt < 64 ? r->attempt - 1.0 : 63));
}

void
engine_fail(struct engine *g, struct run *r, const struct run_end *end)
{
	int64_t wait = end->again ? end->wait : backoff(g, r);
	struct run_end masked;
	struct buf error = { 0 };

	if (g->stopping || g->fatal || (!end->again &&
	    (r->attempt > g->plan->max_retries ||
	    !(g->plan->retry_on >> end->kind & 1)))) {
		engine_finish(g, r, end);
		return;
	}
	if (!r->started)
		run_start(r);
	log_end(g, "failed", r, end, isotime_monotonic() - r->clock);
	count_used(g, r);
	masked = mask_end(g, end, &error);
	run_retry(r, &masked);
	buf_release(&error);
	engine_log(g, "waits", NULL, r, (struct eventlog_field[]){
	    EVENTLOG_INT("wait_us", wait), { 0 } });
	queue_later(&g->queue, r, isotime_monotonic() + wait);
}

/* --- ends of agents ------------------------------------------------------ */

/* Appends how an agent's process ended, and the signals it was sent before. */
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

/* Fails a run that was started by an agent that exited. */
static void
fail_started(struct engine *g, struct worker *w, struct run *r,
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
		buf_puts(&text, "; its output is not messages");
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
	engine_fail(g, r, &end);
	buf_release(&text);
}

/*
 * Whether an agent never read the request that it was sent last. This is known
 * of agents that take one request at a time and do not report starts. The first
 * request of an agent counts as read, or it would be sent again forever.
 */
static int
is_unread(const struct worker *w)
{
	return w->calls && w->nruns == 1 && w->pipeline == 1 &&
	    agent_unread(&w->agent) >= w->request_size;
}

/* Fails the runs that an agent had started, and returns the others. */
static void
release_runs(struct engine *g, struct worker *w, const struct buf *tail)
{
	struct run *r, *unstarted = NULL;
	int first;

	if (is_unread(w))
		run_unstart(w->runs);
	/* an agent that never answered has started the first one */
	for (first = !w->calls; (r = w->runs); first = 0) {
		worker_remove(w, r);
		if (r->started || first) {
			fail_started(g, w, r, tail);
		} else {
			engine_log(g, "returned", w, r, NULL);
			r->next = unstarted;
			unstarted = r;
		}
	}
	while ((r = unstarted)) {
		unstarted = r->next;
		queue_return(&g->queue, r);
	}
}

/* Records what an agent used, in the event log and in agents.jsonl. */
static void
log_usage(struct engine *g, const struct worker *w)
{
	struct buf *b = eventlog_begin(g->plan->log, "ended");

	if (b) {
		agent_put_usage(&w->agent, w->calls, b);
		eventlog_end(g->plan->log);
	}
	if (!g->agents_log_failed && agent_log_usage(&w->agent, w->calls)) {
		engine_report(g, "%s/agents.jsonl: %s",
		    g->plan->kind.stderr_dir, strerror(errno));
		g->agents_log_failed = 1;
	}
}

/* Handles the exit of an agent and frees its worker. */
static void
clear_worker(struct engine *g, struct worker *w)
{
	struct buf tail = { 0 };
	int i;

	/*
	 * The agent's last output is in the pipe, which holds at most 1 MiB.
	 * The pipe may have no end: processes that the agent left running may
	 * write to it, too.
	 */
	for (i = 0; i < 16 && !w->agent.from_eof && !w->discarded; i++)
		agent_read(&w->agent);
	engine_take_lines(g, w);
	engine_take_rest(g, w);
	agent_take_errors(&w->agent, &tail);
	log_usage(g, w);
	/* one that closed its output may have been ended for that */
	if (!w->ready && !w->dismissed && w->start_by != NEVER &&
	    (!w->end_reason || w->closed_at != NEVER) && !g->fatal &&
	    !g->stopping) {
		engine_not_ready(g, "the agent ended before it was ready");
		buf_str(&tail);
		if (tail.len)
			g->plan->report(tail.p);
	}
	g->no_spares |= engine_is_idle(g, w);
	release_runs(g, w, &tail);
	buf_release(&tail);
	worker_clear(w);
	/* another agent can use its resources */
	g->spawn_at = 0;
}

/* The worker whose agent this process is, or NULL. */
static struct worker *
find_worker(const struct engine *g, pid_t pid)
{
	size_t i;

	for (i = 0; i < g->nworkers; i++)
		if (g->workers[i].live && g->workers[i].agent.proc.pid == pid)
			return &g->workers[i];
	return NULL;
}

/*
 * Reaps the child processes that have exited. What an agent has left in its
 * group is killed before, as the group's number may be another's afterwards.
 */
static void
reap_agents(struct engine *g)
{
	struct proc_end end;
	struct worker *w;
	pid_t pid;
	size_t i;

	while ((pid = proc_ended())) {
		w = find_worker(g, pid);
		if (w) {
			proc_signal(&w->agent.proc, SIGKILL);
			reaper_remove(&g->reaper, pid);
			proc_forget(&w->agent.proc);
		}
		proc_reap(pid, &end);
		if (w) {
			w->agent.ended = 1;
			w->agent.end = end;
		}
	}
	for (i = 0; i < g->nworkers; i++)
		if (g->workers[i].live && g->workers[i].agent.ended)
			clear_worker(g, &g->workers[i]);
}

/* --- the loop ------------------------------------------------------------ */

/* Adds a descriptor to poll. Returns its index. */
static size_t
watch(struct engine *g, size_t *n, int fd, short events)
{
	g->fds[*n].fd = fd;
	g->fds[*n].events = events;
	g->fds[*n].revents = 0;
	return (*n)++;
}

/* Waits until a descriptor is ready, or the time next. */
static void
wait_for(struct engine *g, int64_t next)
{
	int64_t now = isotime_monotonic(), ms = -1;
	struct worker *w;
	size_t i, n = 0;

	watch(g, &n, g->signal_fd, POLLIN);
	if (g->queue.waiting && engine_has_work(g) && g->queue.source->open)
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

/* Reads and handles what agents have written. */
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
			engine_take_lines(g, w);
		}
		w->poll.out = w->poll.err = 0;
	}
}

/* Writes requests to agents, as much as their pipes accept. */
static void
write_agents(struct engine *g)
{
	struct agent *a;
	size_t i;

	for (i = 0; i < g->nworkers; i++) {
		a = &g->workers[i].agent;
		if (!g->workers[i].live || !a->to.len)
			continue;
		agent_write(a);
		/* this was its only request: let it exit after the answer */
		if (g->plan->lines && g->plan->fresh && !a->to.len)
			agent_close_input(a);
	}
}

/* The number of calls that agents work on. */
static long long
count_running(const struct engine *g)
{
	long long n = 0;
	size_t i;

	for (i = 0; i < g->nworkers; i++)
		n += worker_running(&g->workers[i]);
	return n;
}

static void
update_progress(struct engine *g, int last)
{
	int64_t now;

	if (!g->plan->progress)
		return;
	now = isotime_monotonic();
	if (!last && now < g->progress_at)
		return;
	g->progress_at = now + PROGRESS_EVERY;
	g->view.running = count_running(g);
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
 * Finishes the experiment when no agent lives and no run can start: after a
 * stop, cancels runs that wait for another attempt. Returns 1 while a slow
 * reader has not taken all output, unless a second signal has come.
 */
static int
drain(struct engine *g)
{
	struct run_end end = { .kind = RUN_CANCELLED, .exit_code = -1,
	    .error = "the experiment was stopped before the next attempt" };
	struct run *r;

	while ((r = queue_drop(&g->queue)))
		engine_finish(g, r, &end);
	reorder_end(&g->reorder, out_begin(g->out));
	return out_pending(g->out) && proc_stops < 2;
}

/*
 * Writes the event log, and as much of the output as its reader takes. Returns
 * 0, or -1 if the output cannot be written.
 */
static int
write_output(struct engine *g)
{
	int error = eventlog_flush(g->plan->log), bad;

	if (error)
		engine_report(g, "the log cannot be written and is closed: %s",
		    strerror(error));
	bad = out_try(g->out);
	/* runs may start again: do not wait before they do */
	if (g->queue.hold && !engine_is_backlogged(g))
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
			engine_dispatch(g);
		} while (g->dispatch_again && !g->fatal);
		write_agents(g);
		next = engine_check_clock(g);
		if (proc_report_wanted) {
			proc_report_wanted = 0;
			report_running(g);
		}
		update_progress(g, 0);
		if (write_output(g))
			break;
		if (!any_live(g) && !engine_has_work(g) && !drain(g))
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
	buf_release(&g->doubted);
	reaper_end(&g->reaper);
	proc_sweep();
	queue_release(&g->queue);
	reorder_end(&g->reorder, &rest);
	buf_release(&rest);
	free(g->workers);
	free(g->fds);
}

static void
init(struct engine *g, const struct engine_plan *plan, struct source *source,
    struct out *o)
{
	memset(g, 0, sizeof(*g));
	g->plan = plan;
	g->out = o;
	g->started = plan->kind.last;
	g->max_time_at = plan->max_time > 0 ? isotime_monotonic() +
	    engine_micro(plan->max_time) : NEVER;
	/* with an agent for each run: at work, started ahead, and ending */
	g->nworkers = plan->parallel * (plan->fresh ? 3 : 1);
	g->workers = xcalloc(g->nworkers, sizeof(*g->workers));
	g->fds = xcalloc(3 * g->nworkers + 3, sizeof(*g->fds));
	source->eager = 1;
	queue_init(&g->queue, &plan->queue, source);
	window_init(&g->window);
	out_unblock(o);
}

int
engine_run(const struct engine_plan *plan, struct source *source,
    struct out *o)
{
	struct engine g;
	struct err e = { 0 };
	int status, signal_fd;

	signal_fd = proc_init(&e);
	if (signal_fd < 0) {
		plan->report(e.msg);
		err_release(&e);
		return 2;
	}
	init(&g, plan, source, o);
	g.signal_fd = signal_fd;
	loop(&g);
	if (proc_stops > 1)
		out_discard(o);
	update_progress(&g, 1);
	engine_report_doubts(&g);
	status = (g.view.failed && !plan->failed_ok) || source->bad ||
	    g.stopping || g.unasked || g.ndoubted;
	if (plan->queue.npersonas && g.queue.skipped && !g.queue.ninputs &&
	    !proc_stops) {
		plan->report("no input has one of these personas");
		status = 1;
	}
	release(&g);
	if (g.fatal || o->error || source->failed)
		return 2;
	return proc_stops ? 128 + proc_stop_signal : status;
}
