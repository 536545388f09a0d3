#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "diff.h"

#define T_FROM 30		/* least inputs for Student's t */

const char *const diff_changes[DIFF_CHANGES] = {
	[DIFF_SAME] = "same",
	[DIFF_REGRESSED] = "regressed",
	[DIFF_IMPROVED] = "improved",
	[DIFF_ERROR] = "error",
	[DIFF_ONLY_BASE] = "only_base",
	[DIFF_ONLY_NEW] = "only_new"
};

const char *const diff_verdicts[] = {
	[DIFF_REGRESSION] = "regression",
	[DIFF_IMPROVEMENT] = "improvement",
	[DIFF_NO_DIFFERENCE] = "no difference shown",
	[DIFF_TOO_FEW] = "not enough runs"
};

/* --- pairs --------------------------------------------------------------- */

static enum diff_change
change_of(const struct runs_run *base, const struct runs_run *new)
{
	if (!base)
		return DIFF_ONLY_NEW;
	if (!new)
		return DIFF_ONLY_BASE;
	if (base->outcome == RUNS_ERROR || new->outcome == RUNS_ERROR)
		return DIFF_ERROR;
	return base->outcome == new->outcome ? DIFF_SAME :
	    new->outcome == RUNS_PASS ? DIFF_IMPROVED : DIFF_REGRESSED;
}

static void
add_pair(struct diff *d, const struct runs_run *base,
    const struct runs_run *new)
{
	struct diff_pair *p = &d->pairs[d->npairs++];

	*p = (struct diff_pair){ base, new, change_of(base, new), 0 };
	d->counts[p->change]++;
	if (!base || !new)
		return;
	d->output_changed += base->output != new->output;
	d->base_errors += base->outcome == RUNS_ERROR;
	d->new_errors += new->outcome == RUNS_ERROR;
}

static void
find_pairs(struct diff *d)
{
	const struct runs_run *other;
	size_t i;

	d->pairs = xreallocarray(NULL, d->base->n + d->new->n + 1,
	    sizeof(*d->pairs));
	for (i = 0; i < d->new->n; i++)
		add_pair(d, runs_find(d->base, d->new->v[i].id),
		    &d->new->v[i]);
	for (i = 0; i < d->base->n; i++) {
		other = runs_find(d->new, d->base->v[i].id);
		if (!other)
			add_pair(d, &d->base->v[i], NULL);
	}
}

/* --- inputs -------------------------------------------------------------- */

/* An input as one persona asks it: its pairs with an answer on both sides. */
struct unit {
	size_t pairs;		/* pairs with an outcome on both sides */
	size_t base_passed, new_passed;
	size_t first;		/* index in by_unit of its first pair */
	size_t n;		/* number of its pairs */
};

struct units {
	struct unit *v;
	size_t n;
	struct diff_pair **by_unit;	/* pairs of both, sorted */
	size_t npairs;
};

static uint64_t
unit_of(const struct diff_pair *p)
{
	return p->new ? p->new->unit : p->base->unit;
}

static int
by_unit(const void *x, const void *y)
{
	const struct diff_pair *const *a = x, *const *b = y;

	if (unit_of(*a) != unit_of(*b))
		return unit_of(*a) < unit_of(*b) ? -1 : 1;
	return *a < *b ? -1 : *a > *b;
}

static void
count_unit(struct diff *d, struct units *u, struct unit *k)
{
	const struct diff_pair *p;
	size_t i;

	for (i = k->first; i < k->first + k->n; i++) {
		p = u->by_unit[i];
		if (p->change == DIFF_ERROR)
			continue;
		k->pairs++;
		k->base_passed += p->base->outcome == RUNS_PASS;
		k->new_passed += p->new->outcome == RUNS_PASS;
	}
	if ((!k->base_passed || k->base_passed == k->pairs) &&
	    (!k->new_passed || k->new_passed == k->pairs))
		return;
	d->flaky++;
	for (i = k->first; i < k->first + k->n; i++)
		u->by_unit[i]->flaky = 1;
}

