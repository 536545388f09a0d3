#ifndef FILTER_H
#define FILTER_H

/*
 * Another program between us and our output.
 */
#include <sys/types.h>

struct err;

struct filter {
	pid_t pid;		/* 0: none */
	int in;			/* our end of its standard input */
};

/*
 * Finds a program in the directory of the running one, or else in PATH.
 * Returns its path, which the caller frees, or NULL.
 */
char *filter_find(const char *name);

/*
 * Calls found with each program whose name starts with prefix: the rest of the
 * name, and the path. They come in the order in which filter_find searches; a
 * name may come again for a program that an earlier one hides.
 */
void filter_each(const char *prefix,
    void (*found)(void *arg, const char *name, const char *path), void *arg);

/*
 * Starts it with out as its standard output; SIGPIPE is ignored from now on.
 * Returns 0, or -1 with *e filled in.
 */
int filter_start(struct filter *f, const char *path, int out, struct err *e);

/*
 * Waits for the program after its input was closed. Returns 0, -1 with *e
 * filled in, or FILTER_UNREAD if its output lost its reader (SIGPIPE).
 */
#define FILTER_UNREAD 1
int filter_end(struct filter *f, const char *path, struct err *e);

#endif
