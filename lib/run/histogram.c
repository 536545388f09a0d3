#include <math.h>

#include "histogram.h"

/*
 * Classes as in HdrHistogram (Gil Tene): a class for each value up to 31;
 * above, the highest bit and the four after it select the class.
 */
static unsigned
class_of(uint64_t value)
{
	unsigned shift = 0;

	while (value >> shift >= 32)
		shift++;
	return 16 * shift + (unsigned)(value >> shift);
}

void
histogram_add(struct histogram *h, int64_t value)
{
	h->counts[class_of(value > 0 ? (uint64_t)value : 0)]++;
	h->n++;
}

int64_t
histogram_percentile(const struct histogram *h, double p)
{
	uint64_t rank = (uint64_t)ceil(p / 100 * (double)h->n), seen = 0;
	unsigned i, shift;

	for (i = 0; i < HISTOGRAM_CLASSES; i++) {
		seen += h->counts[i];
		if (seen >= rank && seen)
			break;
	}
	if (i == HISTOGRAM_CLASSES)
		return 0;
	shift = i < 32 ? 0 : i / 16 - 1;
	return (int64_t)(i - 16 * shift) << shift;
}
