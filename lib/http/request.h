#ifndef REQUEST_H
#define REQUEST_H

/*
 * The request to a service for a run: the URL with its query, the body, and the
 * headers.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"
#include "service.h"

struct err;

/* The fields of a request of fluxloop-protocol(7). */
enum request_field {
	REQUEST_ID, REQUEST_INPUT, REQUEST_KWARGS, REQUEST_CONTEXT,
	REQUEST_MESSAGES, REQUEST_FIELDS
};
extern const char *const request_fields[REQUEST_FIELDS];

/* Zeroed memory is an empty one. */
struct request {
	struct weburl url;
	char *text;		/* the URL */
	const char *method;
	struct buf body;
	struct buf ask;		/* the body that asks for a task; empty: none */
	int has_body;
	char **headers;		/* "Name: value" */
	size_t nheaders;
};

/*
 * Makes the request. message is the line of fl-run, v its fields; both are
 * borrowed for the call. Returns 0, or -1 with *e filled in; release r either
 * way.
 */
int request_init(struct request *r, const struct service *s,
    struct json_span message, const struct json_span v[REQUEST_FIELDS],
    struct err *e);
void request_release(struct request *r);

/* Makes a request of another URL, which is copied, without a body. */
void request_get(struct request *r, const struct service *s,
    const struct weburl *url);

/*
 * Redirects the request to another URL, which it then owns. Credentials are
 * removed unless the origin is the service's. If get is 1, the method becomes
 * GET and the body is removed.
 */
void request_redirect(struct request *r, const struct service *s,
    struct weburl *to, int get);

/*
 * Turns it to where a redirect leads, likewise. Returns 0, or -1 with *e filled
 * in if that is not a host to send to, or less safe.
 */
int request_follow(struct request *r, const struct service *s,
    const char *location, int get, struct err *e);

/* Turns it to the state of a task (A2A). */
void request_ask_task(struct request *r, const struct service *s,
    const char *task);

#endif
