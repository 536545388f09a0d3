#ifndef MOMENTS_H
#define MOMENTS_H

/*
 * The steps of a trace that does not fit into memory: when each is, what links
 * it to others, and where its record is, sorted in bounded memory. Long texts of
 * times are in a buffer of the caller, to which they are appended.
 */
#include <stddef.h>
#include <stdint.h>

#include "io/sorter.h"

struct buf;
struct trace_step;

/* The most bytes of a time that are kept in place; ISO 8601 has up to 35. */
#define MOMENT_TIME 40

/* A time as text; of a longer one the end is replaced by its offset. */
struct moment_time {
	char text[MOMENT_TIME];
	uint64_t len;
};

struct moment {
	struct moment_time start, end;
	uint64_t number;	/* of the step in the input */
	uint64_t id, parent;	/* hashes, 0: none */
	uint64_t at;		/* the caller's place of its record: offset, */
	uint32_t n, file;	/* bytes and file */
};

/* The step in a place of the order, and its place in the sorter. */
struct moment_move {
	uint64_t to;
	uint64_t from;
};

struct moments {
	struct sorter sorter;
	size_t memory;		/* bytes to sort in */
	struct buf *texts;	/* long times */
	size_t ntexts;		/* bytes of them */
	struct moment *window;	/* some of the sorted */
	uint64_t first;		/* number of the first of them */
	size_t count;
	int tied;		/* 1: two begin at the same time */
	struct moment_move *moves;	/* those that are elsewhere than the
					   sorter has them, in order */
	size_t nmoves;
	size_t moves_cap;
	int error;		/* errno of a temporary file, or 0 */
};

/* Starts an empty list; texts is borrowed. */
void moments_init(struct moments *m, size_t memory, struct buf *texts);
void moments_release(struct moments *m);

/*
 * Adds a moment, of which all but the times and the number are set. The two
 * texts may be in texts, after its long times; they are taken from there.
 */
void moments_add(struct moments *m, struct moment *moment, const char *start,
    size_t nstart, const char *end, size_t nend);

/*
 * Sorts by start, then end, then number. Of those with the same start, a parent
 * comes before what is below it, unless there are more than a million of them.
 */
void moments_sort(struct moments *m);

/*
 * Step i in order, or NULL after an error; valid until the next call. Steps one
 * after another are read together.
 */
const struct moment *moments_get(struct moments *m, size_t i);

/* The text of a time, borrowed. */
const char *moments_text(const struct moments *m, const struct moment_time *t);

/* Sets the parent of each step: the first step with the id it names, or none. */
void moments_link(struct moments *m, struct trace_step *steps, size_t n);

#endif
