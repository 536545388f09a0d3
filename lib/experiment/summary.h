#ifndef SUMMARY_H
#define SUMMARY_H

/* summary.json and errors.json, computed from the rows of an experiment. */
#include <stddef.h>

#include "json/json.h"

struct err;

/* The main figures of a summary. */
struct summary_totals {
	long long runs;
	long long failed;
	long long judged, passed;	/* runs with a verdict; that pass */
	double p50, p95;	/* durations in milliseconds; NaN: none */
};

/*
 * Writes summary.json into the open directory dir, which messages call path,
 * and errors.json if a run failed; else removes errors.json. rows is open for
 * reading. Name and configuration come from the checked manifest. Returns 0, or
 * -1 with *e filled in.
 */
int summary_write(int dir, const char *path, int rows,
    struct json_span manifest, struct summary_totals *totals, struct err *e);

#endif
