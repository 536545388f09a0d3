#ifndef FAILURES_H
#define FAILURES_H

/*
 * Why the runs of an experiment directory failed: its most frequent errors.
 * Errors that differ only in numbers count as one.
 */
#include <stddef.h>

#include "base/buf.h"

struct err;

#define FAILURES_SHOWN 3

struct failure {
	long long runs;
	struct buf error;	/* text of the first such run's error */
	struct buf trace_id;	/* JSON, of that run */
};

struct failures {
	long long runs;		/* number of failed runs */
	struct failure most[FAILURES_SHOWN];	/* the most frequent first */
	size_t n;		/* of these */
	size_t kinds;		/* number of different errors */
	struct buf place;	/* where the first error of most was raised: the
				   line of its traceback; empty: unknown */
};

/*
 * Reads the rows of a directory, and the traces that show where the most
 * frequent error was raised. Takes about 150 bytes for each different error.
 * Returns 0, or -1 with *e filled in if the rows cannot be read; f can be
 * released either way.
 */
int failures_read(struct failures *f, const char *dir, struct err *e);
void failures_release(struct failures *f);

/*
 * Appends a line for each error, the place of the first, and the file with all
 * errors; nothing if no run failed. dir is the directory as the user named it.
 */
void failures_put(struct buf *b, const struct failures *f, const char *dir);

#endif
