#ifndef TALLY_H
#define TALLY_H

/*
 * The figures of an experiment, computed from its rows in three passes over
 * them in the same order. Takes 8 bytes a row and about 100 bytes an input.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"
#include "json/json.h"
#include "row.h"

struct buf;

/* The figures of one input and persona. */
struct tally_input {
	size_t at;		/* index of its first duration */
	double p50;
	uint32_t runs, passed;
	uint32_t ndurations;		/* number of its durations */
	int shown;		/* 1: written by tally_put_input */
};

/* A kind of failure. */
struct tally_kind {
	char *name;
	long long count;
};

struct tally {
	long long runs;
	long long failed;
	long long retried;	/* runs of more than one attempt */
	long long judged;	/* runs with a verdict, null included */
	long long passed, missed;	/* evaluated runs with pass true, with
				   pass false */
	double *durations;	/* milliseconds, input by input, then sorted */
	size_t ndurations;
	double sum;		/* sum of the durations */
	int64_t first, last;	/* start and end, microseconds since 1970;
				   first 0: unknown */
	struct tally_kind *kinds;
	size_t nkinds;
	double tokens[3];	/* prompt, completion, total */
	int has_tokens;
	struct set known;	/* indexes in inputs, by input and persona */
	struct tally_input *inputs;
	size_t ninputs;
	size_t cap;
};

/* Zeroed memory is an empty one. */
void tally_release(struct tally *t);

/* The first pass: tally_count is called for each row, then tally_end_count. */
void tally_count(struct tally *t, const struct json_span row[ROW_FIELDS]);
void tally_end_count(struct tally *t);

/*
 * The second pass: tally_add_duration is called for each row, then
 * tally_end_durations, which computes the percentiles.
 */
void tally_add_duration(struct tally *t,
    const struct json_span row[ROW_FIELDS]);
void tally_end_durations(struct tally *t);

/*
 * The third pass: called for each row; adds the entry of its input to a list,
 * once for each input.
 */
void tally_put_input(struct tally *t, const struct json_span row[ROW_FIELDS],
    struct buf *b);

/* Adds "results", "latency_ms", "failures" and, if known, "token_usage". */
void tally_put(const struct tally *t, struct buf *b);

/*
 * Adds {"1":...}: the chance that k runs of an input all succeed, the mean of
 * C(passed,k)/C(runs,k) over the inputs with at least k runs (pass^k in Yao et
 * al., "tau-bench", 2024). k is 1 to 10, then doubles, up to the largest number
 * of runs of an input.
 */
void tally_put_pass_hat_k(const struct tally *t, struct buf *b);

/*
 * The p-th percentile of the durations by nearest rank: the smallest one that
 * at least p percent do not exceed. NaN if there are none.
 */
double tally_percentile(const struct tally *t, unsigned p);

#endif
