#ifndef SUMMARY_H
#define SUMMARY_H

/*
 * summary.json and errors.json, which are computed from the rows of an
 * experiment.
 */
#include <stddef.h>

#include "json/json.h"

struct err;

/* What the summary tells in short. */
struct summary_totals {
	long long runs;
	long long failed;
	double p50, p95;	/* of durations, in milliseconds; NaN: none */
};

/*
 * Writes summary.json into the folder dir, which messages call path, and
 * errors.json if a run failed: if not, one that is there is removed. rows is
 * open for reading; the name and the configuration are those of the checked
 * manifest. Returns 0, or -1 with *e filled in.
 */
int summary_write(int dir, const char *path, int rows,
    struct json_span manifest, struct summary_totals *totals, struct err *e);

#endif
