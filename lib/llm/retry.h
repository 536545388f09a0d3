#ifndef RETRY_H
#define RETRY_H

/*
 * Decides which failed calls are retried, and when.
 */
#include <stdint.h>

#include "net/net.h"

struct retry_rules {
	unsigned most;		/* attempts after the first */
	double first_wait;	/* seconds; doubles with each attempt */
	double longest_wait;	/* longest wait in seconds that doubling
				   reaches */
	double longest_asked;	/* seconds that a server may ask for */
};

/* A call that failed. */
struct retry_case {
	enum net_failure failure;	/* NET_OK: there is a whole reply */
	int status;		/* HTTP status of the reply */
	int final;		/* 1: the server says that a retry is useless */
	double asked;		/* ms that the server asks to wait; -1: none */
};

/* Whether another attempt may succeed. */
int retry_may_help(const struct retry_case *c);

/*
 * The milliseconds to wait after an attempt, from 1, or -1 to give up. The wait
 * doubles, and up to half of it is added, depending on seed, so that calls that
 * failed together are not retried together. The wait is at least what the
 * server asks for; -1 is returned if that is more than longest_asked.
 */
double retry_wait(const struct retry_rules *r, const struct retry_case *c,
    unsigned attempt, uint64_t seed);

/*
 * Whether the failure concerns the connection or the account, so that the next
 * request would fail, too.
 */
int retry_is_common(const struct retry_case *c);

#endif
