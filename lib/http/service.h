#ifndef SERVICE_H
#define SERVICE_H

/*
 * A service as runner.http in setting.yaml describes it: its URL, the request,
 * the place of the output in the reply, time limits and retries.
 * fluxloop-setting(5) has the keys and their defaults.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"
#include "record/secret.h"
#include "weburl.h"

struct binding;
struct config;
struct err;

enum service_api {
	SERVICE_PLAIN,		/* the API that the keys describe */
	SERVICE_CHAT,		/* OpenAI's chat completions */
	SERVICE_RESPONSES,	/* OpenAI's responses */
	SERVICE_A2A		/* Agent2Agent */
};

enum service_body { SERVICE_JSON, SERVICE_FORM, SERVICE_TEXT };

enum service_stream {
	SERVICE_ANY,		/* by the Content-Type of the reply */
	SERVICE_NONE, SERVICE_SSE, SERVICE_LINES
};

struct service_header {
	char *name;
	char *value;
	int secret;		/* 1: not sent to another origin */
};

struct service_range {
	int from, to;
};

struct service {
	enum service_api api;
	struct weburl url;
	struct weburl origin;	/* the URL as configured: its scheme, host and
				   port are given secrets */
	const struct binding *binding;	/* of Agent2Agent */
	char *tenant;		/* of Agent2Agent, or NULL */
	char *hint;		/* why it may be refused with 401, 403, 404 or
				   405, or NULL */
	char *method;
	char *name;		/* name of calls in traces: "POST /chat" */
	struct buf json;	/* runner.http with its variables replaced */
	struct service_header *headers;
	size_t nheaders;
	struct json_span query;	/* template, or absent; these are in json */
	struct json_span body;
	struct json_span params;
	struct json_span model;
	enum service_body type;
	enum service_stream stream;
	char *output_path;	/* dotted path of the output; NULL: none */
	char *stream_path;
	char **filters;		/* names of events, or NULL */
	size_t nfilters;
	struct service_range *ok;	/* statuses of a success */
	size_t nok;
	int *retried;		/* statuses that are tried again */
	size_t nretried;
	char **hosts;		/* allowed hosts, besides that of url */
	size_t nhosts;
	double timeout;		/* seconds of an attempt; 0: unlimited */
	double connect_timeout;
	double first_byte_timeout;
	double backoff;		/* seconds before the second attempt */
	double max_wait;	/* the longest Retry-After that is obeyed */
	double interval;	/* seconds between requests; 0: no limit */
	unsigned attempts;	/* attempts after the first */
	unsigned redirects;
	size_t max_reply;	/* bytes */
	struct secret_values secrets;	/* secrets in headers */
};

/*
 * Reads runner.http. Returns 0, or -1 with *e filled in; release it either way.
 * The URL of Agent2Agent is as configured until card_read.
 */
int service_init(struct service *s, const struct config *c, struct err *e);

/* Turns it to the base of an interface, which it then owns. */
void service_set_url(struct service *s, struct weburl *base);
void service_release(struct service *s);

/* Whether a status is a success, and whether a request with it is retried. */
int service_is_ok(const struct service *s, int status);
int service_is_retried(const struct service *s, int status);

/*
 * Whether requests may go to a URL: its host is this machine, or the
 * configuration names it.
 */
int service_allows(const struct service *s, const struct weburl *u);

/* Replaces the secrets of headers in the text of b from an offset on. */
void service_mask(const struct service *s, struct buf *b, size_t from);

#endif