static void
find_units(struct diff *d, struct units *u)
{
	size_t i, n = 0;

	u->by_unit = xreallocarray(NULL, d->npairs + 1,
	    sizeof(struct diff_pair *));
	u->v = xreallocarray(NULL, d->npairs + 1, sizeof(*u->v));
	for (i = 0; i < d->npairs; i++)
		if (d->pairs[i].base && d->pairs[i].new)
			u->by_unit[n++] = &d->pairs[i];
	if (n)
		qsort(u->by_unit, n, sizeof(struct diff_pair *), by_unit);
	u->npairs = n;
	for (i = 0; i < n; i += u->v[u->n - 1].n) {
		struct unit *k = &u->v[u->n++];

		*k = (struct unit){ .first = i, .n = 1 };
		while (i + k->n < n && unit_of(u->by_unit[i + k->n]) ==
		    unit_of(u->by_unit[i]))
			k->n++;
		count_unit(d, u, k);
	}
	d->units = u->n;
	d->single = u->n == n;
}

/* --- figures ------------------------------------------------------------- */

/*
 * Tests the differences of the inputs. A single run each: McNemar's exact test;
 * few inputs: all or many flips of their signs; else Student's t.
 */
static void
test_differences(struct diff_figure *f, double *differences, size_t n,
    double alpha, const size_t flips[2])
{
	double error;

	f->n = n;
	f->delta = stat_mean(differences, n, &error);
	f->p = stat_t_test(differences, n, alpha, &f->ci);
	f->test = "t";
	if (flips) {
		f->p = stat_mcnemar(flips[0], flips[1]);
		f->test = "McNemar";
	} else if (n < T_FROM) {
		f->p = stat_sign_flip(differences, n);
		f->test = "sign flip";
	}
	if (n < 2)
		f->ci = (struct interval){ -HUGE_VAL, HUGE_VAL };
}

/* Compares the pass rates of the n inputs whose numbers are in `which`. */
static void
compare_passes(struct diff_figure *f, const struct diff *d,
    const struct units *u, const size_t *which, size_t all, double *scratch)
{
	size_t cells[4] = { 0, 0, 0, 0 };
	double base = 0, new = 0;
	size_t i, n = 0;

	for (i = 0; i < all; i++) {
		const struct unit *k = &u->v[which[i]];

		if (!k->pairs)
			continue;
		base += (double)k->base_passed / (double)k->pairs;
		new += (double)k->new_passed / (double)k->pairs;
		cells[2 * !k->base_passed + !k->new_passed]++;
		scratch[n++] = ((double)k->new_passed -
		    (double)k->base_passed) / (double)k->pairs;
	}
	f->base = n ? base / (double)n : 0;
	f->new = n ? new / (double)n : 0;
	test_differences(f, scratch, n, d->alpha, d->single ? cells + 1 : NULL);
	if (d->single)
		f->ci = stat_newcombe(cells, d->alpha);
	/* a rate cannot change by more */
	f->ci.low = fmax(f->ci.low, -1);
	f->ci.high = fmin(f->ci.high, 1);
}

/* --- groups -------------------------------------------------------------- */

enum grouping { BY_NOTHING, BY_PERSONA, BY_STRATEGY };

/* The number of the name of an input's group. */
static size_t
group_of(const struct units *u, size_t unit, enum grouping by)
{
	const struct runs_run *run = u->by_unit[u->v[unit].first]->new;

	return by == BY_PERSONA ? run->persona : by == BY_STRATEGY ?
	    run->strategy : 0;
}

/*
 * Sets which to the numbers of the inputs, group by group, and ends[g] to the
 * end of group g in it.
 */
static void
sort_units(const struct units *u, enum grouping by, size_t groups,
    size_t *which, size_t *ends)
{
	size_t i, at = 0, n;

	memset(ends, 0, groups * sizeof(*ends));
	for (i = 0; i < u->n; i++)
		ends[group_of(u, i, by)]++;
	for (i = 0; i < groups; i++) {
		n = ends[i];
		ends[i] = at;
		at += n;
	}
	for (i = 0; i < u->n; i++)
		which[ends[group_of(u, i, by)]++] = i;
}

