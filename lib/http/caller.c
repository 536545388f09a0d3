#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/isotime.h"
#include "json/json.h"
#include "io/line.h"
#include "io/out.h"
#include "net/net.h"
#include "call.h"
#include "patience.h"
#include "service.h"
#include "caller.h"

#define PIPELINE_LEAST 64
#define PIPELINE_MOST 4096
#define ROUNDS 3		/* rounds without a connection before giving
				   up */
#define HOLD_MOST 300.0		/* seconds that runs may wait here */

struct caller {
	const struct caller_plan *plan;
	struct net *net;
	struct line_reader reader;
	int ended;		/* 1: the input has ended */
	struct buf out;		/* messages that are not written yet */
	struct call *waiting, **last;
	struct call *active;
	unsigned nactive, nwaiting;
	int64_t hold;		/* no call begins before this time */
	int64_t next_slot;	/* when rate_limit lets the next call begin */
	int rounds;		/* consecutive rounds without a connection */
	int64_t round_ended;	/* when the last round ended */
	int broken;		/* the agent cannot do any work */
};

static unsigned
pipeline_of(unsigned concurrency)
{
	unsigned n = 2 * concurrency;

	if (n < PIPELINE_LEAST)
		n = PIPELINE_LEAST;
	return n < PIPELINE_MOST ? n : PIPELINE_MOST;
}

int
caller_hello(int fd, unsigned concurrency)
{
	struct buf b = { 0 };
	int bad;

	json_open(&b, NULL, '{');
	json_add_str(&b, "type", "hello");
	json_add_int(&b, "protocol", 1);
	json_add_int(&b, "pipeline", pipeline_of(concurrency));
	json_add_int(&b, "concurrency", concurrency);
	json_close(&b, '}');
	buf_byte(&b, '\n');
	bad = out_write_all(fd, b.p, b.len);
	buf_release(&b);
	return bad;
}

void
caller_refuse(int fd, const char *why)
{
	struct buf b = { 0 };

	json_open(&b, NULL, '{');
	json_add_str(&b, "type", "error");
	json_add_str(&b, "code", "setup");
	json_add_str(&b, "error", why);
	json_close(&b, '}');
	buf_byte(&b, '\n');
	out_write_all(fd, b.p, b.len);
	buf_release(&b);
}

/* --- connections ---------------------------------------------------------- */

/*
 * Notes that the service was not reached. Calls that fail together are one
 * round; between rounds all calls wait, so that a service that restarts is not
 * given up.
 */
static void
note_unreached(struct caller *g, const struct call *c)
{
	double wait;

	if (c->sent < g->round_ended)
		return;
	g->round_ended = c->ended;
	wait = g->plan->service->backoff * (1 << g->rounds++);
	g->hold = c->ended + (int64_t)(wait * 1e6);
	g->broken |= g->rounds >= ROUNDS;
}

/* Delays all calls, as the service asks. */
static void
hold_back(struct caller *g, double ms)
{
	double seconds = ms / 1000 < HOLD_MOST ? ms / 1000 : HOLD_MOST;
	int64_t until = isotime_monotonic() + (int64_t)(seconds * 1e6);

	if (until > g->hold)
		g->hold = until;
}

/* --- ends of calls -------------------------------------------------------- */

/*
 * Returns the milliseconds before a failed call is retried; -1: it is not. An
 * attempt that did not reach the service does not count.
 */
static double
caller_retry_wait(struct caller *g, const struct call *c)
{
	const struct service *s = g->plan->service;
	int64_t now = isotime_monotonic();
	double wait = patience_backoff(s, c->attempt, c->run_id.p,
	    c->run_id.n);
	unsigned most = s->attempts;

	if (c->unreached) {
		wait = g->hold > now ? (double)(g->hold - now) / 1000 : 0;
		most += ROUNDS;
	}
	if (!c->retried || c->attempt > most)
		return -1;
	if (c->wait_ms >= 0) {
		if (c->wait_ms > s->max_wait * 1000)
			return -1;
		wait = c->wait_ms;
	}
	return wait;
}

static void
caller_put_failure(struct caller *g, struct call *c)
{
	struct buf *b = &g->out, text = { 0 };
	double wait;

	if (c->unreached)
		note_unreached(g, c);
	if (c->wait_ms >= 0 && c->retried)
		hold_back(g, c->wait_ms);
	wait = g->broken ? -1 : caller_retry_wait(g, c);
	buf_puts(&text, c->error.msg);
	if (c->retried && c->wait_ms > g->plan->service->max_wait * 1000)
		buf_printf(&text, " (it asks to wait %.0f s, longer than "
		    "retry.max_wait)", c->wait_ms / 1000);
	if (g->broken)
		buf_printf(&text, " (%d times in a row)%s", g->rounds,
		    !strcmp(c->code, net_failure_code(NET_TLS)) ? "" :
		    "; is the service running?");
	json_open(b, NULL, '{');
	json_add_str(b, "type", "error");
	call_add_end(c, b);
	json_add_str(b, "code", g->broken ? "setup" : c->code);
	if (g->broken)
		json_add_bool(b, "fatal", 1);
	json_add_text(b, "error", buf_str(&text), text.len);
	/* the question of an agent that cannot go on */
	if (c->answer.state.len && c->answer.output.len)
		json_add(b, "output", json_buf(&c->answer.output));
	if (wait >= 0)
		json_add_double(b, "retry_ms", wait);
	json_close(b, '}');
	buf_byte(b, '\n');
	buf_release(&text);
}

