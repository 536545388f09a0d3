#ifndef CALLER_H
#define CALLER_H

/*
 * An agent that passes runs on to a service: reads requests of fl-run, makes up
 * to concurrency calls at once, and writes replies as fluxloop-protocol(7)
 * describes them.
 */
struct err;
struct service;

struct caller_plan {
	const struct service *service;
	unsigned concurrency;	/* calls at once, from 1 */
	double timeout;		/* seconds of an attempt; 0: unlimited */
	int dry;		/* 1: make the requests, but send none */
};

/* Writes the hello message. Returns 0, or -1 with errno set. */
int caller_hello(int fd, unsigned concurrency);

/* Writes an error message: the agent cannot work at all, and why. */
void caller_refuse(int fd, const char *why);

/*
 * Serves until the input ends and all calls are answered. Returns 0, or -1 with
 * *e filled in when the input cannot be read or the output written.
 */
int caller_run(const struct caller_plan *p, int in, int out, struct err *e);

#endif
