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

void pool_init(struct pool *p, unsigned n);
void pool_release(struct pool *p);

/*
 * Calls work in p->n threads, each with one of the arguments of that size at
 * args, and returns when all have returned. Tickets start at 0.
 */
void pool_run(struct pool *p, void (*work)(void *), void *args, size_t size);

/*
 * Between pool_lock and pool_unlock a thread takes work and a ticket for it.
 * Every ticket must be waited for and passed on.
 */
void pool_lock(struct pool *p);
void pool_unlock(struct pool *p);
uint64_t pool_ticket(struct pool *p);

/* Waits for the ticket's turn. Returns 0, or -1 if the pool was stopped. */
int pool_wait(struct pool *p, uint64_t ticket);

/* Ends the turn: the next ticket has it. */
void pool_pass(struct pool *p);

/* Wakes all waiters; no more work is taken until pool_resume, when none run. */
void pool_stop(struct pool *p);
void pool_resume(struct pool *p);
int pool_stopped(struct pool *p);

#endif
