#define _GNU_SOURCE		/* sched_getaffinity */
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "pool.h"

unsigned
pool_processors(void)
{
	long n;
#ifdef CPU_COUNT
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (unsigned)CPU_COUNT(&set);
#endif
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : (unsigned)n;
}

void
pool_init(struct pool *c, unsigned n)
{
	memset(c, 0, sizeof(*c));
	c->n = n;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->moved, NULL);
}

void
pool_release(struct pool *c)
{
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->moved);
}

struct thread_arg {
	void (*work)(void *);
	void *arg;
};

static void *
start(void *arg)
{
	struct thread_arg *j = arg;

	j->work(j->arg);
	return NULL;
}

void
pool_run(struct pool *c, void (*work)(void *), void *args, size_t size)
{
	pthread_t *threads = xreallocarray(NULL, c->n, sizeof(*threads));
	struct thread_arg *jobs = xreallocarray(NULL, c->n, sizeof(*jobs));
	unsigned i, started;

	c->taken = c->turn = 0;
	for (started = 1; started < c->n; started++) {
		jobs[started].work = work;
		jobs[started].arg = (char *)args + started * size;
		/* fewer will do as well */
		if (pthread_create(&threads[started], NULL, start,
		    &jobs[started]))
			break;
	}
	work(args);
	for (i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	free(jobs);
}

void
pool_lock(struct pool *c)
{
	pthread_mutex_lock(&c->lock);
}

void
pool_unlock(struct pool *c)
{
	pthread_mutex_unlock(&c->lock);
}

uint64_t
pool_ticket(struct pool *c)
{
	return c->taken++;
}

int
pool_wait(struct pool *c, uint64_t ticket)
{
	int stopped;

	pool_lock(c);
	while (c->turn != ticket && !c->stopped)
		pthread_cond_wait(&c->moved, &c->lock);
	stopped = c->stopped;
	pool_unlock(c);
	return stopped ? -1 : 0;
}

void
pool_pass(struct pool *c)
{
	pool_lock(c);
	c->turn++;
	pthread_cond_broadcast(&c->moved);
	pool_unlock(c);
}

void
pool_stop(struct pool *c)
{
	pool_lock(c);
	c->stopped = 1;
	pthread_cond_broadcast(&c->moved);
	pool_unlock(c);
}

int
pool_stopped(struct pool *c)
{
	int stopped;

	pool_lock(c);
	stopped = c->stopped;
	pool_unlock(c);
	return stopped;
}
