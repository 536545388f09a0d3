#ifndef CHAT_H
#define CHAT_H

/*
 * A chat request, as fluxloop-records(5) describes it.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "cache.h"

/* Zeroed memory is none. */
struct chat {
	struct buf record;	/* the line, a checked JSON object */
	struct json_span messages;	/* part of record; so are params and
				   reply */
	struct json_span params;	/* an object, or absent */
	struct json_span reply;	/* reply from an earlier pass, or absent */
	struct buf model;	/* text */
	long long sample;
	char key[CACHE_KEY];
	uint64_t hash;		/* the first half of the key, as a number */
	long long prompt_tokens;	/* estimated */
	long long most_tokens;	/* limit of the reply's tokens by params; -1:
				   none */
};
void chat_release(struct chat *c);

/*
 * Reads a record, which is copied. model is used if the record has none; it may
 * be NULL. Returns 0, or -1 with *why, borrowed, saying what is wrong.
 */
int chat_read(struct chat *c, struct json_span record, const char *model,
    const char **why);

/*
 * Computes the key: a hash of the API, the host, an object of headers, which may
 * be empty, and what the reply depends on, in a canonical form.
 */
void chat_set_key(struct chat *c, const char *api, const char *host,
    struct json_span headers);

/*
 * Estimates the tokens of a text: one for four ASCII characters, and one for
 * each other character.
 */
long long chat_tokens(const char *p, size_t n);

#endif
