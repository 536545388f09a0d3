#ifndef SPREAD_H
#define SPREAD_H

/*
 * How values are spread, in little memory: they are counted in classes, 16 to
 * each doubling, so that a percentile is told to within 6 percent. Zeroed
 * memory is an empty one.
 */
#include <stdint.h>

#define SPREAD_CLASSES (16 * 61)

struct spread {
	uint64_t n;
	uint64_t counts[SPREAD_CLASSES];
};

/* Counts a value; one below 0 counts as 0. */
void spread_add(struct spread *s, int64_t value);

/* The least value of the class that p percent do not pass; 0 for none. */
int64_t spread_percentile(const struct spread *s, double p);

#endif
