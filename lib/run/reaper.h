#ifndef REAPER_H
#define REAPER_H

/*
 * A helper process in a session of its own that kills the process groups of
 * agents when this process is killed, which it notices by the end of a pipe.
 */
#include <sys/types.h>

struct err;

struct reaper {
	pid_t pid;		/* 0: not started */
	int fd;			/* the pipe's writing end */
};

/*
 * Starts the reaper. Must be called before there are other threads or children.
 * Returns 0, or -1 with *e filled in and errno set.
 */
int reaper_start(struct reaper *r, struct err *e);

/* Adds a process group to those that the reaper kills; removes one. */
void reaper_add(struct reaper *r, pid_t group);
void reaper_remove(struct reaper *r, pid_t group);

/* Ends the reaper and waits for it. */
void reaper_end(struct reaper *r);

#endif
