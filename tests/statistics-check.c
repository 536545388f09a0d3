/*
 * Compares the functions of lib/evaluate/statistics.h with a table on stdin:
 * NAME ARGUMENTS = RESULTS. Prints the lines that differ, and at the end the
 * number of lines.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/statistics.h"

#define MOST 64

static size_t
count(double d)
{
	return (size_t)d;
}

/* Appends an interval; returns the number of results. */
static size_t
put(double *to, size_t n, struct interval i)
{
	to[n] = i.low;
	to[n + 1] = i.high;
	return n + 2;
}

static size_t
compute(const char *name, double *a, size_t n, double *to)
{
	size_t cells[4], i;
	struct interval ci;

	if (!strcmp(name, "mcnemar")) {
		to[0] = stat_mcnemar(count(a[0]), count(a[1]));
		return 1;
	}
	if (!strcmp(name, "wilson"))
		return put(to, 0, stat_wilson(count(a[0]), count(a[1]), 0.05));
	if (!strcmp(name, "fisher")) {
		to[0] = stat_fisher(count(a[0]), count(a[1]), count(a[2]),
		    count(a[3]));
		return 1;
	}
	if (!strcmp(name, "t")) {
		to[0] = stat_t_test(a, n, 0.05, &ci);
		return put(to, 1, ci);
	}
	if (!strcmp(name, "flip")) {
		to[0] = stat_sign_flip(a, n);
		return 1;
	}
	if (!strcmp(name, "holm")) {
		stat_adjust(a, n);
		memcpy(to, a, n * sizeof(*a));
		return n;
	}
	if (!strcmp(name, "median")) {
		double *sorted = malloc(count(a[0]) * sizeof(*sorted));

		for (i = 0; sorted && i < count(a[0]); i++)
			sorted[i] = (double)i + 1;
		n = sorted ? put(to, 0, stat_median_interval(sorted,
		    count(a[0]), 0.05)) : 0;
		free(sorted);
		return n;
	}
	if (!strcmp(name, "kappa")) {
		for (i = 0; i < 4; i++)
			cells[i] = count(a[i]);
		to[0] = stat_kappa(cells, 0.05, &ci);
		return put(to, 1, ci);
	}
	if (!strcmp(name, "newcombe")) {
		for (i = 0; i < 4; i++)
			cells[i] = count(a[i]);
		return put(to, 0, stat_newcombe(cells, 0.05));
	}
	return 0;
}

static size_t
read_numbers(char *text, double *to)
{
	char *word;
	size_t n = 0;

	for (word = strtok(text, " \n"); word && n < MOST;
	    word = strtok(NULL, " \n"))
		to[n++] = strtod(word, NULL);
	return n;
}

/* Whether a line of the table holds. */
static int
holds(char *line)
{
	double a[MOST], want[MOST], got[MOST];
	char *is = strchr(line, '='), *arguments = strchr(line, ' ');
	size_t n, i, m, k;

	if (!is || !arguments || arguments > is)
		return 0;
	*is = *arguments = '\0';
	m = read_numbers(is + 1, want);
	n = read_numbers(arguments + 1, a);
	k = compute(line, a, n, got);
	if (k != m)
		return 0;
	for (i = 0; i < m; i++)
		if (!(fabs(got[i] - want[i]) <= 1e-8 * fabs(want[i]) + 1e-9)) {
			printf("%s: %.9g, expected %.9g\n", line, got[i],
			    want[i]);
			return 0;
		}
	return 1;
}

int
main(void)
{
	char line[4096], copy[4096];
	size_t compared = 0, bad = 0;

	while (fgets(line, sizeof(line), stdin)) {
		if (*line == '#')
			continue;
		memcpy(copy, line, sizeof(copy));
		compared++;
		if (!holds(copy)) {
			bad++;
			printf("differs: %s", line);
		}
	}
	printf("%zu compared, %zu differ\n", compared, bad);
	return bad != 0;
}
