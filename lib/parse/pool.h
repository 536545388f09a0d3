#ifndef POOL_H
#define POOL_H

/*
 * A pool of threads that take work with numbered tickets and deliver results in
 * ticket order, so that the output does not depend on the number of threads.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned n;		/* number of threads, with the caller */
	uint64_t taken;		/* number of tickets given out */
	uint64_t turn;		/* the ticket whose turn it is */
	int stopped;
};

/* The number of processors that this process may use. */
unsigned pool_processors(void);

void pool_init(struct pool *c, unsigned n);
void pool_release(struct pool *c);

/*
 * Calls work in c->n threads, each with one of the arguments of that size at
 * args, and returns when all have returned. Tickets start at 0.
 */
void pool_run(struct pool *c, void (*work)(void *), void *args, size_t size);

/*
 * Between pool_lock and pool_unlock a thread takes work and a ticket for it.
 * Every ticket must be waited for and passed on.
 */
void pool_lock(struct pool *c);
void pool_unlock(struct pool *c);
uint64_t pool_ticket(struct pool *c);

/* Waits for the ticket's turn. Returns 0, or -1 if the pool was stopped. */
int pool_wait(struct pool *c, uint64_t ticket);

/* Ends the turn: the next ticket has it. */
void pool_pass(struct pool *c);

/* Wakes all waiters; no more work is taken. */
void pool_stop(struct pool *c);
int pool_stopped(struct pool *c);

#endif
