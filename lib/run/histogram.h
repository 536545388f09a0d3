#ifndef HISTOGRAM_H
#define HISTOGRAM_H

/*
 * How values are spread, in little memory: they are counted in classes, 16 to
 * each doubling, so that a percentile is told to within 6 percent. Zeroed
 * memory is an empty one.
 */
#include <stdint.h>

#define HISTOGRAM_CLASSES (16 * 61)

struct histogram {
	uint64_t n;
	uint64_t counts[HISTOGRAM_CLASSES];
};

/* Counts a value; one below 0 counts as 0. */
void histogram_add(struct histogram *h, int64_t value);

/* The least value of the class that p percent do not pass; 0 for none. */
int64_t histogram_percentile(const struct histogram *h, double p);

#endif
