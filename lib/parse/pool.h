#ifndef POOL_H
#define POOL_H

/*
 * Threads that share out work and hand in what they made of it in the order in
 * which they took it, so that the outcome does not depend on how many they
 * are.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned n;		/* how many threads, the caller among them */
	uint64_t taken;		/* tickets given out */
	uint64_t turn;		/* the ticket whose turn it is */
	int stopped;
};

/* How many processors this process may use. */
unsigned pool_processors(void);

void pool_init(struct pool *c, unsigned n);
void pool_release(struct pool *c);

/*
 * Calls work with each of c->n arguments of that size, at args, in a thread of
 * its own, and returns when all have returned. Tickets begin at 0.
 */
void pool_run(struct pool *c, void (*work)(void *), void *args, size_t size);

/*
 * Taking work: between pool_lock and pool_unlock a thread takes some and the
 * ticket for it. Every ticket has to be waited for and passed on.
 */
void pool_lock(struct pool *c);
void pool_unlock(struct pool *c);
uint64_t pool_ticket(struct pool *c);

/* Waits for the ticket's turn. Returns 0, or -1 when the pool was stopped. */
int pool_wait(struct pool *c, uint64_t ticket);

/* Ends the turn. */
void pool_pass(struct pool *c);

/* Nobody waits any more, and no more work should be taken. */
void pool_stop(struct pool *c);
int pool_stopped(struct pool *c);

#endif
