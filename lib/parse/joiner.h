#ifndef JOINER_H
#define JOINER_H

/*
 * What the passes of a join share: where records are, and a thread's state.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "trace/trace.h"
#include "output.h"

struct join;

/* A thread takes traces of this many bytes at a time, or this many traces. */
#define TASKS_BYTES (256 * 1024)
#define TASKS_MAX 64

/* What a record is, in the order that those of one trace are sorted in. */
enum { ENTRY_ROW, ENTRY_WHOLE, ENTRY_OBSERVATION };

/* Where a record is. */
struct place {
	uint64_t at;
	uint32_t n;
	uint32_t file;		/* of the join's fds; the last is the spill */
};

struct entry {
	uint64_t id;		/* a hash of the trace's id */
	uint64_t number;	/* of the record, in the input */
	struct place place;
	uint64_t kind : 2;
	uint64_t hash : 62;	/* of a row: of what it says */
};

/* A trace to be rendered. */
struct render_task {
	uint64_t order;		/* in which they come out */
	uint64_t first;		/* its observations: entries of the index, */
	uint64_t count;
	uint64_t bytes;		/* or, of an extent, its place */
	struct place row;	/* file NO_ROW: there is none */
};

#define NO_ROW UINT32_MAX

struct complaint {
	size_t line;		/* in the block, from 1 */
	char *why;
};

/* One thread. */
struct joiner {
	struct join *j;
	struct batch batch;
	struct trace t;
	struct buf text;	/* a block, or the records of a trace */
	struct buf step;	/* a record of a trace that does not fit */
	struct entry *entries;	/* those of a block */
	size_t nentries;
	size_t entries_cap;
	uint64_t *extents;	/* place and size, for each row of a block */
	struct complaint *complaints;
	size_t ncomplaints;
	size_t complaints_cap;
	size_t first;		/* complaints before the first record */
	size_t lines;
	int met;		/* in a block, then in observations */
	struct render_task tasks[TASKS_MAX];
	size_t ntasks;
	struct entry window[TASKS_MAX];	/* of the index */
	struct place *places;	/* of a trace's observations */
	size_t nplaces;
	size_t places_cap;
	size_t unmatched;
	size_t changed;
};

/*
 * The passes, for pool_run and by themselves. index_run reads chunks, renders
 * whole traces, and adds all other records to the index; schedule_run makes
 * tasks of the index, and returns 0 or -1; render_run renders the tasks.
 */
void index_run(void *joiner);
int schedule_run(struct join *j);
void render_run(void *joiner);

/*
 * Record a fault, which ends the work of all threads; the first one counts.
 * file is what could not be read, NULL for a temporary file. Return -1.
 */
int join_fail_file(struct join *j, const char *file, int error);
int join_fail(struct join *j, int error);

/* Reports a message, unless it will be reported again, and frees it. */
void join_report(const struct join *j, char *msg);

/* The name of the file with this number as messages show it. */
const char *join_file_name(const struct join *j, size_t file);

/* Counts a trace whose row promised another number of observations. */
void joiner_check_count(struct joiner *w);

#endif
