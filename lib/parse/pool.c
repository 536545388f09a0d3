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
pool_init(struct pool *p, unsigned n)
{
	memset(p, 0, sizeof(*p));
	p->n = n;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->moved, NULL);
}

void
pool_release(struct pool *p)
{
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->moved);
}

/* The argument of a thread. */
struct thread_arg {
	void (*work)(void *);
	void *arg;
};

static void *
pool_start(void *arg)
{
	struct thread_arg *t = arg;

	t->work(t->arg);
	return NULL;
}

void
pool_run(struct pool *p, void (*work)(void *), void *args, size_t size)
{
	pthread_t *threads = xreallocarray(NULL, p->n, sizeof(*threads));
	struct thread_arg *args_of = xreallocarray(NULL, p->n,
	    sizeof(*args_of));
	unsigned i, started;

	p->taken = p->turn = 0;
	for (started = 1; started < p->n; started++) {
		args_of[started].work = work;
		args_of[started].arg = (char *)args + started * size;
		/* fewer threads do the same work */
		if (pthread_create(&threads[started], NULL, pool_start,
		    &args_of[started]))
			break;
	}
	work(args);
	for (i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	free(args_of);
}

void
pool_lock(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
}

void
pool_unlock(struct pool *p)
{
	pthread_mutex_unlock(&p->lock);
}

uint64_t
pool_ticket(struct pool *p)
{
	return p->taken++;
}

int
pool_wait(struct pool *p, uint64_t ticket)
{
	int stopped;

	pool_lock(p);
	while (p->turn != ticket && !p->stopped)
		pthread_cond_wait(&p->moved, &p->lock);
	stopped = p->stopped;
	pool_unlock(p);
	return stopped ? -1 : 0;
}

void
pool_pass(struct pool *p)
{
	pool_lock(p);
	p->turn++;
	pthread_cond_broadcast(&p->moved);
	pool_unlock(p);
}

void
pool_stop(struct pool *p)
{
	pool_lock(p);
	p->stopped = 1;
	pthread_cond_broadcast(&p->moved);
	pool_unlock(p);
}

void
pool_resume(struct pool *p)
{
	pool_lock(p);
	p->stopped = 0;
	pool_unlock(p);
}

int
pool_stopped(struct pool *p)
{
	int stopped;

	pool_lock(p);
	stopped = p->stopped;
	pool_unlock(p);
	return stopped;
}
