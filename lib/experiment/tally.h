#ifndef TALLY_H
#define TALLY_H

/*
 * The figures of an experiment, computed from its rows. They are passed over
 * three times in the same order, so that what is kept meanwhile is 8 bytes for
 * each row and about 100 for each input.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"
#include "json/json.h"
#include "row.h"

struct buf;

/* What is counted of an input, as one persona asks it. */
struct tally_input {
	size_t at;		/* of its first duration */
	double p50;
	uint32_t runs, passed;
	uint32_t timed;		/* how many durations it has */
	int shown;
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
	double *durations;	/* milliseconds, input by input, then sorted */
	size_t ndurations;
	double sum;		/* of them */
	int64_t first, last;	/* microseconds since 1970; first 0: none */
	struct tally_kind *kinds;
	size_t nkinds;
	double tokens[3];	/* prompt, completion, total */
	int has_tokens;
	struct set known;	/* places in inputs */
	struct tally_input *inputs;
	size_t ninputs;
	size_t cap;
};

/* Zeroed memory is an empty one. */
void tally_release(struct tally *t);

/* For each row, in the first pass; and when that is over. */
void tally_count(struct tally *t, const struct json_span row[ROW_FIELDS]);
void tally_counted(struct tally *t);

/* For each row, in the second pass; and when that is over. */
void tally_time(struct tally *t, const struct json_span row[ROW_FIELDS]);
void tally_timed(struct tally *t);

/*
 * For each row, in the third pass: adds the entry of its input to a list, once
 * for each input.
 */
void tally_put_input(struct tally *t, const struct json_span row[ROW_FIELDS],
    struct buf *b);

/* Adds "results", "latency_ms", "failures" and, if there are, "token_usage". */
void tally_put(const struct tally *t, struct buf *b);

/*
 * Adds {"1":...}: for k runs of an input, the chance that all of them succeed:
 * the mean, over the inputs with at least k runs, of C(passed,k)/C(runs,k)
 * (pass^k in Yao et al., "tau-bench", 2024). k is 1 to 10, then twice as many
 * each time, and last the largest number of runs that an input has.
 */
void tally_put_pass_hat_k(const struct tally *t, struct buf *b);

/*
 * The duration that p percent of all do not pass: nearest rank, as in "the
 * smallest value such that at least p percent are no larger". NaN: there is
 * none.
 */
double tally_percentile(const struct tally *t, unsigned p);

#endif
