#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "statistics.h"

#define SEED 1
#define EXACT_MAX 16		/* most differences for which all signs are
				   tried */
#define FLIPS 10000
#define SLACK 1e-9		/* of sums that differ by rounding */

/* --- distributions ------------------------------------------------------- */

/*
 * The regularized incomplete beta function by Lentz's continued fraction, for x
 * up to (a + 1) / (a + b + 2), where it converges fast.
 */
static double
beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), h, term;
	int m;

	d = fabs(d) < 1e-300 ? 1e300 : 1 / d;
	h = d;
	for (m = 1; m <= 500; m++) {
		term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 + term * d;
		c = 1 + term / c;
		d = fabs(d) < 1e-300 ? 1e300 : 1 / d;
		h *= d * c;
		term = -(a + m) * (a + b + m) * x / ((a + 2 * m) *
		    (a + 2 * m + 1));
		d = 1 + term * d;
		c = 1 + term / c;
		d = fabs(d) < 1e-300 ? 1e300 : 1 / d;
		h *= d * c;
		if (fabs(d * c - 1) < 1e-14)
			break;
	}
	return h;
}

static double
beta(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x > 0;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) +
	    b * log(1 - x));
	return x < (a + 1) / (a + b + 2) ?
	    front * beta_fraction(a, b, x) / a :
	    1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* The two-sided p of t with the given degrees of freedom. */
static double
t_tails(double t, double freedom)
{
	return beta(freedom / 2, 0.5, freedom / (freedom + t * t));
}

/* The t whose two tails have a probability of alpha together. */
static double
t_quantile(double alpha, double freedom)
{
	double low = 0, high = 1e6, mid;
	int i;

	for (i = 0; i < 200; i++) {
		mid = (low + high) / 2;
		if (t_tails(mid, freedom) > alpha)
			low = mid;
		else
			high = mid;
	}
	return (low + high) / 2;
}

/* The z whose two tails of the normal distribution are alpha together. */
static double
z_quantile(double alpha)
{
	double low = 0, high = 40, mid;
	int i;

	for (i = 0; i < 200; i++) {
		mid = (low + high) / 2;
		if (erfc(mid / sqrt(2)) > alpha)
			low = mid;
		else
			high = mid;
	}
	return (low + high) / 2;
}

static double
log_choose(size_t n, size_t k)
{
	return lgamma((double)n + 1) - lgamma((double)k + 1) -
	    lgamma((double)(n - k) + 1);
}

/* --- rates --------------------------------------------------------------- */

struct interval
stat_wilson(size_t passed, size_t n, double alpha)
{
	double z = z_quantile(alpha), m = (double)n, p, middle, half;

	if (!n)
		return (struct interval){ 0, 1 };
	p = (double)passed / m;
	middle = (p + z * z / (2 * m)) / (1 + z * z / m);
	half = z / (1 + z * z / m) * sqrt(p * (1 - p) / m + z * z /
	    (4 * m * m));
	return (struct interval){ passed ? middle - half : 0,
	    passed < n ? middle + half : 1 };
}

/*
 * Returns the error of a difference, from the errors of two correlated rates.
 */
static double
add_correlated(double a, double b, double phi)
{
	return sqrt(fmax(a * a + b * b - 2 * phi * a * b, 0));
}

struct interval
stat_newcombe(const size_t n[4], double alpha)
{
	size_t first = n[0] + n[1], second = n[0] + n[2];
	size_t all = second + n[1] + n[3];
	double m = (double)all, p = (double)first / m, q = (double)second / m;
	struct interval of_p = stat_wilson(first, all, alpha);
	struct interval of_q = stat_wilson(second, all, alpha);
	double product = (double)n[0] * (double)n[3] - (double)n[1] *
	    (double)n[2];
	double scale = m * m * sqrt(p * (1 - p) * q * (1 - q)), phi, below, above;

	if (!all)
		return (struct interval){ -1, 1 };
	if (product > 0)
		product = fmax(product - m / 2, 0);
	phi = scale > 0 ? product / scale : 0;
	below = add_correlated(q - of_q.low, of_p.high - p, phi);
	above = add_correlated(of_q.high - q, p - of_p.low, phi);
	return (struct interval){ fmax(q - p - below, -1),
	    fmin(q - p + above, 1) };
}

double
stat_mcnemar(size_t b, size_t c)
{
	size_t n = b + c, least = b < c ? b : c, i;
	double p = 0;

	for (i = 0; i <= least && n; i++)
		p += exp(log_choose(n, i) - (double)n * log(2));
	return !n || 2 * p > 1 ? 1 : 2 * p;
}

double
stat_fisher(size_t a, size_t an, size_t b, size_t bn)
{
	size_t all = a + b, low, high, i;
	double whole, own, one, p = 0;

	if (!an || !bn)
		return 1;
	low = all > bn ? all - bn : 0;
	high = all < an ? all : an;
	whole = log_choose(an + bn, all);
	own = log_choose(an, a) + log_choose(bn, b) - whole;
	for (i = low; i <= high; i++) {
		one = log_choose(an, i) + log_choose(bn, all - i) - whole;
		if (one <= own + SLACK)
			p += exp(one);
	}
	return p > 1 ? 1 : p;
}

