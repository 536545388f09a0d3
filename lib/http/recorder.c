#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/json.h"
#include "io/out.h"
#include "record/secret.h"
#include "net/net.h"
#include "form.h"
#include "wire.h"
#include "recorder.h"

#define CLIENTS_MAX 200
#define READ_SIZE 65536
#define UNSENT_MAX ((size_t)256 << 20)	/* bytes that a client does not read */

/* A connection of a client. */
struct client {
	struct client *next;
	struct recorder *recorder;
	int fd;
	size_t polled;		/* index + 1 in the array for poll; 0: none */
	struct buf in;
	struct buf out;
	struct wire_request request;
	struct net_call *call;	/* the request that was passed on */
	char *method;
	char *url;
	char **headers;
	size_t nheaders;
	struct buf reply;	/* headers of the reply, kept until all came */
	int status;
	int has_length;		/* the reply has a Content-Length */
	int chunked;		/* the reply goes out in chunks */
	int continued;		/* 100 Continue was written */
	int ended;		/* the client sends no more */
	int closing;		/* close when out is empty */
};

struct recorder {
	const struct recorder_plan *plan;
	struct net *net;
	struct client *clients;
	size_t nclients;
	long long iteration;	/* iteration of the next recording */
	int skipped;		/* 1: reported that some are not recorded */
	struct err error;
};

/* --- connections ---------------------------------------------------------- */

static void
drop_request(struct client *c)
{
	while (c->nheaders)
		free(c->headers[--c->nheaders]);
	free(c->headers);
	c->headers = NULL;
	free(c->method);
	free(c->url);
	c->method = c->url = NULL;
	wire_release(&c->request);
	c->reply.len = 0;
	c->status = c->has_length = c->chunked = c->continued = 0;
}

static void
free_client(struct client *c)
{
	if (c->call)
		net_cancel(c->call);
	close(c->fd);
	drop_request(c);
	buf_release(&c->reply);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

/* Writes as much as the client accepts. Closes a client that is gone. */
static void
write_client(struct client *c)
{
	ssize_t n;

	while (c->out.len) {
		n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL |
		    MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			c->out.len = 0;
			c->closing = 1;
		}
		if (n <= 0)
			break;
		buf_splice(&c->out, 0, (size_t)n, NULL, 0);
	}
	if (c->out.len > UNSENT_MAX) {
		c->out.len = 0;
		c->closing = 1;
	}
}

static void
refuse(struct client *c, int status, const char *message)
{
	wire_put_error(&c->out, status, message);
	c->closing = 1;
	write_client(c);
}

/* --- recordings ----------------------------------------------------------- */

/* The path of a target, without its query. */
static struct json_span
target_path(struct json_span target)
{
	const char *query = memchr(target.p, '?', target.n);

	if (query)
		target.n = (size_t)(query - target.p);
	return target;
}

/*
 * Appends the arguments of a request: the members of its body, or of its query.
 * Returns 0 if there are none.
 */
static int
put_recorded_arguments(const struct wire_request *r, struct buf *b)
{
	struct json_span path = target_path(r->target);
	struct json_span body = { r->body.p, r->body.len };
	struct json_fault f;

	if (!r->body.len)
		return form_put_json(b, path.p + path.n + 1,
		    r->target.n > path.n ? r->target.n - path.n - 1 : 0);
	/* curl -d calls JSON a form */
	if (json_scan(body.p, body.n, JSON_LAX | JSON_INSIDE, NULL, NULL, 0,
	    &f) < 0)
		return wire_header(r, "content-type").p &&
		    form_is_type(wire_header(r, "content-type").p) &&
		    form_put_json(b, r->body.p, r->body.len);
	body = json_trim(body);
	if (!json_is(body, JSON_OBJECT))
		return 0;
	json_compact(b, body);
	return 1;
}

static void
put_recording(struct recorder *g, const struct wire_request *r,
    struct json_span kwargs, struct buf *b)
{
	struct json_span path = target_path(r->target);
	struct buf target = { 0 };

	buf_add(&target, r->method.p, r->method.n);
	buf_byte(&target, ' ');
	buf_add(&target, path.p, path.n);
	json_open(b, NULL, '{');
	json_add_str(b, "_version", "1");
	json_add_int(b, "iteration", g->iteration++);
	json_add_str(b, "target", g->plan->target ? g->plan->target :
	    buf_str(&target));
	json_key(b, "kwargs");
	if (g->plan->mask)
		secret_mask(b, kwargs, NULL);
	else
		buf_add(b, kwargs.p, kwargs.n);
	isotime_add(b, "timestamp", isotime_now());
	json_open(b, "objects", '{');
	json_close(b, '}');
	json_open(b, "types", '{');
	json_close(b, '}');
	json_close(b, '}');
	buf_byte(b, '\n');
	buf_release(&target);
}

