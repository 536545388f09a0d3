#ifndef COMPLETED_H
#define COMPLETED_H

/*
 * The ids of runs that need not be done again: those with a whole line in a
 * file of traces or rows. An id takes eight bytes.
 */
#include <stddef.h>
#include <stdint.h>

struct err;

struct completed {
	uint64_t *ids;		/* run ids as numbers, sorted */
	size_t n;
	size_t cap;
	size_t sorted;		/* ids up to here are sorted */
	uint64_t whole;		/* bytes of whole lines in the last file */
	int torn;		/* 1: its last line has no newline */
};

/*
 * Adds the runs in a file, of the rows of an experiment directory, or of all
 * files *.jsonl in another folder. What does not exist has no runs. These do
 * not count: a last line without a newline, lines that are not traces, traces
 * of runs that were "cancelled". Returns 0, or -1 with *e filled in.
 */
int completed_read(struct completed *d, const char *path, struct err *e);
void completed_release(struct completed *d);

/* Whether the set has a run id. */
int completed_has(struct completed *d, uint64_t id);

#endif
