#ifndef JOIN_H
#define JOIN_H

/*
 * Brings traces together out of rows and observations that come in any order,
 * and has them rendered. It passes over the records once, keeping an index of
 * where each is (40 bytes for a record), and then reads trace by trace. What
 * comes from a pipe is put into a temporary file meanwhile, and so is an index
 * that does not fit.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "io/source.h"
#include "chunks.h"
#include "sorter.h"

struct output;
struct pool;

struct join {
	struct output *output;	/* where traces go */
	struct pool *pool;
	size_t memory;		/* how much of it may be used, in bytes */
	void (*report)(const char *msg);	/* prints a message */
	/* what was met */
	size_t bad;		/* lines that were no records */
	size_t rowless;		/* traces that had no row */
	size_t unmatched;	/* rows whose observation_count is not met */
	size_t changed;		/* traces whose file changed while it was read */
	int failed;		/* a file could not be read, and it was said */
	int error;		/* errno of a file that could not be used, or 0 */
	const char *error_file;	/* which; NULL: a temporary one */
	/* what it works with */
	struct chunks chunks;
	pthread_mutex_t reading;	/* of chunks, or of tasks */
	int *fds;		/* one for each file; -1: cannot be read again */
	int *met;		/* in each file, by json_scan */
	size_t nfiles;
	size_t kept;		/* how many of fds are open */
	size_t keep;		/* and how many may be */
	int spill;		/* a temporary file for pipes; -1: none yet */
	uint64_t spilled;
	size_t lines;		/* of the current file, so far */
	struct source_tally tally;	/* and what they are */
	uint64_t records;	/* so far */
	struct sorter index;
	struct sorter tasks;
	uint64_t next_task;
	int extents;		/* rows tell where their observations are */
	int quiet;		/* what is said now will be said again */
	uint64_t tiled;		/* by the extents, so far; then UINT64_MAX */
};

/*
 * Passes over all records. A whole trace is rendered at once; then come the
 * rows in the order they were read, each with the observations of its trace
 * id, and then the observations without a row. output, pool, memory and report are
 * set, and everything else is zero. extents: the two files are the rows and
 * the observations of an experiment directory; if the rows tell where theirs
 * are, and together that is all of them, no index is made. Returns 0, or -1
 * when output or a temporary file failed.
 */
int join_run(struct join *j, char *const *files, size_t nfiles, int extents);

#endif
