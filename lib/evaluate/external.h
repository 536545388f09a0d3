#ifndef EXTERNAL_H
#define EXTERNAL_H

/*
 * A program that judges: one process for all traces, which reads a record a
 * line and answers each with a line.
 */
#include <stddef.h>

struct buf;
struct err;
struct external;

/*
 * Prepares the program with these arguments, which are borrowed, and seconds
 * for each answer. It is started for the first request.
 */
struct external *external_new(char *const *argv, double seconds);
void external_free(struct external *x);

/*
 * Sends a line of n bytes, which has its newline, and waits for the answer,
 * which replaces *answer, without its newline. Returns 0, or -1 with *e filled
 * in if the program has exited, does not answer in time, or answers twice. It
 * is then restarted for the next request, at most three times.
 */
int external_ask(struct external *x, const char *line, size_t n,
    struct buf *answer, struct err *e);

#endif
