#ifndef NET_H
#define NET_H

/*
 * HTTP requests, many at once, in one thread: the only module that uses
 * libcurl. Connections are kept and reused; a body is delivered in pieces as it
 * arrives, decoded if it was compressed. Nothing is cached, stored or retried.
 * The proxies of the environment (http_proxy, https_proxy, no_proxy) are used,
 * but never for this machine.
 */
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct net;
struct net_call;

/* Why there is no whole reply. */
enum net_failure {
	NET_OK,
	NET_URL,		/* not an http or https URL */
	NET_DNS,		/* the host's name is unknown */
	NET_CONNECT,		/* refused, unreachable, or not in time */
	NET_TLS,		/* the certificate, or the handshake */
	NET_TIMEOUT,		/* the time of the whole call is over */
	NET_FIRST_BYTE,		/* nothing came in time */
	NET_HEADERS,		/* more than NET_HEADERS_MAX bytes of them */
	NET_SIZE,		/* the body is longer than max_body */
	NET_ENCODING,		/* the body is not what Content-Encoding says */
	NET_REDIRECT,		/* too many, or one that is not followed */
	NET_BROKEN,		/* closed in the middle, or not HTTP */
	NET_STOPPED		/* by a callback */
};

/*
 * The code of a failure in records: "dns", "connect", "tls", "timeout",
 * "timeout_first_byte", "headers", "too_large" and so on; "ok" for NET_OK.
 */
const char *net_failure_code(enum net_failure failure);

#define NET_HEADERS_MAX 262144	/* bytes of a reply's headers */

/*
 * How a call ended. Times are microseconds since net_start, or -1 for an event
 * that did not happen.
 */
struct net_end {
	enum net_failure failure;
	const char *message;	/* description of the failure, borrowed; "" for
				   NET_OK */
	int status;		/* status of the reply; 0: there is none */
	int64_t first_byte;	/* the first byte of the reply */
	int64_t total;		/* the end of the call */
	double retry_after;	/* wait that the server asks for, in ms, by
				   retry-after-ms or Retry-After; -1: none */
	const char *location;	/* absolute URL of a redirect that was not
				   followed, borrowed, or NULL */
};

/*
 * A request. Strings are borrowed until done is called. A callback that is NULL
 * is not called; header, head and data stop the call by returning non-zero.
 * Only done may call net_start and net_cancel.
 */
struct net_request {
	const char *method;
	const char *url;
	const char *const *headers;	/* "Name: value" */
	size_t nheaders;
	const char *body;	/* NULL: none */
	size_t body_len;
	double timeout;		/* seconds of the whole call; 0: unlimited */
	double connect_timeout;	/* seconds until there is a connection */
	double first_byte_timeout;	/* seconds until the first byte */
	uint64_t max_body;	/* bytes, decoded; 0: unlimited */
	unsigned max_redirects;	/* 0: a redirect is a reply like any other.
				   Otherwise redirects that keep the method are
				   followed: 307 and 308, and all for GET and
				   HEAD. Another host, port or scheme gets only
				   the headers Accept, Content-Type and
				   User-Agent; https to http is refused */
	int raw;		/* 1: ask for no compression, decode nothing */
	/* a header of the reply; not of 1xx replies, of redirects that are
	   followed, nor trailers */
	int (*header)(void *arg, const char *name, size_t n,
	    const char *value, size_t m);
	/* the end of the headers */
	int (*head)(void *arg, int status);
	int (*data)(void *arg, const char *p, size_t n);
	/* the end of the call, the last callback; not after net_cancel */
	void (*done)(void *arg, const struct net_end *end);
	void *arg;
};

/* Makes an empty set of calls that keeps up to most connections open. */
struct net *net_new(size_t most);

/* Frees it; its calls are cancelled. */
void net_free(struct net *n);

/* Starts a call. *r itself is copied. */
struct net_call *net_start(struct net *n, const struct net_request *r);

/* Ends a call without calling done. */
void net_cancel(struct net_call *c);

/* The number of calls that have not ended. */
size_t net_active(const struct net *n);

/*
 * Waits up to ms milliseconds until a call can proceed or one of the
 * descriptors, at most 256, is ready; sets their revents.
 */
void net_wait(struct net *n, struct pollfd *fds, size_t nfds, int ms);

/* Does what can be done without waiting; calls the callbacks. */
void net_run(struct net *n);

/*
 * Whether a URL's host is this machine: localhost, 127.0.0.0/8 or ::1. Other
 * names are not, whatever they resolve to; nor is text that is not a URL.
 */
int net_is_loopback(const char *url);

/* The URL's host in lower case, without a port, to be freed; NULL: no URL. */
char *net_host(const char *url);

/*
 * Checks a URL that users write. Returns NULL, or what is wrong with it, such
 * as "expected http:// or https://".
 */
const char *net_check_url(const char *url);

#endif
