#ifndef STATISTICS_H
#define STATISTICS_H

/*
 * The statistics of comparisons. Every function is exact or has a fixed seed:
 * the same data give the same bytes.
 */
#include <stddef.h>

struct interval {
	double low, high;
};

/*
 * The 1 - alpha interval of a rate: passed of n (E. B. Wilson, "Probable
 * inference, the law of succession, and statistical inference", 1927).
 */
struct interval stat_wilson(size_t passed, size_t n, double alpha);

/*
 * The 1 - alpha interval of how much more often the second passes than the first:
 * both pass, the first alone, the second alone, neither (R. G. Newcombe,
 * "Improved confidence intervals for the difference between binomial proportions
 * based on paired data", 1998, method 10). It lies within -1 and 1, and has a
 * width where nothing or everything changed, too.
 */
struct interval stat_newcombe(const size_t n[4], double alpha);

/*
 * Two-sided exact p of b against c discordant pairs: a binomial with one half
 * (Q. McNemar, 1947).
 */
double stat_mcnemar(size_t b, size_t c);

/*
 * Two-sided exact p of a table: a of an against b of bn pass (R. A. Fisher,
 * 1922): the sum of the tables that are at most as probable.
 */
double stat_fisher(size_t a, size_t an, size_t b, size_t bn);

/*
 * Cohen's kappa of two judges: both say yes, the first alone, the second alone,
 * neither (J. Cohen, "A coefficient of agreement for nominal scales", 1960),
 * with its 1 - alpha interval by the standard error of J. L. Fleiss, J. Cohen
 * and B. S. Everitt ("Large sample standard errors of kappa and weighted
 * kappa", 1969). NaN where one answer is the only one; the interval also where
 * the standard error is 0.
 */
double stat_kappa(const size_t n[4], double alpha, struct interval *ci);

/* The mean of n differences, and its standard error; 0 for n below 2. */
double stat_mean(const double *d, size_t n, double *error);

/* Two-sided p of a mean of 0 by Student's t, and the 1 - alpha interval. */
double stat_t_test(const double *d, size_t n, double alpha,
    struct interval *ci);

/*
 * Two-sided p of a mean of 0 by flipping the signs of the differences: all 2^n
 * up to n = 16, else 10,000 of them at random (R. A. Fisher, "The design of
 * experiments", 1935).
 */
double stat_sign_flip(const double *d, size_t n);

/*
 * Sorts n values and returns their median. The 1 - alpha interval of it lies
 * between two of the values, by the binomial distribution of how many are below
 * (W. R. Thompson, 1936); it is infinite for too few.
 */
double stat_median(double *d, size_t n);
struct interval stat_median_interval(const double *sorted, size_t n,
    double alpha);

/* The p-th percentile of sorted values, by nearest rank; NaN if there is none. */
double stat_percentile(const double *sorted, size_t n, unsigned p);

/*
 * Adjusts n p-values in place, so that all n tests together find a difference
 * where there is none no more often than one would (S. Holm, "A simple
 * sequentially rejective multiple test procedure", 1979). Those that are NaN
 * are no tests.
 */
void stat_adjust(double *p, size_t n);

/* Orders doubles for qsort. */
int stat_by_value(const void *x, const void *y);

#endif
