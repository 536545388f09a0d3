#ifndef SUMMARY_H
#define SUMMARY_H

/*
 * summary.json, inputs_summary.jsonl and errors.json, computed from the rows of
 * an experiment while they are added, in bounded memory (tally.h).
 */
#include <stddef.h>

#include "json/json.h"
#include "io/linestore.h"
#include "row.h"
#include "tally.h"

struct err;

struct summary {
	int dir;		/* the open directory */
	const char *path;	/* what messages call it; borrowed */
	struct tally tally;
	struct linestore errors;	/* an object for each run that failed */
};

/* The main figures of a summary. */
struct summary_totals {
	long long runs;
	long long failed;
	long long judged, passed;	/* runs with a verdict; that pass */
	double p50, p95;	/* durations in milliseconds; NaN: none */
};

/* Temporary files are made in dir, too. */
void summary_init(struct summary *s, int dir, const char *path);
void summary_release(struct summary *s);

/* Counts a row. Returns 0, or -1 with errno set. */
int summary_add(struct summary *s, const struct json_span row[ROW_FIELDS]);

/*
 * Writes summary.json, after inputs_summary.jsonl and, if a run failed,
 * errors.json, which else is removed; once, after the last row. Name and
 * configuration come from the checked manifest. Returns 0, or -1 with *e filled
 * in.
 */
int summary_write(struct summary *s, struct json_span manifest,
    struct summary_totals *totals, struct err *e);

#endif
