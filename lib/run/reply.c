#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "eventlog.h"
#include "internal.h"
#include "mask.h"
#include "message.h"
#include "run.h"
#include "window.h"
#include "worker.h"
#include "base/buf.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"

/* Handles the output of agents: messages of the protocol, or lines of text. */

#define START_TRIES 3			/* failed starts in a row */
#define SETTLE_TIME 10000		/* microseconds */
#define SHOWN 60			/* bytes of a line in a message */
#define LOOKED_AT 65536			/* bytes of a line that are masked */
#define LONG_LINE ((size_t)1 << 20)	/* bytes of a non-message */

/* Whether a run has failed, so that its agent is being ended. */
static int
has_failed(const struct worker *w, const struct run *r)
{
	return w->end_reason && r == w->cause;
}

/*
 * Ends the attempt at a run that an agent replied to. clock is the time at
 * which the agent says that the run ended, or 0.
 */
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
	window_add(&g->window, (r->ended ? r->ended : now) - r->clock);
	w->rest_until = now + engine_micro(g->plan->run_delay);
	worker_remove(w, r);
	if (end->error) {
		agent_take_errors(&w->agent, &tail);
		end->stderr_tail = tail.p;
		end->stderr_len = tail.len;
		engine_fail(g, r, end);
	} else {
		/* its stderr so far belongs only to this run */
		if (!w->nruns)
			agent_discard_errors(&w->agent);
		engine_finish(g, r, end);
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

void
engine_not_ready(struct engine *g, const char *why)
{
	if (g->fatal || g->stopping)
		return;
	g->plan->report(why);
	g->fatal = !g->was_ready || ++g->failed_starts == START_TRIES;
}

/* --- messages ------------------------------------------------------------ */

static void
handle_hello(struct engine *g, struct worker *w, const struct message *m)
{
	w->said_hello = 1;
	w->pipeline = message_count(m, MESSAGE_HAS_PIPELINE);
	w->concurrency = message_count(m, MESSAGE_HAS_CONCURRENCY);
	if (!g->plan->ready)
		mark_ready(g, w);
	engine_log(g, "hello", w, NULL, NULL);
}

/* The output of a message on one line, in b; nothing when there is none. */
static struct json_span
compact_output(const struct message *m, struct buf *b)
{
	if (!m->v[MESSAGE_HAS_OUTPUT].p)
		return (struct json_span){ 0 };
	json_compact(b, m->v[MESSAGE_HAS_OUTPUT]);
	return json_buf(b);
}

static void
handle_final(struct engine *g, struct worker *w, struct run *r,
    const struct message *m)
{
	struct run_end end = { .exit_code = -1 };
	struct buf clean = { 0 };

	end.output = compact_output(m, &clean);
	take_reply(g, w, r, &end, message_clock(m));
	buf_release(&clean);
}

/* Reports a text of an agent, with the values of secrets masked. */
static void
reply_report_masked(const struct engine *g, const char *text)
{
	struct buf masked = { 0 };

	g->plan->report(engine_mask(g, text, strlen(text), &masked));
	buf_release(&masked);
}

static void
handle_error(struct engine *g, struct worker *w, struct run *r,
    const struct message *m)
{
	struct run_end end = { .kind = RUN_ERROR, .exit_code = -1 };
	struct buf text = { 0 }, code = { 0 }, output = { 0 };
	int64_t wait = message_retry(m);

	message_text(m, MESSAGE_HAS_ERROR, &text);
	end.output = compact_output(m, &output);
	if (json_is(m->v[MESSAGE_HAS_CODE], JSON_STRING)) {
		message_text(m, MESSAGE_HAS_CODE, &code);
		end.code = buf_str(&code);
	}
	end.error = text.len ? buf_str(&text) : "the agent reported an error";
	end.error_len = text.len;
	end.again = wait >= 0;
	end.wait = wait;
	/* the call cannot be made: all others would fail, too */
	if ((!g->view.done || json_is_true(m->v[MESSAGE_HAS_FATAL])) &&
	    message_is(m, MESSAGE_HAS_CODE, "setup")) {
		reply_report_masked(g, end.error);
		g->fatal = 1;
	}
	take_reply(g, w, r, &end, message_clock(m));
	buf_release(&text);
	buf_release(&code);
	buf_release(&output);
}

/* Handles the message of an agent that cannot do any work at all. */
static void
handle_setup_error(struct engine *g, struct worker *w, const struct message *m)
{
	struct buf text = { 0 };

	message_text(m, MESSAGE_HAS_ERROR, &text);
	mask_apply(g->plan->kind.secrets, &text);
	engine_not_ready(g, text.len ? buf_str(&text) :
	    "the agent cannot start");
	engine_end_agent(g, w, RUN_CRASH, "the agent cannot start", w->runs);
	buf_release(&text);
}

static void
handle_start(struct engine *g, struct worker *w, struct run *r,
    const struct message *m)
{
	if (r->announced)
		return;
	w->announces = 1;
	run_began_at(r, message_clock(m));
	engine_log(g, "started", w, r, NULL);
}

/* Handles a message about a run that the agent works on. */
static void
handle_for_run(struct engine *g, struct worker *w, struct run *r,
    const struct message *m)
{
	switch (m->type) {
	case MESSAGE_START:
		if (!has_failed(w, r))
			handle_start(g, w, r, m);
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
		if (!has_failed(w, r))
			handle_final(g, w, r, m);
		break;
	case MESSAGE_ERROR:
		if (!has_failed(w, r))
			handle_error(g, w, r, m);
		break;
	default:
		break;
	}
}

/* Ends an agent that breaks the protocol; the rest of its output is dropped. */
static void
reject_agent(struct engine *g, struct worker *w, struct run *r,
    const char *why)
{
	w->discarded = 1;
	agent_skip_line(&w->agent);
	engine_end_agent(g, w, RUN_PROTOCOL, why, r);
}

/* Appends the start of a line, in quotes. */
static void
reply_put_shown(const struct engine *g, struct buf *b, const char *p, size_t n)
{
	struct buf text = { 0 };

	/* masked before it is cut, or a part of a secret might be left */
	engine_mask(g, p, n < LOOKED_AT ? n : LOOKED_AT, &text);
	json_put_text(b, text.p, text.len < SHOWN ? text.len : SHOWN);
	buf_release(&text);
}

/*
 * Fails the run that a broken message is about. With several runs that is
 * unknown: all runs of the agent fail. If the message was not the reply, more
 * messages follow, which must not be taken for those of the next run.
 */
static void
handle_broken(struct engine *g, struct worker *w, const struct message *m,
    const char *p, size_t n)
{
	struct run_end end = { .kind = RUN_PROTOCOL, .exit_code = -1 };
	struct buf why = { 0 };

	if (has_failed(w, w->runs))
		return;
	buf_printf(&why, "the agent's message is not JSON: %s (byte %zu): ",
	    m->fault.msg, m->fault.at + 1);
	reply_put_shown(g, &why, p, n);
	if (w->nruns > 1 || !m->is_reply) {
		w->end_text = xstrdup(buf_str(&why));
		reject_agent(g, w, w->runs, w->end_text);
	} else {
		end.error = buf_str(&why);
		end.error_len = why.len;
		take_reply(g, w, w->runs, &end, 0);
	}
	buf_release(&why);
}

/*
 * Fails the run that a reply without a known type is about: a typing error
 * would have it wait for the time limit.
 */
static void
handle_untyped(struct engine *g, struct worker *w, struct run *r,
    const char *p, size_t n)
{
	struct run_end end = { .kind = RUN_PROTOCOL, .exit_code = -1 };
	struct buf why = { 0 };

	if (has_failed(w, r))
		return;
	buf_puts(&why, "the agent's reply has no type \"final\" or "
	    "\"error\": ");
	reply_put_shown(g, &why, p, n);
	end.error = buf_str(&why);
	end.error_len = why.len;
	take_reply(g, w, r, &end, 0);
	buf_release(&why);
}

/* Handles a message. Returns 0 if the line is not one. */
static int
handle_message(struct engine *g, struct worker *w, const char *p, size_t n,
    int whole)
{
	struct message m;
	struct run *r;

	message_read(&m, p, n);
	if (m.type == MESSAGE_NONE && m.broken && whole && w->runs) {
		handle_broken(g, w, &m, p, n);
		return 1;
	}
	if (m.type == MESSAGE_NONE && m.untyped && worker_find(w, m.id)) {
		handle_untyped(g, w, worker_find(w, m.id), p, n);
		return 1;
	}
	if (m.type == MESSAGE_NONE)
		return 0;
	if (m.type == MESSAGE_HELLO) {
		handle_hello(g, w, &m);
		return 1;
	}
	if (m.type == MESSAGE_ERROR && !m.v[MESSAGE_HAS_ID].p &&
	    !w->said_hello && !w->calls &&
	    message_is(&m, MESSAGE_HAS_CODE, "setup")) {
		handle_setup_error(g, w, &m);
		return 1;
	}
	r = worker_find(w, m.id);
	if (r) {
		handle_for_run(g, w, r, &m);
		return 1;
	}
	/* late messages about a run that is over are ignored */
	if (m.id >= 1 && m.id <= w->number)
		return 1;
	if (w->runs)
		reject_agent(g, w, w->runs, "the agent answered a request "
		    "that it was not sent");
	return 0;
}

/* --- lines --------------------------------------------------------------- */

/* Appends a number to a list of numbers and ranges that ends with last. */
static void
list_number(struct buf *b, unsigned last, unsigned number)
{
	size_t n = b->len;

	if (!n || number != last + 1) {
		buf_printf(b, "%s%u", n ? ", " : "", number);
		return;
	}
	while (n && strchr("0123456789", b->p[n - 1]))
		n--;
	if (n && b->p[n - 1] == '-')
		b->len = n;
	else
		buf_byte(b, '-');
	buf_printf(b, "%u", number);
}

/*
 * Notes that an agent wrote more or fewer lines than requests, so that each of
 * its answers may belong to another input.
 */
static void
doubt_answers(struct engine *g, struct worker *w)
{
	if (!w->calls || w->doubted)
		return;
	w->doubted = 1;
	g->ndoubted += w->calls;
	engine_log(g, "doubtful", w, NULL, (struct eventlog_field[]){
	    EVENTLOG_INT("answers", w->calls), { 0 } });
	list_number(&g->doubted, g->last_doubted, w->agent.number);
	g->last_doubted = w->agent.number;
}

void
engine_report_doubts(const struct engine *g)
{
	if (g->ndoubted)
		engine_report(g, "%lld answer%s may belong to other inputs, "
		    "those with \"agent\": %.*s", g->ndoubted,
		    g->ndoubted == 1 ? "" : "s", (int)g->doubted.len,
		    g->doubted.p);
}

/* Ends an agent that wrote other lines than one for each request. */
static void
reject_lines(struct engine *g, struct worker *w, const char *why)
{
	doubt_answers(g, w);
	reject_agent(g, w, w->runs, why);
}

/*
 * Reports a line of text that came without a request, once. The agent's earlier
 * answers may belong to other inputs, and its later ones would.
 */
static void
report_unasked(struct engine *g, struct worker *w, const char *p, size_t n)
{
	struct buf line = { 0 };

	reply_put_shown(g, &line, p, n);
	if (!g->unasked)
		engine_report(g, "agent %u wrote a line without a request, so "
		    "its answers may belong to other inputs: %s; "
		    "runner.process.ready_pattern skips lines at the start",
		    w->agent.number, buf_str(&line));
	g->unasked = 1;
	doubt_answers(g, w);
	if (!w->dismissed && !w->end_reason)
		reject_agent(g, w, NULL, "it wrote a line without a request");
	buf_release(&line);
}

/* Takes a line of text as the output of the run that was sent first. */
static void
take_text_reply(struct engine *g, struct worker *w, const char *p, size_t n)
{
	struct run_end end = { .exit_code = -1 };
	struct buf text = { 0 };

	while (n && p[n - 1] == '\r')
		n--;
	json_put_text(&text, p, n);
	end.output = json_buf(&text);
	take_reply(g, w, w->runs, &end, 0);
	buf_release(&text);
}

/* Handles a line of an agent that answers each request by one line. */
static void
handle_text(struct engine *g, struct worker *w, const char *p, size_t n)
{
	if (!w->runs)
		report_unasked(g, w, p, n);
	else if (has_failed(w, w->runs))
		return;
	else if (agent_unread(&w->agent) >= w->request_size)
		reject_lines(g, w, "the agent wrote a line before it read the "
		    "request; runner.process.ready_pattern skips lines at the "
		    "start");
	else if (agent_has_line(&w->agent))
		reject_lines(g, w, "the agent wrote several lines for "
		    "one request; runner.process.ready_pattern skips lines at "
		    "the start, the protocol jsonl allows answers of several "
		    "lines");
	else
		take_text_reply(g, w, p, n);
}

static int
matches_ready(const struct engine *g, const char *p, size_t n)
{
	char *text = xmemdup(p, n);
	int yes = regexec(g->plan->ready, text, 0, NULL, 0) == 0;

	free(text);
	return yes;
}

static void
handle_line(struct engine *g, struct worker *w, const char *p, size_t n,
    int whole)
{
	int early = g->plan->ready && !w->ready;

	if (early && matches_ready(g, p, n)) {
		mark_ready(g, w);
		engine_log(g, "ready", w, NULL, NULL);
	}
	if (g->plan->lines && !early)
		handle_text(g, w, p, n);
	if (!g->plan->lines && !handle_message(g, w, p, n, whole) && w->runs)
		run_printed(w->runs, p, n);
}

/* Whether a line that begins so can become a message. */
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

/* Checks the sizes of the unfinished line and of what runs have gathered. */
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
		reject_agent(g, w, w->runs, too_long);
		return;
	}
	/* only now and then: a run cannot reach the limit in between */
	if (!limit || w->unchecked <= limit / 16)
		return;
	w->unchecked = 0;
	for (r = w->runs; r; r = r->next)
		if (run_size(r) > limit) {
			reject_agent(g, w, r, too_long);
			return;
		}
}

