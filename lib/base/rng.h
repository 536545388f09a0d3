#ifndef RNG_H
#define RNG_H

/*
 * Seeded random numbers, the same on every machine: SplitMix64 (Steele, Lea
 * and Flood, "Fast splittable pseudorandom number generators", 2014). Not for
 * secrets.
 */
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;		/* any seed is a valid initial state */
};

/* The next 64 random bits. */
uint64_t rng_next(struct rng *r);

/* A number from 0 to n - 1, all equally likely; 0 if n is 0. */
size_t rng_below(struct rng *r, size_t n);

/* 1 with a probability of percent / 100, else 0. */
int rng_chance(struct rng *r, unsigned percent);

#endif
