#include <stdlib.h>

#include "base/set.h"
#include "base/util.h"
#include "ties.h"

/* In place of a step: none. */
#define TIES_NONE UINT32_MAX

/* The parent of each step among the steps. */
static uint32_t *
ties_parents(const struct tie *steps, size_t n)
{
	uint32_t *parents = xreallocarray(NULL, n, sizeof(*parents));
	struct set ids = { 0 };
	size_t i, *number;
	int added;

	for (i = 0; i < n; i++) {
		if (!steps[i].id)
			continue;
		number = set_add(&ids, steps[i].id, &added);
		if (added)
			*number = i;
	}
	for (i = 0; i < n; i++) {
		number = steps[i].parent ? set_find(&ids, steps[i].parent) :
		    NULL;
		parents[i] = number ? (uint32_t)*number : TIES_NONE;
	}
	set_release(&ids);
	return parents;
}

/* Turns the n numbers around. */
static void
ties_reverse(uint32_t *numbers, size_t n)
{
	uint32_t first;
	size_t i;

	for (i = 0; i < n / 2; i++) {
		first = numbers[i];
		numbers[i] = numbers[n - 1 - i];
		numbers[n - 1 - i] = first;
	}
}

int
ties_order(const struct tie *steps, size_t n, uint32_t *order)
{
	uint32_t *parents = ties_parents(steps, n), step;
	unsigned char *done = xcalloc(n, 1);
	size_t i, out = 0, from;
	int other = 0;

	for (i = 0; i < n; i++) {
		/* up to what has its place; a circle of parents ends, too */
		from = out;
		for (step = (uint32_t)i; step != TIES_NONE && !done[step];
		    step = parents[step]) {
			done[step] = 1;
			order[out++] = step;
		}
		ties_reverse(order + from, out - from);
	}
	for (i = 0; i < n; i++)
		other |= order[i] != i;
	free(parents);
	free(done);
	return other;
}
