#ifndef RUNS_H
#define RUNS_H

/*
 * The runs of an experiment, read from rows or traces, for comparison: figures
 * in memory, about 100 bytes a run, texts where they are.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"
#include "json/json.h"

struct buf;
struct err;

/* How a run came out. RUNS_ERROR: it says nothing about the answer. */
enum runs_outcome { RUNS_FAIL, RUNS_PASS, RUNS_ERROR };

struct runs_run {
	uint64_t id;		/* hash of run_id */
	uint64_t unit;		/* hash of input_id and persona */
	uint64_t output;	/* hash of the output */
	uint64_t config;	/* hash of the evaluation's config_hash, or 0 */
	double ms, tokens;	/* NaN: not known */
	double metric;		/* the score that is compared, or NaN */
	uint64_t at;		/* offset of its row in the file */
	uint32_t n;		/* bytes of its row */
	uint32_t retried;	/* 1: it took more than one attempt */
	uint32_t persona, strategy;	/* indices in names; 0: none */
	enum runs_outcome outcome;
};

struct runs {
	const char *name;	/* the name that the caller gave */
	int fd;			/* the rows; pipes are copied */
	struct runs_run *v;
	size_t n;
	size_t cap;
	struct set known;	/* index + 1 of each id */
	char **names;		/* names of personas and strategies; [0] is
				   NULL */
	size_t nnames;
	size_t names_cap;
	struct set names_known;
	size_t twice;		/* rows with a run_id that was there */
	size_t unnamed;		/* rows without a run_id */
	size_t bad;		/* lines that are not records */
	uint64_t config;	/* config of the last run; 0: none */
	int mixed;		/* 1: the runs have several configurations */
};

/*
 * Opens the rows that runs_read reads, at their start; those of a pipe are
 * copied to a temporary file. Returns a descriptor, or -1 with errno set.
 */
int runs_open(const char *name);

/*
 * Reads an experiment directory's rows, those of its folder "evaluation" if
 * there is one, or a file of rows or traces; "-" is the standard input. metric
 * is the name of a score to read, or NULL. Returns 0, or -1 with *e filled in.
 */
int runs_read(struct runs *r, const char *name, const char *metric,
    struct err *e);
void runs_release(struct runs *r);

/* The outcome by these fields of a row; each may be absent. */
enum runs_outcome runs_outcome_of(struct json_span success,
    struct json_span error_kind, struct json_span evaluation);

/* The hash of an input as its persona asks it; without an id by its text. */
uint64_t runs_unit_of(struct json_span input_id, struct json_span input,
    struct json_span persona);

/* The hash of a value as it is spelled, such as a run_id; 0: it is absent. */
uint64_t runs_hash_of(struct json_span value);

/* The run of an id, or NULL. */
const struct runs_run *runs_find(struct runs *r, uint64_t id);

/*
 * Reads the row of a run again, which replaces *row. Returns 0, or -1 with
 * errno set.
 */
int runs_row(const struct runs *r, const struct runs_run *run,
    struct buf *row);

#endif
