#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "json/path.h"
#include "net/net.h"
#include "binding.h"
#include "fill.h"
#include "request.h"
#include "service.h"
#include "weburl.h"
#include "card.h"

#define CARD_MAX ((size_t)4 << 20)	/* bytes of a card */
#define CARD_WAIT 15.0		/* seconds for a reply */
#define CARD_TRIES 3
#define OTHERS_MAX 500		/* bytes of interfaces in a message */

/* Where cards are, below an agent's base. */
static const char *const places[] = {
	"/.well-known/agent-card.json",
	"/.well-known/agent.json"	/* before version 0.3 */
};

/* The result of a request for a card. */
struct card {
	struct service *service;
	struct net *net;
	struct request request;
	struct buf body;
	int status;		/* 0: no reply */
	char *location;		/* of a redirect, or NULL */
	char *message;		/* why there is no reply, or NULL */
	int over;
};

/* --- the request ---------------------------------------------------------- */

static int
card_take_head(void *arg, int status)
{
	struct card *c = arg;

	c->status = status;
	return 0;
}

static int
card_take_data(void *arg, const char *p, size_t n)
{
	struct card *c = arg;

	if (c->body.len + n > CARD_MAX)
		return 1;
	buf_add(&c->body, p, n);
	return 0;
}

static void
card_take_end(void *arg, const struct net_end *end)
{
	struct card *c = arg;

	c->over = 1;
	if (end->failure != NET_OK) {
		c->status = 0;
		c->message = xstrdup(end->failure == NET_STOPPED ?
		    "the reply is larger than 4 MiB" : end->message);
	} else if (end->location) {
		c->location = xstrdup(end->location);
	}
}

static void
forget_card_reply(struct card *c)
{
	free(c->location);
	free(c->message);
	c->location = c->message = NULL;
	c->body.len = 0;
	c->status = c->over = 0;
}

/* Sends the request and waits for its end. */
static void
card_send(struct card *c)
{
	const struct service *s = c->service;
	struct net_request r = {
		.method = "GET", .url = c->request.text,
		.headers = (const char *const *)c->request.headers,
		.nheaders = c->request.nheaders,
		.timeout = s->timeout > 0 && s->timeout < CARD_WAIT ?
		    s->timeout : CARD_WAIT,
		.connect_timeout = s->connect_timeout,
		.head = card_take_head, .data = card_take_data,
		.done = card_take_end, .arg = c
	};

	forget_card_reply(c);
	net_start(c->net, &r);
	while (!c->over) {
		net_wait(c->net, NULL, 0, 1000);
		net_run(c->net);
	}
}

/*
 * Sends a request, and follows a redirect. Returns 0, or -1 with *e filled in.
 */
static int
card_ask(struct card *c, const struct weburl *url, struct err *e)
{
	unsigned n = 0;

	request_release(&c->request);
	request_get(&c->request, c->service, url);
	for (card_send(c); c->location && c->status / 100 == 3; card_send(c)) {
		if (n++ >= c->service->redirects)
			return err_set(e, 0, 0, "redirected more than %u "
			    "times", c->service->redirects);
		if (request_follow(&c->request, c->service, c->location, 1, e))
			return -1;
	}
	return 0;
}

