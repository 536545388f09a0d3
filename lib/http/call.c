#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/util.h"
#include "json/isotime.h"
#include "call.h"

#define REFUSAL_MAX 4096	/* bytes of a failed reply that are kept */
#define REFUSAL_READ 65536	/* bytes of a failed reply that are read */
#define DONE_WAIT 100000	/* us for the end of a reply that is whole */
#define POLL_FIRST 250000	/* us before a task is polled, at first */
#define POLL_LONGEST 2000000

struct call *
call_new(const struct service *s, const char *line, size_t n, struct err *e)
{
	struct call *c = xcalloc(1, sizeof(*c));
	struct json_fault f;
	struct json_span id;
	double attempt;

	c->service = s;
	buf_add(&c->line, line, n);
	buf_str(&c->line);
	c->first_byte = c->first_text = -1;
	c->wait_ms = -1;
	c->attempt = 1;
	if (json_scan(c->line.p, n, JSON_LAX, request_fields, c->v,
	    REQUEST_FIELDS, &f) < 0) {
		err_set(e, 0, 0, "the request is not JSON: %s", f.msg);
		call_free(c);
		return NULL;
	}
	if (json_double(json_get(c->v[REQUEST_CONTEXT], "attempt"), &attempt) &&
	    attempt >= 1)
		c->attempt = (unsigned)attempt;
	id = json_get(c->v[REQUEST_CONTEXT], "run_id");
	if (json_is(id, JSON_STRING))
		c->run_id = (struct json_span){ id.p + 1, id.n - 2 };
	if (!c->v[REQUEST_INPUT].p)
		c->v[REQUEST_INPUT] = (struct json_span){ "null", 4 };
	return c;
}

static void
forget_reply(struct call *c)
{
	free(c->content_type);
	c->content_type = NULL;
	c->refusal.len = 0;
	c->bytes = 0;
	c->status = 0;
	c->is_ok = 0;
}

void
call_free(struct call *c)
{
	if (c->transfer)
		net_cancel(c->transfer);
	forget_reply(c);
	answer_release(&c->answer);
	request_release(&c->request);
	buf_release(&c->refusal);
	buf_release(&c->line);
	err_release(&c->error);
	free(c);
}

/* --- messages ------------------------------------------------------------- */

void
call_add_id(const struct call *c, struct buf *b)
{
	if (c->v[REQUEST_ID].p)
		json_add(b, "id", c->v[REQUEST_ID]);
}

void
call_add_end(const struct call *c, struct buf *b)
{
	call_add_id(c, b);
	json_add_int(b, "clock", c->ended);
}

static void
call_put_start(struct call *c)
{
	json_open(c->out, NULL, '{');
	json_add_str(c->out, "type", "start");
	call_add_id(c, c->out);
	json_add_int(c->out, "clock", c->started);
	json_close(c->out, '}');
	buf_byte(c->out, '\n');
}

/* Passes on text of a stream. */
static void
put_delta(void *arg, const char *p, size_t n)
{
	struct call *c = arg;
	size_t from = c->out->len;

	if (c->first_text < 0)
		c->first_text = isotime_monotonic() - c->started;
	json_open(c->out, NULL, '{');
	json_add_str(c->out, "type", "delta");
	call_add_id(c, c->out);
	json_add_text(c->out, "delta", p, n);
	json_close(c->out, '}');
	service_mask(c->service, c->out, from);
	buf_byte(c->out, '\n');
}

/* --- ends ----------------------------------------------------------------- */

static void
call_end(struct call *c)
{
	c->ended = isotime_monotonic();
	c->state = CALL_OVER;
}