static void
say_skipped(struct recorder *g, const struct wire_request *r)
{
	char *msg;

	if (g->skipped)
		return;
	g->skipped = 1;
	msg = xasprintf("%.*s %.*s is not recorded: it has no JSON object, "
	    "form or query; others like it are passed on without a message",
	    (int)r->method.n, r->method.p, (int)r->target.n, r->target.p);
	g->plan->report(msg);
	free(msg);
}

/* Records a request that the service has answered. */
static void
record_request(struct recorder *g, const struct client *c)
{
	const struct wire_request *r = &c->request;
	const char *prefix = g->plan->prefix;
	struct buf kwargs = { 0 }, line = { 0 };

	if (c->status >= 400 || g->error.msg || (prefix &&
	    (r->target.n < strlen(prefix) ||
	    memcmp(r->target.p, prefix, strlen(prefix)))))
		return;
	if (put_recorded_arguments(r, &kwargs)) {
		put_recording(g, r, json_buf(&kwargs), &line);
		if (out_write_all(g->plan->out, line.p, line.len))
			err_set(&g->error, 0, 0, "the recordings cannot be "
			    "written: %s", strerror(errno));
	} else {
		say_skipped(g, r);
	}
	buf_release(&kwargs);
	buf_release(&line);
}

/* --- replies -------------------------------------------------------------- */

static int
client_take_header(void *arg, const char *name, size_t n, const char *value,
    size_t m)
{
	struct client *c = arg;
	struct json_span key = { name, n };

	if (wire_is_hop(key))
		return 0;
	if (wire_is(key, "content-length"))
		c->has_length = 1;
	buf_add(&c->reply, name, n);
	buf_puts(&c->reply, ": ");
	buf_add(&c->reply, value, m);
	buf_puts(&c->reply, "\r\n");
	return 0;
}

/* Whether a reply with this status never has a body. */
static int
is_bodyless_reply(const struct client *c)
{
	return c->status == 204 || c->status == 304 ||
	    wire_is(c->request.method, "HEAD");
}

static int
client_take_head(void *arg, int status)
{
	struct client *c = arg;

	c->status = status;
	c->chunked = !c->has_length && !c->request.old &&
	    !is_bodyless_reply(c);
	if (!c->has_length && c->request.old)
		c->request.close = 1;
	wire_put_status(&c->out, status);
	buf_add(&c->out, c->reply.p, c->reply.len);
	if (c->chunked)
		buf_puts(&c->out, "Transfer-Encoding: chunked\r\n");
	if (c->request.close)
		buf_puts(&c->out, "Connection: close\r\n");
	buf_puts(&c->out, "\r\n");
	write_client(c);
	return 0;
}

static int
client_take_data(void *arg, const char *p, size_t n)
{
	struct client *c = arg;

	if (!n)
		return 0;
	if (c->chunked)
		wire_put_chunk(&c->out, p, n);
	else
		buf_add(&c->out, p, n);
	write_client(c);
	return c->closing;
}

static void
client_take_end(void *arg, const struct net_end *end)
{
	struct client *c = arg;
	char *message;

	c->call = NULL;
	if (end->failure == NET_OK && c->status) {
		if (c->chunked)
			buf_puts(&c->out, "0\r\n\r\n");
		record_request(c->recorder, c);
		c->closing |= c->request.close;
		write_client(c);
	} else if (!c->status && !c->closing) {
		message = xasprintf("the service: %s", *end->message ?
		    end->message : "the reply ended within its headers");
		c->recorder->plan->report(message);
		refuse(c, 502, message);
		free(message);
	} else {
		/* so that the client sees that the reply is incomplete */
		c->closing = 1;
	}
	drop_request(c);
}

/* --- requests ------------------------------------------------------------- */

static void
client_add_header(struct client *c, char *text)
{
	c->headers = xreallocarray(c->headers, c->nheaders + 1,
	    sizeof(*c->headers));
	c->headers[c->nheaders++] = text;
}

