#ifndef ASKER_H
#define ASKER_H

/*
 * Asks a model: reads chat requests, and writes them with their replies. The
 * engine of fl-llm.
 */
#include <signal.h>
#include <stddef.h>

#include "retry.h"

struct budget;
struct cache;
struct dialect;
struct err;
struct headers;
struct out;
struct secret_values;
struct source;

struct asker_plan {
	const struct dialect *dialect;
	const char *base;	/* base URL of the API */
	const char *key;	/* the server's key; NULL: none */
	const struct headers *headers;	/* more headers, which replace those
				   of the API that have the same name */
	const struct secret_values *secrets;	/* masked in what is written */
	const char *model;	/* model of requests that name none, or NULL */
	unsigned jobs;		/* calls at once */
	struct retry_rules retry;
	double timeout, connect_timeout;	/* seconds */
	double interval;	/* seconds between the starts of two calls */
	long long reply_tokens;	/* tokens expected of a reply whose request
				   sets no limit */
	int offline;		/* 1: replies come from the cache alone */
	int ordered;		/* 1: records come in the order of requests */
	int dry;		/* 1: count only, write nothing */
	struct budget *budget;
	struct cache *cache;	/* cache of replies, or NULL */
	const volatile sig_atomic_t *stop;	/* not 0: stop */
	int wake;		/* descriptor that is readable when *stop is not
				   0 */
};

/* Counts of what was done. */
struct asker_tally {
	size_t requests;	/* records that were read */
	size_t answered;	/* records that the server answered */
	size_t cached;		/* records answered by the cache, or by the
				   call of another record that asks the same */
	size_t passed;		/* records that had a reply already */
	size_t failed;		/* records with an error */
	size_t retries;		/* calls after the first attempt */
	size_t to_ask;		/* calls that a dry run would make */
	long long prompt_tokens, reply_tokens;	/* tokens by the server's
				   count; in a dry run, the most expected */
	double cost;		/* cost of the calls; for a dry run, the most */
	int unpriced;		/* 1: a model has no price */
	int gone;		/* 1: the server was given up */
	char *first_error;	/* "CODE: MESSAGE", to be freed, or NULL */
};

/*
 * Reads requests to the end of in, which is eager, and writes records to o.
 * Returns 0, or -1 with *e filled in if the cache or the output cannot be
 * written.
 */
int asker_run(const struct asker_plan *p, struct source *in, struct out *o,
    struct asker_tally *t, struct err *e);

#endif