static void
put_final(struct caller *g, const struct call *c)
{
	struct buf *b = &g->out;

	json_open(b, NULL, '{');
	json_add_str(b, "type", "final");
	call_add_end(c, b);
	json_add(b, "output", json_buf(&c->answer.output));
	json_close(b, '}');
	buf_byte(b, '\n');
}

/* Writes the outcome of a call, with the secrets of headers masked. */
static void
finish(struct caller *g, struct call *c)
{
	size_t from = g->out.len;

	if (c->status)
		g->rounds = 0;
	call_put_steps(c, &g->out);
	if (*c->code)
		caller_put_failure(g, c);
	else
		put_final(g, c);
	service_mask(g->plan->service, &g->out, from);
	call_free(c);
}

/* Checks what is due for calls, and finishes those that are over. */
static int64_t
check_calls(struct caller *g)
{
	int64_t now = isotime_monotonic(), next = INT64_MAX, due;
	struct call **p, *c;

	for (p = &g->active; (c = *p); ) {
		due = c->state == CALL_OVER ? now : call_check(c, now);
		if (c->state == CALL_OVER) {
			*p = c->next;
			g->nactive--;
			finish(g, c);
			continue;
		}
		next = due < next ? due : next;
		p = &c->next;
	}
	return next;
}

/* --- the loop ------------------------------------------------------------- */

static void
caller_take_request(struct caller *g, const struct line *l)
{
	struct err e = { 0 };
	struct call *c = call_new(g->plan->service, l->p, l->n, &e);

	if (!c) {
		json_open(&g->out, NULL, '{');
		json_add_str(&g->out, "type", "error");
		json_add_str(&g->out, "error", e.msg);
		json_close(&g->out, '}');
		buf_byte(&g->out, '\n');
		err_release(&e);
		return;
	}
	*g->last = c;
	g->last = &c->next;
	g->nwaiting++;
}

/* Reads the available requests. Returns 0, or -1 with errno set. */
static int
caller_read(struct caller *g)
{
	struct line l;
	int got = 1;

	while (!g->ended && g->nwaiting < PIPELINE_MOST &&
	    (got = line_next(&g->reader, &l)) == 1)
		if (l.n)
			caller_take_request(g, &l);
	if (!got)
		g->ended = 1;
	return got < 0 ? -1 : 0;
}

/* Begins the calls that may begin. Returns the time at which the next may. */
static int64_t
begin_calls(struct caller *g)
{
	const struct caller_plan *p = g->plan;
	int64_t now = isotime_monotonic(), from;
	double timeout = p->service->timeout;
	struct call *c;

	if (p->timeout > 0 && (timeout <= 0 || p->timeout < timeout))
		timeout = p->timeout;
	while ((c = g->waiting) && g->nactive < p->concurrency) {
		from = g->hold > g->next_slot ? g->hold : g->next_slot;
		if (from > now)
			return from;
		g->waiting = c->next;
		if (!g->waiting)
			g->last = &g->waiting;
		g->nwaiting--;
		c->next = g->active;
		g->active = c;
		g->nactive++;
		call_begin(c, p->dry ? NULL : g->net, timeout, &g->out);
		if (p->service->interval > 0 && !p->dry)
			g->next_slot = c->started +
			    (int64_t)(p->service->interval * 1e6);
	}
	return INT64_MAX;
}

/* Waits for requests, replies, or the time next. */
static void
caller_wait(struct caller *g, int64_t next)
{
	struct pollfd in = { g->reader.fd, POLLIN, 0 };
	int64_t now = isotime_monotonic(), ms = 60000;

	if (next != INT64_MAX)
		ms = next <= now ? 0 : (next - now + 999) / 1000;
	net_wait(g->net, &in, !g->ended, ms < 60000 ? (int)ms : 60000);
}

static int
flush(struct caller *g, int fd)
{
	int bad = g->out.len ? out_write_all(fd, g->out.p, g->out.len) : 0;

	g->out.len = 0;
	return bad;
}

static int
caller_serve(struct caller *g, int out, struct err *e)
{
	int64_t next, begin;

	for (;;) {
		if (caller_read(g))
			return err_set(e, 0, 0, "<stdin>: %s",
			    strerror(errno));
		begin = begin_calls(g);
		net_run(g->net);
		next = check_calls(g);
		if (flush(g, out))
			return err_set(e, 0, 0, "<stdout>: %s",
			    strerror(errno));
		if (g->ended && !g->active && !g->waiting)
			return 0;
		if (g->waiting && g->nactive < g->plan->concurrency &&
		    begin == INT64_MAX)
			continue;	/* a call has ended, the next begins */
		caller_wait(g, begin < next ? begin : next);
	}
}

/* Raises the limit of open files, since each call has a connection. */
static void
caller_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
caller_run(const struct caller_plan *p, int in, int out, struct err *e)
{
	struct caller g = { .plan = p };
	struct call *c;
	int bad;

	caller_raise_files();
	g.last = &g.waiting;
	g.net = net_new(p->concurrency);
	line_init(&g.reader, in);
	g.reader.eager = 1;
	bad = caller_serve(&g, out, e);
	while ((c = g.waiting)) {
		g.waiting = c->next;
		call_free(c);
	}
	while ((c = g.active)) {
		g.active = c->next;
		call_free(c);
	}
	line_release(&g.reader);
	buf_release(&g.out);
	net_free(g.net);
	return bad;
}