static void call_fail(struct call *c, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
call_fail(struct call *c, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (c->state == CALL_OVER)
		return;
	snprintf(c->code, sizeof(c->code), "%s", code);
	va_start(ap, fmt);
	err_vset(&c->error, 0, 0, fmt, ap);
	va_end(ap);
	call_end(c);
}

/* Fails with the failure in the answer. */
static void
fail_answer(struct call *c)
{
	call_fail(c, c->answer.code, "%s: %s", c->service->name,
	    c->answer.error.msg);
}

static void
fail_status(struct call *c, double wait_ms)
{
	char code[24];
	int again = service_is_retried(c->service, c->status);
	const char *hint = c->status == 401 || (c->status >= 403 &&
	    c->status <= 405) ? c->service->hint : NULL;

	snprintf(code, sizeof(code), "http_%d", c->status);
	c->retried = again;
	c->wait_ms = wait_ms;
	call_fail(c, code, "%s: HTTP %d%s%s%s%s%s", c->service->name, c->status,
	    hint ? " (" : "", hint ? hint : "", hint ? ")" : "",
	    c->refusal.len ? ": " : "", buf_str(&c->refusal));
}

/* --- the reply ------------------------------------------------------------ */

static int
call_take_header(void *arg, const char *name, size_t n, const char *value,
    size_t m)
{
	static const char type[] = "content-type";
	struct call *c = arg;

	if (n == sizeof(type) - 1 && !strncasecmp(name, type, n)) {
		free(c->content_type);
		c->content_type = xmemdup(value, m);
	}
	return 0;
}

static int
call_take_head(void *arg, int status)
{
	struct call *c = arg;

	c->status = status;
	c->first_byte = isotime_monotonic() - c->sent;
	c->is_ok = service_is_ok(c->service, status);
	if (!c->is_ok)
		return 0;
	answer_release(&c->answer);
	answer_begin(&c->answer, c->service, c->content_type, put_delta, c);
	return 0;
}

static int
call_take_data(void *arg, const char *p, size_t n)
{
	struct call *c = arg;
	size_t room = REFUSAL_MAX - c->refusal.len;
	int r;

	c->bytes += n;
	if (!c->is_ok) {
		buf_add(&c->refusal, p, n < room ? n : room);
		return c->bytes > REFUSAL_READ;
	}
	if (c->state == CALL_DONE)
		return c->bytes > c->service->max_reply;
	r = answer_feed(&c->answer, p, n);
	if (r > 0) {
		c->state = CALL_DONE;
		c->ended = isotime_monotonic();
		c->due = c->ended + DONE_WAIT;
	}
	return r < 0;
}

static void call_send(struct call *c);

/* Follows a redirect, if it may. */
static void
follow(struct call *c, const char *location)
{
	struct err e = { 0 };

	if (c->redirects >= c->service->redirects)
		call_fail(c, "redirect", "%s: redirected more than %u times, "
		    "at last to %s", c->service->name, c->service->redirects,
		    location);
	else if (request_follow(&c->request, c->service, location,
	    c->status == 303, &e))
		call_fail(c, "redirect", "%s: %s", c->service->name, e.msg);
	else
		c->redirects++;
	err_release(&e);
	if (c->state != CALL_OVER)
		call_send(c);
}

static int
is_redirect(const struct call *c)
{
	return c->status == 301 || c->status == 302 || c->status == 303 ||
	    c->status == 307 || c->status == 308;
}

/* The reply is whole. */
static void
take_answer(struct call *c)
{
	int64_t wait = POLL_FIRST << (c->polls < 3 ? c->polls : 3);

	if (answer_end(&c->answer)) {
		fail_answer(c);
	} else if (c->answer.task.len) {
		c->polls++;
		c->state = CALL_POLLING;
		c->due = isotime_monotonic() + (wait < POLL_LONGEST ? wait :
		    POLL_LONGEST);
	} else {
		if (!c->ended)
			c->ended = isotime_monotonic();
		c->state = CALL_OVER;
	}
}

static void
fail_transfer(struct call *c, const struct net_end *end)
{
	const char *code = net_failure_code(end->failure);

	if (end->failure == NET_BROKEN && c->is_ok)
		code = "truncated";
	if (end->failure == NET_TIMEOUT && c->first_byte < 0)
		code = net_failure_code(NET_FIRST_BYTE);
	c->unreached = end->failure == NET_CONNECT ||
	    end->failure == NET_DNS || end->failure == NET_TLS;
	c->retried = c->unreached;
	call_fail(c, code, "%s %s: %s", c->request.method, c->request.text,
	    end->message);
}

static void
call_take_end(void *arg, const struct net_end *end)
{
	struct call *c = arg;
	int refused = c->status && !c->is_ok && end->failure != NET_HEADERS;

	c->transfer = NULL;
	if (c->state == CALL_DONE)
		take_answer(c);
	else if (refused && is_redirect(c) && end->location)
		follow(c, end->location);
	else if (refused)
		fail_status(c, end->retry_after);
	else if (*c->answer.code)
		fail_answer(c);
	else if (end->failure != NET_OK)
		fail_transfer(c, end);
	else if (!c->is_ok)
		call_fail(c, net_failure_code(NET_BROKEN), "%s %s: the reply "
		    "ended within its headers", c->request.method,
		    c->request.text);
	else
		take_answer(c);
}

/* --- the request ---------------------------------------------------------- */

/* The seconds that are left of the attempt; 0: unlimited. */
static double
call_time_left(const struct call *c)
{
	double left;

	if (c->timeout <= 0)
		return 0;
	left = c->timeout -
	    (double)(isotime_monotonic() - c->started) / 1e6;
	return left > 0.001 ? left : 0.001;
}

static void
call_send(struct call *c)
{
	const struct request *q = &c->request;
	const struct buf *body;
	struct net_request r = {
		.method = q->method, .url = q->text,
		.headers = (const char *const *)q->headers,
		.nheaders = q->nheaders,
		.timeout = call_time_left(c),
		.connect_timeout = c->service->connect_timeout,
		.first_byte_timeout = c->service->first_byte_timeout,
		.header = call_take_header, .head = call_take_head,
		.data = call_take_data,
		.done = call_take_end, .arg = c
	};

	if (q->has_body) {
		body = q->ask.len ? &q->ask : &q->body;
		r.body = body->len ? body->p : "";
		r.body_len = body->len;
	}
	forget_reply(c);
	c->state = CALL_SENT;
	c->sent = isotime_monotonic();
	c->first_byte = -1;
	c->transfer = net_start(c->net, &r);
}

void
call_begin(struct call *c, struct net *net, double timeout, struct buf *out)
{
	struct json_span message = { c->line.p, c->line.len };
	struct err e = { 0 };

	c->net = net;
	c->out = out;
	c->timeout = timeout;
	isotime_both(&c->wall, &c->started);
	call_put_start(c);
	if (request_init(&c->request, c->service, message, c->v, &e)) {
		request_release(&c->request);
		call_fail(c, "template", "%s", e.msg);
	} else if (!net) {
		buf_puts(&c->answer.output, "null");
		call_end(c);
	} else {
		call_send(c);
	}
	err_release(&e);
}

/* --- what is due ---------------------------------------------------------- */

static void
end_transfer(struct call *c)
{
	if (c->transfer)
		net_cancel(c->transfer);
	c->transfer = NULL;
}

static int64_t
next_due(const struct call *c)
{
	return c->state == CALL_DONE || c->state == CALL_POLLING ? c->due :
	    INT64_MAX;
}

int64_t
call_check(struct call *c, int64_t now)
{
	if (next_due(c) > now)
		return next_due(c);
	switch (c->state) {
	case CALL_DONE:		/* the server does not end its stream */
		end_transfer(c);
		take_answer(c);
		break;
	case CALL_POLLING:
		if (c->timeout > 0 && call_time_left(c) <= 0.001) {
			call_fail(c, "timeout", "%s: the task %s is not done "
			    "within %g s", c->service->name,
			    buf_str(&c->answer.task), c->timeout);
			break;
		}
		request_ask_task(&c->request, c->service,
		    buf_str(&c->answer.task));
		call_send(c);
		break;
	default:
		break;
	}
	return next_due(c);
}
