#include "rng.h"

uint64_t
rng_next(struct rng *r)
{
	uint64_t z;

	z = r->state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

size_t
rng_below(struct rng *r, size_t n)
{
	uint64_t x, limit;

	if (!n)
		return 0;
	/* numbers from limit on would favour the smallest results */
	limit = UINT64_MAX - UINT64_MAX % n;
	do
		x = rng_next(r);
	while (x >= limit);
	return (size_t)(x % n);
}

int
rng_chance(struct rng *r, unsigned percent)
{
	return rng_below(r, 100) < percent;
}
