#ifndef CREW_H
#define CREW_H

/*
 * Threads that share out work and hand in what they made of it in the order
 * in which they took it, so that the outcome does not depend on how many they
 * are. <pthread.h> and <stdint.h> have to be included before.
 */
struct crew {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned n;		/* how many threads, the caller among them */
	uint64_t taken;		/* tickets given out */
	uint64_t turn;		/* the ticket whose turn it is */
	int stopped;
};

/* How many processors this process may use. */
unsigned crew_processors(void);

void crew_init(struct crew *c, unsigned n);
void crew_release(struct crew *c);

/*
 * Calls work with each of c->n arguments of that size, at args, in a thread of
 * its own, and returns when all have returned. Tickets begin at 0.
 */
void crew_run(struct crew *c, void (*work)(void *), void *args, size_t size);

/*
 * Taking work: between crew_lock and crew_unlock a thread takes some and the
 * ticket for it. Every ticket has to be waited for and passed on.
 */
void crew_lock(struct crew *c);
void crew_unlock(struct crew *c);
uint64_t crew_ticket(struct crew *c);

/* Waits for the ticket's turn. Returns 0, or -1 when the crew was stopped. */
int crew_wait(struct crew *c, uint64_t ticket);

/* Ends the turn. */
void crew_pass(struct crew *c);

/* Nobody waits any more, and no more work should be taken. */
void crew_stop(struct crew *c);
int crew_stopped(struct crew *c);

#endif
