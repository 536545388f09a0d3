#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/util.h"
#include "json/isotime.h"
#include "net.h"

#define POLLED_MAX 256		/* most descriptors of the caller */

struct net_call {
	struct net *net;
	CURL *easy;
	struct curl_slist *list;
	struct net_request r;
	struct net_call *next, *before;
	int64_t started;	/* isotime_monotonic() */
	int64_t first_due;	/* when the first byte is due; 0: any time */
	int64_t first_byte;	/* microseconds from started, or -1 */
	size_t header_bytes;
	uint64_t body_bytes;
	int status;
	int in_body;		/* 1: the headers are over */
	int follow;		/* 1: this reply is a redirect to follow */
	unsigned redirects;	/* number of redirects followed */
	double retry_after;
	char *location;		/* the Location of this reply, or NULL */
	char *url;		/* the URL after a redirect, or NULL */
	enum net_failure failure;	/* failure found here, not by libcurl */
	char message[CURL_ERROR_SIZE];
};

struct net {
	CURLM *multi;
	struct net_call *calls;	/* calls that have not ended */
	size_t active;
	size_t watched;		/* calls with first_due */
	struct net_call *idle;	/* calls to reuse, with their handles */
};

static const struct {
	const char *code;
	const char *message;	/* used if libcurl has none */
} failures[] = {
	[NET_OK] = { "ok", "" },
	[NET_URL] = { "url", "not an http or https URL" },
	[NET_DNS] = { "dns", "the host's name is unknown" },
	[NET_CONNECT] = { "connect", "no connection" },
	[NET_TLS] = { "tls", "no TLS connection" },
	[NET_TIMEOUT] = { "timeout", "the call took too long" },
	[NET_FIRST_BYTE] = { "timeout_first_byte",
	    "no byte of a reply came in time" },
	[NET_HEADERS] = { "headers", "the reply has too many headers" },
	[NET_SIZE] = { "too_large", "the reply is too large" },
	[NET_ENCODING] = { "encoding", "the body cannot be decoded" },
	[NET_REDIRECT] = { "redirect", "too many redirects" },
	[NET_BROKEN] = { "broken", "the reply is not whole" },
	[NET_STOPPED] = { "stopped", "the reply is not wanted" }
};

const char *
net_failure_code(enum net_failure failure)
{
	return failures[failure].code;
}

/* --- URLs ----------------------------------------------------------------- */

/* Parses a URL; NULL if it is not one of http or https. */
static CURLU *
parse_url(const char *url)
{
	CURLU *u = curl_url();
	char *scheme = NULL;

	if (!u)
		die_memory(0);
	if (curl_url_set(u, CURLUPART_URL, url, 0) ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
		curl_url_cleanup(u);
		u = NULL;
	}
	curl_free(scheme);
	return u;
}

/* A part of a URL, to be freed; "" if it has none. */
static char *
url_part(CURLU *u, CURLUPart part)
{
	char *text = NULL, *copy;

	if (curl_url_get(u, part, &text, CURLU_DEFAULT_PORT))
		text = NULL;
	copy = xstrdup(text ? text : "");
	curl_free(text);
	return copy;
}

static int
is_ipv4_loopback(const char *host)
{
	const char *p = host;
	int i;

	if (strncmp(host, "127.", 4) != 0)
		return 0;
	for (i = 0; *p; p += strspn(p, "."), i++) {
		size_t n = strspn(p, "0123456789");

		if (!n || n > 3 || (p[n] && (p[n] != '.' || p[n + 1] == '.')))
			return 0;
		p += n;
	}
	return i == 4;
}

