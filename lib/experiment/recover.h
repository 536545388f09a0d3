#ifndef RECOVER_H
#define RECOVER_H

/*
 * Finds what is whole in an experiment's files after an interruption or damage.
 * A run is whole if its row, its trace and all its observations are. Lines
 * belong together by their trace_id, wherever they are.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"
#include "json/json.h"
#include "row.h"

struct err;

/* The files, in the order in which a trace is written to them. */
enum { RECOVER_OBSERVATIONS, RECOVER_TRACES, RECOVER_ROWS, RECOVER_FILES };
extern const char *const recover_files[RECOVER_FILES];

/* A run that has a row. */
struct recover_run {
	uint64_t row, trace;	/* offsets of the ends of its lines; trace is 0:
				   none */
	uint64_t run;		/* hash of its run_id */
	uint64_t at, bytes;	/* extent of its observations, by the row */
	uint64_t first, last;	/* extent of its observations, as found */
	uint64_t sum;		/* bytes of its observations, as found */
	uint32_t n;		/* number of its observations, as found */
	uint32_t count;		/* number of observations by the row;
				   UINT32_MAX: none */
	int split;		/* 1: another run's observations are among its
				   own */
	int whole;
	int moved;		/* 1: first is a place in a new file */
};

struct recover {
	const int *fd;		/* descriptors of the files, the caller's */
	struct recover_run *run;	/* runs in the order of their rows */
	size_t n, cap;
	struct set known;	/* 1 + index in run, by trace_id */
	long long runs;		/* whole runs */
	uint64_t size[RECOVER_FILES];	/* offset of the end of the last whole
				   run */
	long long torn;		/* runs with partial data after that */
	int damaged;		/* 1: there is anything else before that, or an
				   extent is wrong */
};

/* A line that is read again. */
struct recover_line {
	int file;
	size_t number;		/* number of the line, from 1, if all lines are
				   read */
	const char *p;		/* text without the newline */
	size_t n;
	struct recover_run *run;	/* whole; NULL: the line does not count */
	int blank;
	int tail;		/* 1: it is after the last whole run */
	int orphan;		/* 1: its trace has no row */
	const char *why;	/* what is wrong with a line that does not
				   count; NULL: with another one of its run */
};

/* Whether a line is nothing but NULs, as after a loss of power. */
int recover_is_zeros(const struct recover_line *l);

/*
 * Reads the files, which are open for reading, and finds what is whole. Takes
 * about 120 bytes for each row. Returns 0, or -1 with *e filled in: a file
 * cannot be read, or the files were not written by fl-collect or do not belong
 * together.
 */
int recover_find(struct recover *r, const int fd[RECOVER_FILES],
    struct err *e);
void recover_release(struct recover *r);

/*
 * Does the same in one pass and in the memory of a line of each file, and calls
 * take with each row, for files whose runs are whole and in one order but for
 * their ends, as fl-collect leaves them however it ends. Returns 1 with r filled
 * in but without an entry for each run; 0 if the files are not like that, or take
 * returned 1, which may have been called for runs that are not whole; or -1 with
 * *e filled in by this function or by take.
 */
int recover_in_order(struct recover *r, const int fd[RECOVER_FILES],
    int (*take)(void *arg, const struct json_span row[ROW_FIELDS],
    struct err *e), void *arg, struct err *e);

/*
 * Calls take with the row of each whole run, until it does not return 0. Returns
 * 0, or -1 with *e filled in by this function or by take.
 */
int recover_each(struct recover *r,
    int (*take)(void *arg, const struct json_span row[ROW_FIELDS],
    struct err *e), void *arg, struct err *e);

/*
 * Reads the lines of a file again, only those after the last whole run if tail
 * is 1. Stops when take does not return 0. Returns 0, or -1
 * with *e filled in by this function or by take.
 */
int recover_lines(struct recover *r, int file, int tail,
    int (*take)(void *arg, const struct recover_line *l, struct err *e),
    void *arg, struct err *e);

#endif
