#ifndef REPORT_TEST_H
#define REPORT_TEST_H

/*
 * A run as a report shows it: a test that passes or does not, and why.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"

struct diff_pair;
struct report;
struct runs;
struct runs_run;

/* Fields of a row. */
enum {
	TEST_TRACE_ID, TEST_RUN_ID, TEST_INPUT_ID, TEST_ITERATION,
	TEST_PERSONA, TEST_INPUT, TEST_OUTPUT, TEST_START, TEST_ERROR,
	TEST_ERROR_KIND, TEST_EVALUATION, TEST_METADATA, TEST_OBSERVATIONS,
	TEST_FIELDS
};

struct test {
	struct buf row;
	struct json_span v[TEST_FIELDS];	/* fields of row */
	const struct runs_run *run;
	const struct diff_pair *pair;	/* NULL: there is no base */
	struct buf persona;	/* the persona, or "default" */
	struct buf name;	/* the input, its id and the iteration */
	/* set by test_explain */
	struct buf input, output;	/* beginnings of the input and the
				   output */
	struct buf reason;	/* the checks that do not hold, or the error */
	struct buf kind;	/* type of the first such check */
};
void test_release(struct test *t);

/*
 * Reads run i of a report. A row that is not JSON any more has no fields.
 * Returns 0, or -1 with errno set.
 */
int test_read(const struct report *r, size_t i, struct test *t);

/* Reads the row of a run of either side, for its fields alone. */
int test_read_row(const struct runs *runs, const struct runs_run *run,
    struct test *t);

/* Sets the texts that explain a run that does not pass. */
void test_explain(struct test *t);

/* How long a run took, in seconds; 0 if that is not known. */
double test_seconds(const struct runs_run *run);

/*
 * "regressed", "improved", "error", "only_new", or NULL: the same as in the
 * base, or there is no base.
 */
const char *test_change(const struct test *t);

/* "pass", "fail" or "error" of a run. */
const char *test_outcome(const struct runs_run *run);

/*
 * Appends at most about max bytes of the text of a value, cut between two
 * characters. Returns the number of bytes left out.
 */
size_t test_put_text(struct buf *b, struct json_span value, size_t max);

/* Counts of runs. */
struct test_counts {
	size_t tests, failures, errors;
	double seconds;
};
void test_count(struct test_counts *c, const struct runs_run *run);
struct test_counts test_count_all(const struct runs *runs);

#endif
