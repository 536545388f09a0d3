#ifndef PART_H
#define PART_H

/*
 * An experiment directory as a part of another: reads its whole traces, one
 * after the other, with one in memory.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/line.h"
#include "recover.h"

struct err;

struct part {
	const char *path;	/* borrowed */
	char *name;		/* in traces: the last component of path */
	int dir;		/* -1: not open */
	int fd[RECOVER_FILES];
	struct line_reader rows, traces;
	struct buf manifest;	/* empty: there is none */
	struct buf trace;	/* the last one, whole */
	size_t skipped;		/* runs that are torn or damaged */
};

/* Whether a path is a directory. */
int part_is(const char *path);

/*
 * Opens a directory. Returns 0, or -1 with *e filled in: it is not an
 * experiment, or cannot be read. release p either way.
 */
int part_open(struct part *p, const char *path, struct err *e);
void part_release(struct part *p);

/*
 * Makes the next trace in p->trace, with its observations and the part's name
 * as "part". Runs that are not whole are skipped and counted. Returns 1, 0 at
 * the end, or -1 with *e filled in.
 */
int part_next(struct part *p, struct err *e);

/*
 * Copies the folder stderr, with the agents' standard error, to stderr/NAME in
 * the open directory to. Returns 0, or -1 with *e filled in.
 */
int part_copy_logs(const struct part *p, int to, struct err *e);

#endif