/*
 * Whether the first line of an agent has to wait: if it is a banner, the answer
 * follows at once.
 */
static int
must_settle(const struct engine *g, struct worker *w)
{
	int64_t now;

	if (!g->plan->lines || g->plan->ready || w->calls ||
	    !w->runs || w->end_reason || w->agent.from_eof || w->agent.ended ||
	    !agent_has_line(&w->agent))
		return 0;
	now = isotime_monotonic();
	if (!w->settle_at)
		w->settle_at = now + SETTLE_TIME;
	return now < w->settle_at;
}

void
engine_take_lines(struct engine *g, struct worker *w)
{
	const char *p;
	size_t n;

	while (!w->discarded && !must_settle(g, w) &&
	    agent_line(&w->agent, &p, &n)) {
		w->unchecked += n;
		handle_line(g, w, p, n, 1);
	}
	if (!w->discarded)
		check_output_size(g, w);
}

void
engine_take_rest(struct engine *g, struct worker *w)
{
	const char *p;
	size_t n;

	if (w->discarded || !agent_rest(&w->agent, &p, &n))
		return;
	if (!g->plan->lines)
		handle_line(g, w, p, n, 0);
	else if (w->runs)
		run_printed(w->runs, p, n);
	else
		report_unasked(g, w, p, n);
}