char *
net_host(const char *url)
{
	CURLU *u = parse_url(url);
	char *host, *p;

	if (!u)
		return NULL;
	host = url_part(u, CURLUPART_HOST);
	for (p = host; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	curl_url_cleanup(u);
	return host;
}

int
net_is_loopback(const char *url)
{
	char *host = net_host(url);
	int yes = host && (!strcmp(host, "localhost") ||
	    !strcmp(host, "[::1]") || is_ipv4_loopback(host));

	free(host);
	return yes;
}

const char *
net_check_url(const char *url)
{
	CURLU *u;

	if (strncasecmp(url, "http://", 7) && strncasecmp(url, "https://", 8))
		return "expected http:// or https://";
	u = parse_url(url);
	if (!u)
		return "not a URL";
	curl_url_cleanup(u);
	return NULL;
}

/* Whether two URLs have the same scheme, host and port. */
static int
same_origin(CURLU *a, CURLU *b)
{
	static const CURLUPart parts[] = {
		CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT
	};
	size_t i;
	int same = 1;

	for (i = 0; i < LEN(parts) && same; i++) {
		char *x = url_part(a, parts[i]), *y = url_part(b, parts[i]);

		same = !strcasecmp(x, y);
		free(x);
		free(y);
	}
	return same;
}

static int
is_https(CURLU *u)
{
	char *scheme = url_part(u, CURLUPART_SCHEME);
	int yes = !strcmp(scheme, "https");

	free(scheme);
	return yes;
}

static const char *
current_url(const struct net_call *c)
{
	return c->url ? c->url : c->r.url;
}

/* The absolute URL of the reply's Location, to be freed, or NULL. */
static CURLU *
resolve_location(const struct net_call *c)
{
	CURLU *u = c->location ? parse_url(current_url(c)) : NULL;
	char *scheme;

	if (!u)
		return NULL;
	if (curl_url_set(u, CURLUPART_URL, c->location, 0)) {
		curl_url_cleanup(u);
		return NULL;
	}
	scheme = url_part(u, CURLUPART_SCHEME);
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
		curl_url_cleanup(u);
		u = NULL;
	}
	free(scheme);
	return u;
}

/* --- sets of calls -------------------------------------------------------- */

struct net *
net_new(size_t most)
{
	struct net *n = xcalloc(1, sizeof(*n));

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		die_memory(0);
	n->multi = curl_multi_init();
	if (!n->multi)
		die_memory(0);
	curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, (long)most + 8);
	return n;
}

static void
stop_watching(struct net_call *c)
{
	c->net->watched -= c->first_due != 0;
	c->first_due = 0;
}

static void
unlink_call(struct net_call *c)
{
	struct net *n = c->net;

	if (c->before)
		c->before->next = c->next;
	else
		n->calls = c->next;
	if (c->next)
		c->next->before = c->before;
	n->active--;
}

/* Takes a call off the list, and keeps it for reuse. */
static void
put_away(struct net_call *c)
{
	struct net *n = c->net;

	stop_watching(c);
	unlink_call(c);
	curl_multi_remove_handle(n->multi, c->easy);
	curl_slist_free_all(c->list);
	free(c->location);
	free(c->url);
	c->location = c->url = NULL;
	c->next = n->idle;
	n->idle = c;
}

void
net_free(struct net *n)
{
	struct net_call *c;

	if (!n)
		return;
	while (n->calls)
		put_away(n->calls);
	while ((c = n->idle)) {
		n->idle = c->next;
		curl_easy_cleanup(c->easy);
		free(c);
	}
	curl_multi_cleanup(n->multi);
	curl_global_cleanup();
	free(n);
}

size_t
net_active(const struct net *n)
{
	return n->active;
}

/* --- replies -------------------------------------------------------------- */

static int
fail_call(struct net_call *c, enum net_failure failure)
{
	if (c->failure == NET_OK)
		c->failure = failure;
	return -1;
}

/* Whether the status of the reply is that of a redirect to follow. */
static int
is_followed(const struct net_call *c)
{
	if (!c->r.max_redirects)
		return 0;
	if (c->status == 307 || c->status == 308)
		return 1;
	return (c->status == 301 || c->status == 302 || c->status == 303) &&
	    (!strcmp(c->r.method, "GET") || !strcmp(c->r.method, "HEAD"));
}

