#ifndef JOINER_H
#define JOINER_H

/* What the passes of a join share: places of records, a thread's state. */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "trace/trace.h"
#include "output.h"

struct join;

/* A thread takes tasks of this many bytes at a time, or this many tasks. */
#define TASKS_BYTES (256 * 1024)
#define TASKS_MAX 64

/* Kinds of records, in the order in which those of a trace are sorted. */
enum { ENTRY_ROW, ENTRY_WHOLE, ENTRY_OBSERVATION };

/* The place of a record. */
struct place {
	uint64_t at;		/* offset */
	uint32_t n;		/* bytes */
	uint32_t file;		/* index in fds; nfiles: the store */
};

/* An entry of the index. */
struct entry {
	uint64_t id;		/* hash of the trace's id */
	uint64_t number;	/* number of the record in the input */
	struct place place;
	uint64_t kind : 2;
	uint64_t hash : 62;	/* hash of a row's contents */
};

/* A trace to be rendered. */
struct render_task {
	uint64_t order;		/* position in the output */
	uint64_t first;		/* first entry of its observations in the
				   index, or offset of its extent */
	uint64_t count;		/* number of these entries */
	uint64_t bytes;		/* bytes of the trace's observations */
	struct place row;	/* file NO_ROW: no row */
};

#define NO_ROW UINT32_MAX

struct complaint {
	size_t line;		/* line in the chunk, from 1 */
	char *why;
};

/* The state of a thread. */
struct joiner {
	struct join *j;
	struct batch batch;
	struct trace t;
	size_t inside;		/* steps of a whole trace to keep in memory */
	struct buf text;	/* a chunk, or the records of a trace */
	struct buf step;	/* a record of a trace too large for text */
	struct buf detail;	/* scratch memory for details_merge */
	struct buf merged;	/* the row with its details */
	size_t row;		/* bytes of the row in text */
	struct entry *entries;	/* entries of a chunk */
	size_t nentries;
	size_t entries_cap;
	uint64_t *extents;	/* offset and size for each entry */
	struct complaint *complaints;
	size_t ncomplaints;
	size_t complaints_cap;
	size_t first;		/* complaints before the first record */
	size_t lines;		/* lines of the chunk so far */
	int met;		/* json_scan's flags */
	int line_met;		/* json_scan's flags of the current line */
	struct render_task tasks[TASKS_MAX];
	size_t ntasks;
	struct entry window[TASKS_MAX];	/* a part of the index */
	struct place *places;	/* places of a trace's observations */
	size_t nplaces;
	size_t places_cap;
	size_t unmatched;	/* see struct join */
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

/* Notes that a line is not what haste takes it for. Returns -1. */
int join_odd(struct join *j);
int join_is_odd(struct join *j);

/* Reports a message, unless it will be reported again, and frees it. */
void join_report(const struct join *j, char *msg);

/* The name of the file with this number as messages show it. */
const char *join_file_name(const struct join *j, size_t file);

/* Counts a trace whose row promised another number of observations. */
void joiner_check_count(struct joiner *w);

#endif