/* Whether a header of the client is replaced by one for the service. */
static int
is_own_header(struct json_span name)
{
	return wire_is_hop(name) || wire_is(name, "host") ||
	    wire_is(name, "content-length") || wire_is(name, "expect") ||
	    wire_is(name, "accept-encoding");
}

static void
copy_headers(struct client *c)
{
	const struct wire_request *r = &c->request;
	const struct wire_header *h;
	size_t i;

	for (i = 0; i < r->nheaders; i++) {
		h = &r->headers[i];
		if (!is_own_header(h->name))
			client_add_header(c, h->value.n ?
			    xasprintf("%.*s: %.*s", (int)h->name.n, h->name.p,
			    (int)h->value.n, h->value.p) :
			    xasprintf("%.*s;", (int)h->name.n, h->name.p));
	}
	/* without this, libcurl would add its own */
	if (!wire_header(r, "accept").p)
		client_add_header(c, xstrdup("Accept:"));
	if (!wire_header(r, "content-type").p)
		client_add_header(c, xstrdup("Content-Type:"));
	client_add_header(c, xstrdup("Accept-Encoding: identity"));
}

/* The URL at the service: the target after the path of its own. */
static char *
service_url(const struct recorder *g, struct json_span target)
{
	struct weburl u = g->plan->to;
	char *path = weburl_plain_path(&u), *url;
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	u.path = xasprintf("%.*s%.*s", (int)n, path, (int)target.n, target.p);
	url = weburl_text(&u);
	free(u.path);
	free(path);
	return url;
}

/* Passes a whole request on. */
static void
client_pass_on(struct client *c)
{
	const struct wire_request *q = &c->request;
	struct net_request r = {
		.connect_timeout = 30,
		.raw = 1, .header = client_take_header,
		.head = client_take_head, .data = client_take_data,
		.done = client_take_end, .arg = c
	};

	c->method = xmemdup(q->method.p, q->method.n);
	c->url = service_url(c->recorder, q->target);
	copy_headers(c);
	r.method = c->method;
	r.url = c->url;
	r.headers = (const char *const *)c->headers;
	r.nheaders = c->nheaders;
	if (q->body.len || q->chunked || wire_header(q, "content-length").p) {
		r.body = q->body.len ? q->body.p : "";
		r.body_len = q->body.len;
	}
	c->call = net_start(c->recorder->net, &r);
}

/*
 * Whether the Host header names this machine: a page in a browser must not
 * reach the service by a host name of the page's.
 */
static int
is_for_us(const struct wire_request *r)
{
	struct json_span host = wire_header(r, "host");
	struct weburl u = { 0 };
	struct err e = { 0 };
	char *text = xasprintf("http://%.*s/", (int)host.n, host.p ? host.p :
	    "");
	int is = !host.p || (!weburl_parse(&u, text, &e) &&
	    weburl_is_loopback(&u));

	weburl_release(&u);
	err_release(&e);
	free(text);
	return is;
}

static void
take_whole(struct client *c)
{
	const struct wire_request *r = &c->request;

	if (*r->target.p != '/' || memchr(r->target.p, '\0', r->target.n))
		refuse(c, 400, "expected a path: this is not a proxy to other "
		    "hosts");
	else if (!is_for_us(r))
		refuse(c, 403, "the Host header does not name this machine");
	else
		client_pass_on(c);
}

/* Handles the requests of a client that are complete. */
static void
handle_input(struct client *c)
{
	int got;

	if (c->call || c->closing)
		return;
	got = wire_read(&c->request, &c->in);
	if (got == 1) {
		take_whole(c);
	} else if (got) {
		refuse(c, got, "the request cannot be read");
	} else if (c->request.expects && !c->continued) {
		c->continued = 1;
		buf_puts(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
		write_client(c);
	} else if (c->ended) {
		c->closing = 1;
	}
}

static void
read_client(struct client *c)
{
	ssize_t n = recv(c->fd, buf_room(&c->in, READ_SIZE), READ_SIZE,
	    MSG_DONTWAIT);

	if (n > 0)
		c->in.len += (size_t)n;
	else if (!n)
		c->ended = 1;
	else if (errno != EAGAIN && errno != EINTR) {
		c->ended = 1;
		c->closing = 1;
		c->out.len = 0;
	}
}

/* --- listening ------------------------------------------------------------ */

/* Splits an address of this machine into a socket address. */
static int
parse_address(const char *text, struct sockaddr_storage *to, socklen_t *n,
    struct err *e)
{
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	const char *colon = strrchr(text, ':');
	char *host, *end;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;

	memset(to, 0, sizeof(*to));
	if (!colon || !colon[1] || *end || port > 65535)
		return err_set(e, 0, 0, "'%s': expected ADDRESS:PORT such as "
		    "127.0.0.1:8080", text);
	host = xmemdup(text, (size_t)(colon - text));
	if (!strcmp(host, "localhost"))
		memcpy(host, "127.0.0.1", sizeof("127.0.0.1"));
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		*n = sizeof(*four);
		if (ntohl(four->sin_addr.s_addr) >> 24 != 127)
			*n = 0;
	} else {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		*n = strcmp(host, "[::1]") ? 0 : sizeof(*six);
		six->sin6_addr = in6addr_loopback;
	}
	free(host);
	return *n ? 0 : err_set(e, 0, 0, "'%s' is not an address of this "
	    "machine alone: expected 127.0.0.1:PORT or [::1]:PORT", text);
}