/* Begins the headers of a reply; forgets those of a 1xx reply before it. */
static void
begin_reply(struct net_call *c)
{
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	c->status = (int)status;
	c->follow = is_followed(c);
	c->retry_after = -1;
	free(c->location);
	c->location = NULL;
}

/*
 * The milliseconds to wait that a header's value asks for: a number of units of
 * that many milliseconds, or a date (RFC 9110, 10.2.3); -1 if it is neither.
 */
static double
read_wait(const char *value, double unit)
{
	char *end;
	double v = strtod(value, &end);
	time_t date;

	if (end != value && !*end)
		return v >= 0 && v < 1e9 ? v * unit : -1;
	date = curl_getdate(value, NULL);
	if (date == -1)
		return -1;
	v = difftime(date, time(NULL)) * 1000;
	return v > 0 ? v : 0;
}

static int
is_header(const char *name, size_t n, const char *known)
{
	return n == strlen(known) && !strncasecmp(name, known, n);
}

/* Keeps the headers that net_end has: Location, and the wait asked for. */
static void
note_header(struct net_call *c, const char *name, size_t n, const char *value,
    size_t m)
{
	char *text;

	if (is_header(name, n, "retry-after-ms")) {
		text = xmemdup(value, m);
		c->retry_after = read_wait(text, 1);
		free(text);
	} else if (is_header(name, n, "retry-after") && c->retry_after < 0) {
		text = xmemdup(value, m);
		c->retry_after = read_wait(text, 1000);
		free(text);
	} else if (is_header(name, n, "location")) {
		free(c->location);
		c->location = xmemdup(value, m);
	}
}

/* Takes a header line. Returns non-zero to stop. */
static int
take_header(struct net_call *c, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n), *value;
	size_t left;

	if (!colon)
		return 0;
	value = colon + 1;
	left = n - (size_t)(value - p);
	while (left && (*value == ' ' || *value == '\t')) {
		value++;
		left--;
	}
	while (left && (unsigned char)value[left - 1] <= ' ')
		left--;
	note_header(c, p, (size_t)(colon - p), value, left);
	if (c->follow || !c->r.header)
		return 0;
	return c->r.header(c->r.arg, p, (size_t)(colon - p), value, left);
}

static int
end_headers(struct net_call *c)
{
	c->in_body = 1;
	if (c->follow || !c->r.head)
		return 0;
	return c->r.head(c->r.arg, c->status);
}

static size_t
net_on_header(char *p, size_t size, size_t count, void *arg)
{
	struct net_call *c = arg;
	size_t n = size * count;
	int stop = 0;

	if (c->first_byte < 0) {
		c->first_byte = isotime_monotonic() - c->started;
		stop_watching(c);
	}
	c->header_bytes += n;
	if (c->header_bytes > NET_HEADERS_MAX) {
		fail_call(c, NET_HEADERS);
		return 0;
	}
	if (c->in_body)		/* a trailer */
		return n;
	if (n >= 5 && !memcmp(p, "HTTP/", 5))
		begin_reply(c);
	else if (c->status < 200)
		return n;
	else if (n <= 2 && (*p == '\r' || *p == '\n'))
		stop = end_headers(c);
	else
		stop = take_header(c, p, n);
	if (stop)
		fail_call(c, NET_STOPPED);
	return stop ? 0 : n;
}

static size_t
net_on_data(char *p, size_t size, size_t count, void *arg)
{
	struct net_call *c = arg;
	size_t n = size * count;

	c->body_bytes += n;
	if (c->r.max_body && c->body_bytes > c->r.max_body)
		fail_call(c, NET_SIZE);
	else if (!c->follow && c->r.data && c->r.data(c->r.arg, p, n))
		fail_call(c, NET_STOPPED);
	if (c->failure != NET_OK)
		return n ? 0 : 1;
	return n;
}

/* --- requests ------------------------------------------------------------- */