static int
by_least_p(const void *x, const void *y)
{
	const struct diff_group *a = x, *b = y;

	if (a->pass.p < b->pass.p || a->pass.p > b->pass.p)
		return a->pass.p < b->pass.p ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void
adjust_groups(struct diff_groups *g)
{
	double *p = xreallocarray(NULL, g->n + 1, sizeof(*p));
	size_t i;

	if (g->n)
		qsort(g->v, g->n, sizeof(*g->v), by_least_p);
	for (i = 0; i < g->n; i++)
		p[i] = g->v[i].pass.p;
	stat_adjust(p, g->n);
	for (i = 0; i < g->n; i++)
		g->v[i].p = p[i];
	free(p);
}

/* Compares each group by itself, and first all inputs. */
static void
compare_groups(struct diff *d, const struct units *u, double *scratch)
{
	static const enum grouping by[] = { BY_PERSONA, BY_STRATEGY };
	struct diff_groups *const to[] = { &d->personas, &d->strategies };
	size_t groups = d->new->nnames ? d->new->nnames : 1, i, k;
	size_t *which = xreallocarray(NULL, u->n + 1, sizeof(*which));
	size_t *ends = xreallocarray(NULL, groups, sizeof(*ends));

	sort_units(u, BY_NOTHING, 1, which, ends);
	compare_passes(&d->pass, d, u, which, u->n, scratch);
	for (k = 0; k < LEN(by); k++) {
		struct diff_groups *g = to[k];

		g->v = xreallocarray(NULL, groups, sizeof(*g->v));
		sort_units(u, by[k], groups, which, ends);
		/* group 0 has no name */
		for (i = 1; i < groups; i++) {
			struct diff_group *one = &g->v[g->n];

			*one = (struct diff_group){
				.name = d->new->names[i]
			};
			compare_passes(&one->pass, d, u, which + ends[i - 1],
			    ends[i] - ends[i - 1], scratch);
			g->n += one->pass.n > 0;
		}
		adjust_groups(g);
	}
	free(which);
	free(ends);
}

/* Returns a figure of a run; NaN is left out. */
typedef double figure_of(const struct runs_run *run);

static double
tokens_of(const struct runs_run *run)
{
	return run->outcome == RUNS_ERROR ? (double)NAN : run->tokens;
}

static double
metric_of(const struct runs_run *run)
{
	return run->outcome == RUNS_ERROR ? (double)NAN : run->metric;
}

/* The duration of a run that took one attempt and gave an answer. */
static double
ms_of(const struct runs_run *run)
{
	return run->outcome == RUNS_ERROR || run->retried || !(run->ms > 0) ?
	    (double)NAN : run->ms;
}

static void
compare_means(struct diff_figure *f, const struct diff *d,
    const struct units *u, figure_of *of, double *scratch)
{
	double base, new, x, y, sum[2] = { 0, 0 };
	size_t i, j, k, n = 0;

	for (i = 0; i < u->n; i++) {
		base = new = 0;
		for (j = k = 0; j < u->v[i].n; j++) {
			x = of(u->by_unit[u->v[i].first + j]->base);
			y = of(u->by_unit[u->v[i].first + j]->new);
			if (isnan(x) || isnan(y))
				continue;
			base += x;
			new += y;
			k++;
		}
		if (!k)
			continue;
		sum[0] += base / (double)k;
		sum[1] += new / (double)k;
		scratch[n++] = (new - base) / (double)k;
	}
	f->base = n ? sum[0] / (double)n : (double)NAN;
	f->new = n ? sum[1] / (double)n : (double)NAN;
	test_differences(f, scratch, n, d->alpha, NULL);
}

/* The median over the inputs of the ratio of their durations. */
static void
compare_durations(struct diff *d, const struct units *u, double *scratch)
{
	double *base = xreallocarray(NULL, u->npairs + 1, sizeof(*base));
	double *new = xreallocarray(NULL, u->npairs + 1, sizeof(*new));
	double x, y, log_sum;
	size_t i, j, k, all = 0, n = 0;

	for (i = 0; i < u->n; i++) {
		log_sum = 0;
		for (j = k = 0; j < u->v[i].n; j++) {
			x = ms_of(u->by_unit[u->v[i].first + j]->base);
			y = ms_of(u->by_unit[u->v[i].first + j]->new);
			if (isnan(x) || isnan(y))
				continue;
			base[all] = x;
			new[all++] = y;
			log_sum += log(y / x);
			k++;
		}
		if (k)
			scratch[n++] = log_sum / (double)k;
	}
	d->ms.n = n;
	d->ms.p = (double)NAN;
	d->ms.test = "median";
	d->ms.delta = exp(stat_median(scratch, n));
	d->ms.ci = stat_median_interval(scratch, n, d->alpha);
	d->ms.ci.low = exp(d->ms.ci.low);
	d->ms.ci.high = exp(d->ms.ci.high);
	d->ms.base = stat_median(base, all);
	d->ms.new = stat_median(new, all);
	d->p95_base = stat_percentile(base, all, 95);
	d->p95_new = stat_percentile(new, all, 95);
	free(base);
	free(new);
}

/* --- the verdict --------------------------------------------------------- */

/* Whether p exceeds alpha even if all inputs change in the same direction. */
static int
is_too_few(const struct diff *d)
{
	return d->pass.n == 0 || exp((1 - (double)d->pass.n) * log(2)) >
	    d->alpha;
}

static void
compare_errors(struct diff *d)
{
	size_t more = 0, fewer = 0, i;

	for (i = 0; i < d->npairs; i++) {
		const struct diff_pair *p = &d->pairs[i];

		if (!p->base || !p->new)
			continue;
		more += p->new->outcome == RUNS_ERROR &&
		    p->base->outcome != RUNS_ERROR;
		fewer += p->base->outcome == RUNS_ERROR &&
		    p->new->outcome != RUNS_ERROR;
	}
	d->errors_p = more > fewer ? stat_mcnemar(more, fewer) : 1;
}

static enum diff_verdict
verdict_of(const struct diff *d)
{
	int worse = d->pass.p < d->alpha && d->pass.delta < 0;
	int better = d->pass.p < d->alpha && d->pass.delta > 0;

	if (worse || d->errors_p < d->alpha)
		return DIFF_REGRESSION;
	if (better)
		return DIFF_IMPROVEMENT;
	return is_too_few(d) ? DIFF_TOO_FEW : DIFF_NO_DIFFERENCE;
}

char *
diff_doubt(const struct runs *base, const struct runs *new)
{
	if (base->config && !new->config)
		return xasprintf("%s was not evaluated, and %s was", new->name,
		    base->name);
	if (!base->config && new->config)
		return xasprintf("%s was not evaluated, and %s was",
		    base->name, new->name);
	if (base->mixed || new->mixed || base->config != new->config)
		return xstrdup("the runs were not evaluated by the same "
		    "checks");
	return NULL;
}

void
diff_run(struct diff *d)
{
	struct units u = { .n = 0 };
	double *scratch;

	find_pairs(d);
	find_units(d, &u);
	scratch = xreallocarray(NULL, u.n + 1, sizeof(*scratch));
	compare_groups(d, &u, scratch);
	compare_durations(d, &u, scratch);
	compare_means(&d->tokens, d, &u, tokens_of, scratch);
	compare_means(&d->metric, d, &u, metric_of, scratch);
	compare_errors(d);
	d->verdict = verdict_of(d);
	free(scratch);
	free(u.by_unit);
	free(u.v);
}

void
diff_release(struct diff *d)
{
	free(d->pairs);
	free(d->personas.v);
	free(d->strategies.v);
}
