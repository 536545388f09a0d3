#ifndef FILTER_H
#define FILTER_H

/* A program between this one and its output. */
#include <sys/types.h>

struct buf;
struct err;

struct filter {
	pid_t pid;		/* the program's process; 0: none */
	int in;			/* our end of its standard input */
};

/*
 * Finds a program in the directory of the running one, or else in PATH.
 * Returns its path, which the caller frees, or NULL.
 */
char *filter_find(const char *name);

/*
 * Calls found for each program whose name starts with prefix, with the rest of
 * the name and the path, in the order in which filter_find searches. A name may
 * come again: the later program is hidden by the earlier one.
 */
void filter_each(const char *prefix,
    void (*found)(void *arg, const char *name, const char *path), void *arg);

/*
 * Starts the program at path, without arguments, with out as its standard output, and ignores
 * SIGPIPE from then on. Returns 0, or -1 with *e filled in.
 */
int filter_start(struct filter *f, const char *path, int out, struct err *e);

/*
 * Waits for the program, whose input the caller has closed. Returns 0, -1 with
 * *e filled in, or FILTER_UNREAD if nothing reads its output any more
 * (SIGPIPE).
 */
#define FILTER_UNREAD 1
int filter_end(struct filter *f, const char *path, struct err *e);

/*
 * Runs the program at path with one option and no input, and appends what it
 * prints to b, at most the first most bytes. Returns 0 if it exits with 0, or
 * -1.
 */
int filter_ask(const char *path, const char *option, struct buf *b,
    size_t most);

#endif
