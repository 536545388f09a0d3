#define _GNU_SOURCE		/* sched_getaffinity */
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "crew.h"

unsigned
crew_processors(void)
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
crew_init(struct crew *c, unsigned n)
{
	memset(c, 0, sizeof(*c));
	c->n = n;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->moved, NULL);
}

void
crew_release(struct crew *c)
{
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->moved);
}

struct job {
	void (*work)(void *);
	void *arg;
};

static void *
start(void *arg)
{
	struct job *j = arg;

	j->work(j->arg);
	return NULL;
}

void
crew_run(struct crew *c, void (*work)(void *), void *args, size_t size)
{
	pthread_t *threads = xreallocarray(NULL, c->n, sizeof(*threads));
	struct job *jobs = xreallocarray(NULL, c->n, sizeof(*jobs));
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
crew_lock(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
}

void
crew_unlock(struct crew *c)
{
	pthread_mutex_unlock(&c->lock);
}

uint64_t
crew_ticket(struct crew *c)
{
	return c->taken++;
}

int
crew_wait(struct crew *c, uint64_t ticket)
{
	int stopped;

	crew_lock(c);
	while (c->turn != ticket && !c->stopped)
		pthread_cond_wait(&c->moved, &c->lock);
	stopped = c->stopped;
	crew_unlock(c);
	return stopped ? -1 : 0;
}

void
crew_pass(struct crew *c)
{
	crew_lock(c);
	c->turn++;
	pthread_cond_broadcast(&c->moved);
	crew_unlock(c);
}

void
crew_stop(struct crew *c)
{
	crew_lock(c);
	c->stopped = 1;
	pthread_cond_broadcast(&c->moved);
	crew_unlock(c);
}

int
crew_stopped(struct crew *c)
{
	int stopped;

	crew_lock(c);
	stopped = c->stopped;
	crew_unlock(c);
	return stopped;
}