static unsigned
port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n))
		return 0;
	return ntohs(a.ss_family == AF_INET6 ?
	    ((struct sockaddr_in6 *)&a)->sin6_port :
	    ((struct sockaddr_in *)&a)->sin_port);
}

int
recorder_listen(const char *address, char **url, struct err *e)
{
	struct sockaddr_storage a;
	socklen_t n = 0;
	int fd, yes = 1;

	if (parse_address(address, &a, &n, e))
		return -1;
	fd = socket(a.ss_family, SOCK_STREAM, 0);
	if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    bind(fd, (struct sockaddr *)&a, n) || listen(fd, 128)) {
		err_set(e, 0, 0, "%s: %s", address, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*url = xasprintf("http://%.*s:%u", (int)(strrchr(address, ':') -
	    address), address, port_of(fd));
	return fd;
}

static void
accept_clients(struct recorder *g, int listener)
{
	struct client *c;
	int fd, yes = 1;

	while (g->nclients < CLIENTS_MAX &&
	    (fd = accept(listener, NULL, NULL)) >= 0) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		c = xcalloc(1, sizeof(*c));
		c->fd = fd;
		c->recorder = g;
		c->next = g->clients;
		g->clients = c;
		g->nclients++;
	}
}

/* --- the loop ------------------------------------------------------------- */

/* Frees the clients that are done. */
static void
sweep_clients(struct recorder *g)
{
	struct client **p, *c;

	for (p = &g->clients; (c = *p); ) {
		if (c->closing && !c->out.len) {
			*p = c->next;
			g->nclients--;
			free_client(c);
		} else {
			p = &c->next;
		}
	}
}

/* Waits until there is something to do, for the clients and the service. */
static void
wait_for_clients(struct recorder *g, int listener)
{
	struct pollfd fds[CLIENTS_MAX + 1];
	struct client *c;
	size_t n = 0, at;
	int listening = g->nclients < CLIENTS_MAX;

	if (listening)
		fds[n++] = (struct pollfd){ listener, POLLIN, 0 };
	for (c = g->clients; c; c = c->next) {
		c->polled = 0;
		at = n;
		fds[at] = (struct pollfd){ c->fd, 0, 0 };
		/* the next request waits until this one is answered */
		if (!c->ended && !c->call && !c->closing)
			fds[at].events |= POLLIN;
		if (c->out.len)
			fds[at].events |= POLLOUT;
		if (fds[at].events)
			c->polled = ++n;
	}
	net_wait(g->net, fds, n, 60000);
	if (listening && fds[0].revents)
		accept_clients(g, listener);
	for (c = g->clients; c; c = c->next) {
		if (!c->polled)
			continue;
		at = c->polled - 1;
		c->polled = 0;
		if (fds[at].revents & POLLOUT)
			write_client(c);
		if (fds[at].events & POLLIN)
			read_client(c);
	}
}

int
recorder_run(const struct recorder_plan *p, int listener, struct err *e)
{
	struct recorder g = { .plan = p };
	struct client *c, *next;

	g.net = net_new(CLIENTS_MAX);
	while (!g.error.msg) {
		for (c = g.clients; c; c = c->next)
			handle_input(c);
		net_run(g.net);
		/* requests that waited for one that is answered now */
		for (c = g.clients; c; c = c->next)
			handle_input(c);
		sweep_clients(&g);
		wait_for_clients(&g, listener);
	}
	for (c = g.clients; c; c = next) {
		next = c->next;
		free_client(c);
	}
	net_free(g.net);
	*e = g.error;
	return -1;
}
