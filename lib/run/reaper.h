#ifndef REAPER_H
#define REAPER_H

/*
 * A process beside ours, in a session of its own, that outlives us when we are
 * killed outright: it then kills the process groups that it was told of. It
 * notices by the end of a pipe, so that nothing has to be polled for.
 */
#include <sys/types.h>

struct err;

struct reaper {
	pid_t pid;		/* 0: none */
	int fd;			/* what it is told goes in here */
};

/*
 * Starts one: to be called before there are other threads or children. Returns
 * 0, or -1 with *e filled in.
 */
int reaper_start(struct reaper *r, struct err *e);

/* Tells it of a process group to kill; of one that is no more. */
void reaper_add(struct reaper *r, pid_t group);
void reaper_remove(struct reaper *r, pid_t group);

/* Lets it end, which it does at once, and collects it. */
void reaper_end(struct reaper *r);

#endif