static long
milliseconds(double seconds)
{
	long ms = seconds < 2e6 ? (long)(seconds * 1000) : 2000000000;

	return seconds > 0 && !ms ? 1 : ms;
}

/* The milliseconds that are left of the call; 0: unlimited. */
static long
time_left(const struct net_call *c)
{
	double gone = (double)(isotime_monotonic() - c->started) / 1e6;

	if (c->r.timeout <= 0)
		return 0;
	return c->r.timeout > gone ? milliseconds(c->r.timeout - gone) : 1;
}

/* Sets the method and the body, which may be any bytes. */
static void
set_method(struct net_call *c)
{
	const struct net_request *r = &c->r;
	CURL *e = c->easy;

	if (r->body || !strcmp(r->method, "POST")) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body ? r->body :
		    "");
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(r->body ? r->body_len : 0));
	} else if (!strcmp(r->method, "HEAD")) {
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	}
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
}

/* Whether a header line may be sent to a host that the caller did not name. */
static int
net_is_harmless(const char *line)
{
	static const char *const names[] = {
		"accept", "content-type", "user-agent"
	};
	size_t i, n = strcspn(line, ":");

	for (i = 0; i < LEN(names); i++)
		if (is_header(line, n, names[i]))
			return 1;
	return 0;
}

static void
add_header(struct net_call *c, const char *line)
{
	struct curl_slist *list = curl_slist_append(c->list, line);

	if (!list)
		die_memory(0);
	c->list = list;
}

/* Sets the headers; for a stranger, only those without a secret. */
static void
set_headers(struct net_call *c, int stranger)
{
	size_t i;

	curl_slist_free_all(c->list);
	c->list = NULL;
	for (i = 0; i < c->r.nheaders; i++)
		if (!stranger || net_is_harmless(c->r.headers[i]))
			add_header(c, c->r.headers[i]);
	add_header(c, "Expect:");	/* the body is sent without waiting
					   for 100 Continue */
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->list);
}

static void
set_callbacks(struct net_call *c)
{
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, net_on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, net_on_data);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->message);
	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
}

/* Sets the URL and the time limits. */
static void
set_target(struct net_call *c)
{
	CURL *e = c->easy;
	const char *url = current_url(c);

	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_NOPROXY, net_is_loopback(url) ? "*" :
	    NULL);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, time_left(c));
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
	    milliseconds(c->r.connect_timeout));
}

/* Sets the certificates to trust, by the variables that curl(1) has, too. */
static void
set_trust(CURL *e)
{
	const char *file = getenv("SSL_CERT_FILE");
	const char *dir = getenv("SSL_CERT_DIR");

	if (file && *file)
		curl_easy_setopt(e, CURLOPT_CAINFO, file);
	if (dir && *dir)
		curl_easy_setopt(e, CURLOPT_CAPATH, dir);
}

static void
set_manners(struct net_call *c)
{
	CURL *e = c->easy;

	set_trust(e);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	if (!c->r.raw)
		curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
}

/* Adds an empty call to the list. */
static struct net_call *
take_call(struct net *n)
{
	struct net_call *c = n->idle;
	CURL *easy;

	if (c) {
		n->idle = c->next;
		easy = c->easy;
		curl_easy_reset(easy);
	} else {
		c = xmalloc(sizeof(*c));
		easy = curl_easy_init();
		if (!easy)
			die_memory(0);
	}
	memset(c, 0, sizeof(*c));
	c->net = n;
	c->easy = easy;
	c->next = n->calls;
	if (c->next)
		c->next->before = c;
	n->calls = c;
	n->active++;
	return c;
}

/* Starts to watch for the first byte. */
static void
watch_call(struct net_call *c)
{
	if (c->r.first_byte_timeout <= 0)
		return;
	c->first_due = c->started + (int64_t)(c->r.first_byte_timeout * 1e6);
	c->net->watched++;
}

