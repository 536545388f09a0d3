#ifndef INPUTS_H
#define INPUTS_H

/*
 * The figures of each input of an experiment, for inputs_summary.jsonl, in
 * bounded memory: 6 MiB, and about 2 bytes an input; 8 bytes for each run of the
 * input with the most. An input with two personas counts as two.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "io/keymap.h"
#include "io/linestore.h"
#include "io/sorter.h"
#include "row.h"

struct out;

/* The chance that k runs of an input all pass, summed over the inputs. */
struct inputs_power {
	uint64_t k;
	double sum;
	uint64_t n;		/* number of inputs with at least k runs */
};

/* k is 1 to 10, then doubles. */
#define INPUTS_POWERS 64

struct inputs {
	struct keymap known;	/* their numbers, by input and persona */
	uint64_t n;
	struct linestore heads;	/* what is known of each from its first run */
	struct buf raw, head;	/* a head that is being made */
	struct sorter runs;
	struct inputs_power powers[INPUTS_POWERS];
	struct inputs_power last;	/* k is the most runs of an input */
};

/* dir is the folder of temporary files (spill.h). */
void inputs_init(struct inputs *in, int dir);
void inputs_release(struct inputs *in);

/*
 * Counts a run. ms is its duration in milliseconds, or NaN. Returns 0, or -1
 * with errno set.
 */
int inputs_count(struct inputs *in, const struct json_span row[ROW_FIELDS],
    int passed, double ms);

/*
 * Writes a line for each input in the order of first appearance, once, after
 * the last run. Returns 0, or -1 with errno set.
 */
int inputs_write(struct inputs *in, struct out *o);

/*
 * After that: adds {"1":...}: the chance that k runs of an input all succeed,
 * the mean of C(passed,k)/C(runs,k) over the inputs with at least k runs (pass^k
 * in Yao et al., "tau-bench", 2024). k is 1 to 10, then doubles, up to the
 * largest number of runs of an input.
 */
void inputs_put_pass_hat_k(const struct inputs *in, struct buf *b);

#endif
