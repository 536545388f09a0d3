#ifndef JOIN_H
#define JOIN_H

/*
 * Joins rows and observations, which come in any order, into traces and renders
 * them. The first pass reads all records and indexes where each is (40 bytes a
 * record); the second reads trace by trace. Text from pipes is kept meanwhile, in
 * a temporary file if it does not fit into memory, and so is the index.
 *
 * If the output can be discarded, the first pass goes by the ends of a line
 * that looks like an observation, and the second checks it. If it then turns
 * out to be bad, all starts again with a first pass that checks every line, so
 * that messages and traces are the same and in the same order.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "io/sorter.h"
#include "io/source.h"
#include "io/store.h"
#include "chunks.h"
#include "details.h"

struct output;
struct pool;

struct join {
	struct output *output;	/* output for traces */
	struct pool *pool;
	size_t memory;		/* bytes of memory to use */
	const struct details_file *details;	/* files with more fields for
				   rows */
	size_t ndetails;
	void (*report)(const char *msg);	/* prints a message */
	/* results */
	size_t bad;		/* lines that are not records */
	size_t rowless;		/* traces without a row */
	size_t unmatched;	/* rows with a wrong observation_count */
	size_t changed;		/* traces whose file changed meanwhile */
	int failed;		/* 1: a file could not be read (reported) */
	int error;		/* errno of an unusable file, or 0 */
	const char *error_file;	/* name of the unusable file; NULL: a temporary
				   file */
	/* private */
	struct chunks chunks;
	pthread_mutex_t reading;	/* held to take a chunk or tasks */
	int *fds;		/* descriptor of each file; -1: none */
	int *met;		/* json_scan's flags for each file */
	size_t nfiles;
	size_t kept;		/* number of open descriptors in fds */
	size_t keep;		/* limit of kept */
	struct store store;	/* text of pipes */
	uint64_t spilled;	/* bytes in it */
	size_t lines;		/* lines of the current file so far */
	struct source_tally tally;	/* counts of good and bad lines of the
				   current file */
	uint64_t records;	/* records so far */
	struct sorter index;
	struct sorter tasks;
	uint64_t next_task;
	struct details more;	/* index of the files with details */
	int extents;		/* 1: rows locate their observations */
	int quiet;		/* 1: the next try repeats all messages */
	int hasty;		/* 1: most observations are checked only when
				   they are rendered */
	int odd;		/* 1: one was bad, or needs a message: start
				   again without haste */
	int pipe;		/* 1: the only file is a pipe, all of which is
				   kept to start again */
	int pipe_error;		/* errno of a failed read of it, or 0 */
	int again;		/* 1: what was kept of it is read */
	uint64_t tiled;		/* bytes that the extents cover without a gap
				   so far; UINT64_MAX: there is a gap */
};

/*
 * Reads all records and renders all traces: whole traces at once, then rows in
 * the order they were read, each with the observations of its trace id, then
 * observations without a row. output, pool, memory and report are set, details
 * if there are any, all else is zero. extents: the two files are the rows and
 * the observations of an experiment directory; if the extents in the rows cover
 * all observations, no index is made. Returns 0, or -1 if output or a temporary
 * file failed.
 */
int join_run(struct join *j, char *const *files, size_t nfiles, int extents);

#endif
