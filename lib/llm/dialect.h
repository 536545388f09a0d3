#ifndef DIALECT_H
#define DIALECT_H

/*
 * The APIs of models' servers: how a request is written, and how a reply is
 * read. Each row of the table in dialect.c is an API.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"

struct chat;

/* What a reply says. Zeroed memory; release it. */
struct completion {
	struct buf reply;	/* {"content","finish_reason","model","usage",
				   "tool_calls"}, compact JSON */
	long long prompt_tokens, reply_tokens;	/* -1: not in the reply */
};
void completion_release(struct completion *c);

struct dialect {
	const char *name;	/* name of the API, for --api */
	const char *base_env;	/* environment variables */
	const char *key_env;
	const char *key_header;	/* header of the key, up to the key */
	const char *header;	/* another header, or NULL */
	const char *path;	/* path to append to the base URL */
	const char *version;	/* version in the path, which a base URL may
				   have already; NULL: the base URL has it */
	/* appends the body; most_tokens is for a request without a limit */
	void (*put_body)(const struct chat *c, long long most_tokens,
	    struct buf *b);
	/* reads a checked object; returns 0, or -1 if it has no reply */
	int (*read)(struct json_span body, struct completion *c);
};

/* The API of that name, or NULL. */
const struct dialect *dialect_find(const char *name);

/* The URL that requests go to, to be freed. */
char *dialect_url(const struct dialect *d, const char *base);

#endif
