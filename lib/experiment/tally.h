#ifndef TALLY_H
#define TALLY_H

/*
 * The figures of an experiment, counted row by row in bounded memory: that of
 * inputs.h and 1 MiB.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "io/sorter.h"
#include "inputs.h"
#include "row.h"

struct buf;

/* A kind of failure. */
struct tally_kind {
	char *name;
	long long count;
};

/* The percentiles of the durations that are computed. */
enum { TALLY_MIN, TALLY_P50, TALLY_P90, TALLY_P95, TALLY_P99, TALLY_MAX,
	TALLY_RANKS };

struct tally {
	long long runs;
	long long failed;
	long long retried;	/* runs of more than one attempt */
	long long judged;	/* runs with a verdict, null included */
	long long passed, missed;	/* of these: pass is true, or false */
	struct sorter durations;	/* milliseconds */
	double sum;		/* sum of the durations */
	double ranks[TALLY_RANKS];	/* set by tally_end */
	int64_t first, last;	/* start and end, microseconds since 1970;
				   first 0: unknown */
	struct tally_kind *kinds;
	size_t nkinds;
	double tokens[3];	/* prompt, completion, total */
	int has_tokens;
	struct inputs inputs;
};

/* dir is the folder of temporary files (spill.h). */
void tally_init(struct tally *t, int dir);
void tally_release(struct tally *t);

/* Counts a run by its row. Returns 0, or -1 with errno set. */
int tally_count(struct tally *t, const struct json_span row[ROW_FIELDS]);

/*
 * Computes the percentiles, after the last run. They are by nearest rank: the
 * smallest duration that at least p percent do not exceed; NaN if there are
 * none. Returns 0, or -1 with errno set.
 */
int tally_end(struct tally *t);

/* Adds "results", "latency_ms", "failures" and, if known, "token_usage". */
void tally_put(const struct tally *t, struct buf *b);

#endif
