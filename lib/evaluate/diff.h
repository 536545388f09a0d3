#ifndef DIFF_H
#define DIFF_H

/*
 * Two experiments, run by run: what changed, and whether that is more than
 * noise. fl-diff(1) describes the statistics.
 */
#include <stddef.h>

#include "runs.h"
#include "statistics.h"

enum diff_change {
	DIFF_SAME, DIFF_REGRESSED, DIFF_IMPROVED,
	DIFF_ERROR,		/* one of the two says nothing about the
				   answer */
	DIFF_ONLY_BASE, DIFF_ONLY_NEW, DIFF_CHANGES
};
extern const char *const diff_changes[DIFF_CHANGES];

/* A run that is in both experiments, or in one: then the other is NULL. */
struct diff_pair {
	const struct runs_run *base, *new;
	enum diff_change change;
	int flaky;		/* 1: its input passes and fails on one side */
};

enum diff_verdict {
	DIFF_REGRESSION, DIFF_IMPROVEMENT, DIFF_NO_DIFFERENCE, DIFF_TOO_FEW
};
extern const char *const diff_verdicts[];

/* A figure on both sides. */
struct diff_figure {
	size_t n;		/* inputs with the figure on both sides */
	double base, new;	/* means, or medians of durations */
	double delta;		/* difference of means; for durations the median
				   ratio */
	struct interval ci;	/* confidence interval of delta */
	double p;		/* NaN: there is none */
	const char *test;	/* the name of the test */
};

/* The inputs of a persona or a strategy. */
struct diff_group {
	const char *name;
	struct diff_figure pass;
	double p;		/* pass.p, adjusted for the number of groups */
};

/* Groups, sorted by p, then by name. */
struct diff_groups {
	struct diff_group *v;
	size_t n;
};

struct diff {
	struct runs *base, *new;
	double alpha;
	struct diff_pair *pairs;	/* runs in the order of new, then those
				   only in base */
	size_t npairs;
	size_t counts[DIFF_CHANGES];
	size_t flaky;		/* number of flaky inputs */
	size_t units;		/* pairs of input and persona that are in
				   both */
	int single;		/* 1: each unit has one run */
	size_t base_errors, new_errors;	/* number of errors among the pairs */
	size_t output_changed;
	struct diff_figure pass, ms, tokens, metric;
	struct diff_groups personas, strategies;
	double errors_p;	/* p of the change in the number of errors */
	double p95_base, p95_new;
	enum diff_verdict verdict;
};

/*
 * Why a comparison of the verdicts would be doubtful, to be freed, or NULL: one
 * side was not evaluated, or both by different checks.
 */
char *diff_doubt(const struct runs *base, const struct runs *new);

/* Compares. The caller zeroes d and sets base and new, borrowed, and alpha. */
void diff_run(struct diff *d);
void diff_release(struct diff *d);

#endif