double
stat_kappa(const size_t n[4], double alpha, struct interval *ci)
{
	double all = (double)n[0] + (double)n[1] + (double)n[2] +
	    (double)n[3];
	double p[4], row, column, chance, kappa, own, other, spread;
	int i;

	*ci = (struct interval){ (double)NAN, (double)NAN };
	for (i = 0; i < 4; i++)
		p[i] = all > 0 ? (double)n[i] / all : 0;
	row = p[0] + p[1];
	column = p[0] + p[2];
	chance = row * column + (1 - row) * (1 - column);
	if (all <= 0 || chance > 1 - SLACK)
		return (double)NAN;
	/* (agreed - chance) / (1 - chance), exact for what is 0 or 1 */
	kappa = 2 * ((double)n[0] * (double)n[3] - (double)n[1] *
	    (double)n[2]) / (all * all * (1 - chance));
	own = p[0] * pow(1 - (row + column) * (1 - kappa), 2) +
	    p[3] * pow(1 - (2 - row - column) * (1 - kappa), 2);
	/* of a disagreement, the column of its row and the row of its column */
	other = p[1] * pow(column + 1 - row, 2) +
	    p[2] * pow(1 - column + row, 2);
	spread = own + pow(1 - kappa, 2) * other -
	    pow(kappa - chance * (1 - kappa), 2);
	if (spread <= SLACK)
		return kappa;
	spread = z_quantile(alpha) * sqrt(spread / all) / (1 - chance);
	*ci = (struct interval){ fmax(kappa - spread, -1),
	    fmin(kappa + spread, 1) };
	return kappa;
}

/* --- means --------------------------------------------------------------- */

double
stat_mean(const double *d, size_t n, double *error)
{
	double mean = 0, square = 0;
	size_t i;

	for (i = 0; i < n; i++)
		mean += d[i] / (double)n;
	for (i = 0; i < n; i++)
		square += (d[i] - mean) * (d[i] - mean);
	*error = n < 2 ? 0 : sqrt(square / (double)(n - 1) / (double)n);
	return mean;
}

double
stat_t_test(const double *d, size_t n, double alpha, struct interval *ci)
{
	double error, mean = stat_mean(d, n, &error), half;

	if (n < 2 || error <= 0) {
		*ci = (struct interval){ mean, mean };
		return n < 2 || fabs(mean) <= 0 ? 1 : 0;
	}
	half = t_quantile(alpha, (double)(n - 1)) * error;
	*ci = (struct interval){ mean - half, mean + half };
	return t_tails(mean / error, (double)(n - 1));
}

static double
flipped(const double *d, size_t n, uint64_t signs)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += signs >> i & 1 ? -d[i] : d[i];
	return fabs(sum);
}

double
stat_sign_flip(const double *d, size_t n)
{
	struct rng r = { SEED };
	double own = flipped(d, n, 0) - SLACK, sum;
	size_t extreme = 0, all, i, k;

	if (!n)
		return 1;
	if (n <= EXACT_MAX) {
		all = (size_t)1 << n;
		for (i = 0; i < all; i++)
			extreme += flipped(d, n, i) >= own;
		return (double)extreme / (double)all;
	}
	own = 0;
	for (k = 0; k < n; k++)
		own += d[k];
	own = fabs(own) - SLACK;
	for (i = 0; i < FLIPS; i++) {
		for (sum = 0, k = 0; k < n; k++)
			sum += rng_below(&r, 2) ? -d[k] : d[k];
		extreme += fabs(sum) >= own;
	}
	return ((double)extreme + 1) / (FLIPS + 1);
}

/* --- medians ------------------------------------------------------------- */

int
stat_by_value(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

static double
middle_of(const double *sorted, size_t n)
{
	if (!n)
		return (double)NAN;
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

double
stat_median(double *d, size_t n)
{
	if (n)
		qsort(d, n, sizeof(*d), stat_by_value);
	return middle_of(d, n);
}

struct interval
stat_median_interval(const double *sorted, size_t n, double alpha)
{
	double p = 0;
	size_t k;

	if (!n)
		return (struct interval){ (double)NAN, (double)NAN };
	/* at most alpha / 2 of the samples have k or fewer below the median */
	for (k = 0; k < n / 2; k++) {
		p += exp(log_choose(n, k) - (double)n * log(2));
		if (p > alpha / 2)
			break;
	}
	if (!k)
		return (struct interval){ -HUGE_VAL, HUGE_VAL };
	return (struct interval){ sorted[k - 1], sorted[n - k] };
}

double
stat_percentile(const double *sorted, size_t n, unsigned p)
{
	size_t rank = (n * p + 99) / 100;

	if (!n)
		return (double)NAN;
	return sorted[rank ? rank - 1 : 0];
}

/* --- many tests ---------------------------------------------------------- */

struct ranked {
	double p;
	size_t at;
};

static int
by_p(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	return a->p < b->p ? -1 : a->p > b->p ? 1 : a->at < b->at ? -1 : 1;
}

void
stat_adjust(double *p, size_t n)
{
	struct ranked *order = xreallocarray(NULL, n + 1, sizeof(*order));
	double most = 0, own;
	size_t i, tests = 0;

	for (i = 0; i < n; i++)
		if (!isnan(p[i]))
			order[tests++] = (struct ranked){ p[i], i };
	if (tests)
		qsort(order, tests, sizeof(*order), by_p);
	for (i = 0; i < tests; i++) {
		own = order[i].p * (double)(tests - i);
		most = own > most ? own : most;
		p[order[i].at] = most < 1 ? most : 1;
	}
	free(order);
}