struct net_call *
net_start(struct net *n, const struct net_request *r)
{
	struct net_call *c = take_call(n);

	c->r = *r;
	c->started = isotime_monotonic();
	c->first_byte = -1;
	c->retry_after = -1;
	watch_call(c);
	set_manners(c);
	set_callbacks(c);
	set_target(c);
	set_method(c);
	set_headers(c, 0);
	if (curl_multi_add_handle(n->multi, c->easy))
		die_memory(0);
	return c;
}

void
net_cancel(struct net_call *c)
{
	put_away(c);
}

/* --- ends ----------------------------------------------------------------- */

static int
was_connected(const struct net_call *c)
{
	curl_off_t us = 0;

	curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &us);
	return us != 0;
}

/* The kind of failure when time has run out. */
static enum net_failure
timeout_kind(const struct net_call *c)
{
	curl_off_t named = 0;

	curl_easy_getinfo(c->easy, CURLINFO_NAMELOOKUP_TIME_T, &named);
	return was_connected(c) ? NET_TIMEOUT : named ? NET_CONNECT : NET_DNS;
}

static enum net_failure
failure_of(const struct net_call *c, CURLcode code)
{
	if (c->failure != NET_OK)
		return c->failure;
	switch (code) {
	case CURLE_OK:
		return c->in_body ? NET_OK : NET_BROKEN;
	case CURLE_UNSUPPORTED_PROTOCOL:	/* also HTTP/0.9 */
		return was_connected(c) ? NET_BROKEN : NET_URL;
	case CURLE_URL_MALFORMAT:
		return NET_URL;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
		return NET_DNS;
	case CURLE_COULDNT_CONNECT:
	case CURLE_PROXY:
		return NET_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return NET_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return timeout_kind(c);
	case CURLE_BAD_CONTENT_ENCODING:
		return NET_ENCODING;
#if LIBCURL_VERSION_NUM >= 0x080600
	case CURLE_TOO_LARGE:		/* libcurl's limit of all headers */
#endif
	case CURLE_OUT_OF_MEMORY:	/* libcurl's own limit of a header */
		return c->status && !c->in_body ? NET_HEADERS : NET_BROKEN;
	default:
		return NET_BROKEN;
	}
}

static const char *
message_of(const struct net_call *c, enum net_failure failure, CURLcode code)
{
	if (c->failure != NET_OK || failure == NET_HEADERS)
		return *failures[failure].message && c->failure !=
		    NET_REDIRECT ? failures[failure].message : c->message;
	if (failure == NET_OK)
		return "";
	if (code == CURLE_OK)
		return "the reply ended within its headers";
	return *c->message ? c->message : curl_easy_strerror(code);
}

static void
fail_redirect(struct net_call *c, const char *why)
{
	size_t n = strlen(why);

	memcpy(c->message, why, n + 1);
	fail_call(c, NET_REDIRECT);
}

/* Restarts the call at the redirect's URL. Returns 0, or -1. */
static int
follow_redirect(struct net_call *c, CURLU *to)
{
	CURLU *from = parse_url(c->r.url), *now = parse_url(current_url(c));
	int stranger = !same_origin(from, to);
	int down = is_https(now) && !is_https(to);
	char *url = NULL;

	curl_url_cleanup(from);
	curl_url_cleanup(now);
	if (down)
		fail_redirect(c, "it leads from https to http");
	else if (c->redirects == c->r.max_redirects)
		fail_redirect(c, "too many redirects");
	if (c->failure != NET_OK)
		return -1;
	if (curl_url_get(to, CURLUPART_URL, &url, 0))
		die_memory(0);
	free(c->url);
	c->url = xstrdup(url);
	curl_free(url);
	c->redirects++;
	c->in_body = c->follow = c->status = 0;
	c->header_bytes = 0;
	c->body_bytes = 0;
	curl_multi_remove_handle(c->net->multi, c->easy);
	set_target(c);
	set_headers(c, stranger);
	if (curl_multi_add_handle(c->net->multi, c->easy))
		die_memory(0);
	return 0;
}

