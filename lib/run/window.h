#ifndef WINDOW_H
#define WINDOW_H

/*
 * How many requests an agent is sent ahead. An agent that holds its next
 * request saves the time of a round trip, about 20 microseconds. But no other
 * agent can do what it holds, as requests cannot be taken back. So an agent
 * holds about WINDOW_TIME of work: one request until calls are known to be
 * quick, and one again after slow calls. The time of a call is estimated by
 * the last calls, or by all, whichever is longer: slow calls may come again,
 * and to wait for that costs at most 4 percent of the time that they took.
 */
#include <stdint.h>

#define WINDOW_TIME 1000	/* microseconds */
#define WINDOW_CALLS 64		/* calls that the moving average is about */

struct window {
	double recent;		/* moving average of the time of a call, us */
	double all;		/* time of all calls, us */
	double calls;
};

void window_init(struct window *w);

/* Counts a call that took this many microseconds. */
void window_add(struct window *w, int64_t took);

/*
 * The number of requests to hold, from 1 to UINT_MAX. running is the time for
 * which the calls that now run have been running, all together, in
 * microseconds: they count as if they ended now.
 */
unsigned window_size(const struct window *w, int64_t running);

#endif
