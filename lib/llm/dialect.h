#ifndef DIALECT_H
#define DIALECT_H

/*
 * The APIs of servers of models: how a request is written, and what a reply
 * says. A row in dialect.c is an API.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"

struct chat;

/* What a reply says. Zeroed memory; release it. */
struct completion {
	struct buf reply;	/* {"content","finish_reason","model","usage",
				   "tool_calls"}, compact JSON */
	long long prompt_tokens, reply_tokens;	/* -1: it does not say */
};
void completion_release(struct completion *c);

struct dialect {
	const char *name;	/* name of the API, for --api */
	const char *base_env;	/* environment variables */
	const char *key_env;
	const char *key_header;	/* header of the key, up to the key */
	const char *header;	/* another header, or NULL */
	const char *path;	/* path to append to the base URL */
	const char *version;	/* of the API in its path, which a base URL may
				   end in already; NULL: the base has it */
	/* appends the body; most_tokens is for a request without a limit */
	void (*put_body)(const struct chat *c, long long most_tokens,
	    struct buf *b);
	/* reads a checked object; returns 0, or -1 if it has no reply */
	int (*read)(struct json_span body, struct completion *c);
};

/* The API of that name, or NULL. */
const struct dialect *dialect_find(const char *name);

/* The URL of requests, to be freed. */
char *dialect_url(const struct dialect *d, const char *base);

#endif