/* Follows a redirect if there is one. Returns 1 if the call continues. */
static int
try_redirect(struct net_call *c, CURLcode code)
{
	CURLU *to;
	int bad = -1;

	if (!c->follow || c->failure != NET_OK || code != CURLE_OK)
		return 0;
	to = resolve_location(c);
	if (to)
		bad = follow_redirect(c, to);
	else
		fail_redirect(c, c->location ?
		    "it does not lead to http or https" :
		    "it does not say where to");
	curl_url_cleanup(to);
	return !bad;
}

/* The URL of the reply's redirect, to be freed by curl_free, or NULL. */
static char *
location_of(const struct net_call *c)
{
	CURLU *u = c->status / 100 == 3 ? resolve_location(c) : NULL;
	char *url = NULL;

	if (u && curl_url_get(u, CURLUPART_URL, &url, 0))
		url = NULL;
	curl_url_cleanup(u);
	return url;
}

static void
end_call(struct net_call *c, CURLcode code)
{
	struct net_request r = c->r;
	struct net_end end = {
		.status = c->status, .first_byte = c->first_byte,
		.total = isotime_monotonic() - c->started,
		.retry_after = c->retry_after
	};
	char *message, *location = location_of(c);

	end.failure = failure_of(c, code);
	message = xasprintf("%s%s", message_of(c, end.failure, code), code ==
	    CURLE_PEER_FAILED_VERIFICATION ? "; the variable SSL_CERT_FILE can "
	    "name a file of certificates to trust" : "");
	end.message = message;
	end.location = location;
	put_away(c);
	if (r.done)
		r.done(r.arg, &end);
	free(message);
	curl_free(location);
}

/* A call whose first byte is overdue, or NULL. */
static struct net_call *
find_late(const struct net *n)
{
	struct net_call *c;
	int64_t now;

	if (!n->watched)
		return NULL;
	now = isotime_monotonic();
	for (c = n->calls; c; c = c->next)
		if (c->first_due && c->first_due <= now)
			return c;
	return NULL;
}

void
net_run(struct net *n)
{
	struct net_call *c = NULL;
	CURLMsg *m;
	CURLcode code;
	int running, left;

	curl_multi_perform(n->multi, &running);
	while ((m = curl_multi_info_read(n->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		if (!try_redirect(c, code))
			end_call(c, code);
	}
	while ((c = find_late(n))) {
		fail_call(c, NET_FIRST_BYTE);
		end_call(c, CURLE_OPERATION_TIMEDOUT);
	}
}

/* The milliseconds, at most ms, until a first byte is due. */
static int
until_late(const struct net *n, int ms)
{
	const struct net_call *c;
	int64_t now, left;

	if (!n->watched)
		return ms;
	now = isotime_monotonic();
	for (c = n->calls; c; c = c->next) {
		left = (c->first_due - now + 999) / 1000;
		if (c->first_due && left < ms)
			ms = left > 0 ? (int)left : 0;
	}
	return ms;
}

void
net_wait(struct net *n, struct pollfd *fds, size_t nfds, int ms)
{
	struct curl_waitfd extra[POLLED_MAX];
	size_t i;

	if (nfds > POLLED_MAX)
		nfds = POLLED_MAX;
	for (i = 0; i < nfds; i++) {
		extra[i].fd = fds[i].fd;
		extra[i].events = (short)((fds[i].events & POLLIN ?
		    CURL_WAIT_POLLIN : 0) | (fds[i].events & POLLOUT ?
		    CURL_WAIT_POLLOUT : 0));
		extra[i].revents = 0;
	}
	curl_multi_poll(n->multi, extra, (unsigned)nfds, until_late(n, ms),
	    NULL);
	for (i = 0; i < nfds; i++)
		fds[i].revents = (short)
		    ((extra[i].revents & CURL_WAIT_POLLIN ? POLLIN : 0) |
		    (extra[i].revents & CURL_WAIT_POLLOUT ? POLLOUT : 0));
}