/* Waits before another try, longer each time. */
static void
card_pause(const struct service *s, int tries)
{
	double seconds = s->backoff * (1 << tries);
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

/*
 * Requests a card, again if there is no reply or one that asks for it. Returns
 * 0 with the reply in c, or -1 with *e filled in.
 */
static int
card_fetch(struct card *c, const struct weburl *url, struct err *e)
{
	struct err why = { 0 };
	int tries = 0, bad;

	for (;;) {
		bad = card_ask(c, url, &why);
		if (bad || (c->status &&
		    !service_is_retried(c->service, c->status)))
			break;
		if (++tries == CARD_TRIES)
			break;
		card_pause(c->service, tries - 1);
	}
	if (bad)
		err_set(e, 0, 0, "the agent's card: GET %s: %s",
		    c->request.text, why.msg);
	else if (!c->status)
		err_set(e, 0, 0, "the agent's card: GET %s: %s (%d times in a "
		    "row); is the service running?", c->request.text,
		    c->message, tries);
	err_release(&why);
	return bad || !c->status ? -1 : 0;
}

/* --- the choice of an interface ------------------------------------------- */

/* The interfaces of a card, and the best so far. */
struct choice {
	struct card *card;
	const struct weburl *wanted;	/* the URL of the configuration */
	const struct binding *binding;	/* NULL: none yet */
	struct weburl url;
	char *tenant;
	int is_wanted;			/* it has the URL of the
					   configuration */
	struct buf others;		/* text: interfaces that cannot be
					   used */
};

static char *
json_dup(struct json_span v, const char *preset)
{
	struct buf b = { 0 };

	if (!json_is(v, JSON_STRING) || v.n == 2)
		return xstrdup(preset);
	json_text(&b, v);
	return buf_detach(&b, NULL);
}

/* Whether a host is the unspecified address, such as 0.0.0.0. */
static int
is_unspecified(const struct weburl *u)
{
	return !strcmp(u->host, "0.0.0.0") || !strcmp(u->host, "::");
}

/*
 * A card may name its machine 0.0.0.0 or localhost: both are replaced by the
 * host that the card came from.
 */
static void
use_card_host(struct weburl *u, const struct weburl *from)
{
	if (!is_unspecified(u) && (!weburl_is_loopback(u) ||
	    !weburl_is_loopback(from)))
		return;
	free(u->host);
	u->host = xstrdup(from->host);
}

static size_t
base_length(const struct weburl *u)
{
	size_t n = strcspn(u->path, "?");

	while (n && u->path[n - 1] == '/')
		n--;
	return n;
}

/* Whether a URL is an interface's base, or its address for messages. */
static int
is_of_interface(const struct weburl *u, const struct weburl *base,
    const struct binding *d)
{
	size_t n = base_length(u), m = base_length(base);
	const char *rest = u->path + m;

	if (!weburl_same_origin(u, base) || n < m ||
	    memcmp(u->path, base->path, m) != 0)
		return 0;
	n -= m;
	return !n || (!d->rpc && ((n == strlen(d->send) &&
	    !memcmp(rest, d->send, n)) || (n == strlen(d->stream) &&
	    !memcmp(rest, d->stream, n))));
}

/* The number before the first dot of a version; -1 if there is none. */
static int
version_major(const char *version)
{
	if (*version < '0' || *version > '9' || (version[1] &&
	    version[1] != '.'))
		return -1;
	return *version - '0';
}

/* Notes an interface that cannot be used, for a message. */
static void
note_other(struct choice *c, const char *name, const char *what)
{
	if (c->others.len > OTHERS_MAX)
		return;
	buf_printf(&c->others, "%s%.40s %.200s", c->others.len ? ", " : "",
	    name, what);
	buf_str(&c->others);
}

/* Takes an interface if it is better than the one so far. */
static void
offer(struct choice *c, struct json_span url, const char *name,
    const char *version, struct json_span tenant)
{
	const struct binding *d = binding_find(name, version_major(version));
	char *text = json_dup(url, "");
	struct weburl u = { 0 };
	struct err e = { 0 };
	int wanted;

	if (!d || weburl_parse(&u, text, &e)) {
		note_other(c, name, d ? e.msg : version);
		weburl_release(&u);
		err_release(&e);
		free(text);
		return;
	}
	use_card_host(&u, &c->card->request.url);
	wanted = is_of_interface(c->wanted, &u, d);
	if (!c->binding || (wanted && !c->is_wanted)) {
		if (c->binding)
			weburl_release(&c->url);
		free(c->tenant);
		c->url = u;
		c->binding = d;
		c->is_wanted = wanted;
		c->tenant = json_dup(tenant, "");
	} else {
		weburl_release(&u);
	}
	free(text);
}

/* Offers each element of a list, whose binding has this key. */
static void
offer_all(struct choice *c, struct json_span list, const char *key,
    const char *version)
{
	struct json_span k = { 0 }, v;
	struct json_iter it;
	char *name, *own;

	if (!json_is(list, JSON_ARRAY))
		return;
	for (it = json_each(list); json_next(&it, &k, &v); ) {
		name = json_dup(json_get(v, key), "?");
		own = json_dup(json_get(v, "protocolVersion"), version);
		offer(c, json_get(v, "url"), name, own, json_get(v, "tenant"));
		free(name);
		free(own);
	}
}

/* Offers all interfaces of a card, in its order. */
static void
offer_card(struct choice *c, struct json_span card)
{
	struct json_span none = { 0 };
	struct json_span v = json_get(card, "supportedInterfaces");
	int is_new = json_is(v, JSON_ARRAY) && path_get(v, "0").p;
	char *version = json_dup(json_get(card, "protocolVersion"),
	    is_new ? "1.0" : "0.3"), *name;

	if (is_new) {
		offer_all(c, v, "protocolBinding", version);
	} else {
		name = json_dup(json_get(card, "preferredTransport"),
		    "JSONRPC");
		if (json_is(json_get(card, "url"), JSON_STRING))
			offer(c, json_get(card, "url"), name, version, none);
		offer_all(c, json_get(card, "additionalInterfaces"),
		    "transport", version);
		free(name);
	}
	free(version);
}

/* Whether the chosen interface may be used; else -1 with *e filled in. */
static int
check_choice(const struct choice *c, struct json_span card, struct err *e)
{
	const struct service *s = c->card->service;
	const char *from = c->card->request.text;
	struct json_span streaming = path_get(card, "capabilities.streaming");
	char *to;
	int bad = 0;

	if (!c->binding)
		return err_set(e, 0, 0, "the agent's card %s has no interface "
		    "that can be used, only %s: let the agent offer JSONRPC "
		    "or HTTP+JSON, version 0.2 to 1", from, c->others.p);
	to = weburl_text(&c->url);
	if (!service_allows(s, &c->url))
		bad = err_set(e, 0, 0, "the agent's card %s names %s, a host "
		    "that the configuration does not name; "
		    "runner.http.hosts can", from, to);
	else if (c->card->request.url.tls && !c->url.tls)
		bad = err_set(e, 0, 0, "the agent's card %s names %s, which is "
		    "not encrypted; set runner.http.url to the card's http "
		    "address if that is right", from, to);
	else if (s->stream == SERVICE_SSE && json_is(streaming, JSON_BOOL) &&
	    !json_is_true(streaming))
		bad = err_set(e, 0, 0, "the agent's card %s says that it does "
		    "not stream: remove runner.http.stream", from);
	free(to);
	return bad;
}

/* Whether the service has credentials, which no other origin may get. */
static int
has_credentials(const struct service *s)
{
	size_t i;

	for (i = 0; i < s->nheaders; i++)
		if (s->headers[i].secret)
			return 1;
	return s->origin.user != NULL;
}

/* Sets the service to the chosen interface. */
static void
adopt(struct choice *c)
{
	struct service *s = c->card->service;
	struct buf path = { 0 };

	s->binding = c->binding;
	if (!weburl_same_origin(&c->url, &s->origin) && has_credentials(s))
		s->hint = xstrdup("without credentials: the agent's card leads "
		    "to another host or port than that of runner.http.url");
	if (*c->tenant && c->binding->rpc) {
		s->tenant = c->tenant;
		c->tenant = NULL;
	} else if (*c->tenant) {
		/* a part of the path: a2a.proto's additional bindings */
		buf_add(&path, c->url.path, base_length(&c->url));
		buf_byte(&path, '/');
		fill_put_encoded(&path, c->tenant, strlen(c->tenant));
		free(c->url.path);
		c->url.path = buf_detach(&path, NULL);
	}
	service_set_url(s, &c->url);
}

/* --- the card ------------------------------------------------------------- */

/*
 * Reads a reply. Returns 1 for a card that is used, 0 if it is not one, or -1
 * with *e filled in. With only_wanted, above the agent's URL, the card may be
 * that of another agent.
 */
static int
read_card(struct card *c, const struct weburl *wanted, int only_wanted,
    struct err *e)
{
	struct choice choice = { .card = c, .wanted = wanted };
	struct json_fault f;
	struct json_span card;
	int r = 0;

	if (json_scan(buf_str(&c->body), c->body.len, JSON_LAX | JSON_INSIDE,
	    NULL, NULL, 0, &f) < 0)
		return 0;
	card = json_trim(json_buf(&c->body));
	offer_card(&choice, card);
	if (only_wanted ? choice.is_wanted :
	    choice.binding || choice.others.len)
		r = check_choice(&choice, card, e) ? -1 : 1;
	if (r > 0 && choice.binding)
		adopt(&choice);
	weburl_release(&choice.url);
	free(choice.tenant);
	buf_release(&choice.others);
	return r;
}

/* Returns the remedy for a reply that is not a card. */
static const char *
card_remedy(const struct card *c)
{
	if (c->status == 401 || c->status == 403)
		return "set runner.http.headers to what the agent asks for";
	if (c->status >= 500)
		return "is the service in order?";
	return "set runner.http.url to the agent's base or its card";
}

/* Whether a status means only that there is no card. */
static int
is_absent(int status)
{
	return status / 100 == 2 || status == 501 || (status / 100 == 4 &&
	    status != 401 && status != 403 && status != 429);
}

/*
 * Tries an address. Returns as read_card does; without a card, -1 if must is 1.
 */
static int
try_address(struct card *c, const struct weburl *url,
    const struct weburl *wanted, int must, int only_wanted, struct err *e)
{
	int r = 0;

	if (card_fetch(c, url, e))
		return -1;
	if (c->status / 100 == 2)
		r = read_card(c, wanted, only_wanted, e);
	if (r || (!must && is_absent(c->status)))
		return r;
	return err_set(e, 0, 0, "the agent's card: GET %s: HTTP %d%s; %s",
	    c->request.text, c->status, c->status / 100 == 2 ?
	    ", but the reply is not a card" : "", card_remedy(c));
}

static int
is_card_address(const struct weburl *u)
{
	size_t n = strcspn(u->path, "?");

	return n > 5 && !strncmp(u->path + n - 5, ".json", 5);
}

/* The address of a card: a place below the first n bytes of a URL's path. */
static void
place_url(struct weburl *to, const struct weburl *base, size_t n,
    const char *place)
{
	char *path = xasprintf("%.*s%s", (int)n, base->path, place);

	weburl_copy(to, base);
	free(to->path);
	to->path = path;
}

/* The length of the path above the first n bytes of a path. */
static size_t
parent_length(const char *path, size_t n)
{
	while (n && path[n - 1] != '/')
		n--;
	while (n && path[n - 1] == '/')
		n--;
	return n;
}

/* Looks for a card below the URL, then below each path above. */
static int
search_card(struct card *c, const struct weburl *base, struct err *e)
{
	size_t whole = base_length(base), n = whole, i;
	struct weburl url;
	int r = 0;

	for (;; n = parent_length(base->path, n)) {
		for (i = 0; !r && i < LEN(places); i++) {
			place_url(&url, base, n, places[i]);
			r = try_address(c, &url, base, 0, n < whole, e);
			weburl_release(&url);
		}
		if (r || !n)
			return r;
	}
}

/* Cuts off the end that the address for messages adds to the base, if any. */
static void
cut_end(struct weburl *u, const struct binding *d)
{
	const char *const ends[] = { d->send, d->stream };
	size_t n = strcspn(u->path, "?"), m, i;
	char *at;

	for (i = 0; i < LEN(ends); i++) {
		m = strlen(ends[i]);
		at = u->path + n - m;
		if (n >= m && !strncmp(at, ends[i], m)) {
			memmove(at, at + m, strlen(at + m) + 1);
			return;
		}
	}
}

char *
card_address(const struct service *s)
{
	struct weburl url;
	char *text;

	if (is_card_address(&s->url))
		return weburl_text(&s->url);
	place_url(&url, &s->url, base_length(&s->url), places[0]);
	text = weburl_text(&url);
	weburl_release(&url);
	return text;
}

int
card_read(struct service *s, struct err *e)
{
	struct card c = { .service = s };
	struct weburl own;
	char *address;
	int r;

	weburl_copy(&own, &s->url);
	c.net = net_new(1);
	r = is_card_address(&own) ? try_address(&c, &own, &own, 1, 0, e) :
	    search_card(&c, &own, e);
	if (!r) {
		address = weburl_text(&own);
		s->hint = xasprintf("no card of an agent was found at or above "
		    "%s, so it is taken for HTTP+JSON 1.0", address);
		free(address);
		cut_end(&own, s->binding);
		service_set_url(s, &own);
	}
	weburl_release(&own);
	forget_card_reply(&c);
	request_release(&c.request);
	buf_release(&c.body);
	net_free(c.net);
	return r < 0 ? -1 : 0;
}
