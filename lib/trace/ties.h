#ifndef TIES_H
#define TIES_H

/*
 * The order of steps that begin at the same time, which is often all that a
 * clock of milliseconds says: a step stands after its parent.
 */
#include <stddef.h>
#include <stdint.h>

/* A step: the hashes of its id and its parent's, 0: none. */
struct tie {
	uint64_t id;
	uint64_t parent;
};

/*
 * Sets order to the numbers of the n steps, from 0, in their order: the given
 * one, but for parents, which come before what is below them. The first step
 * with an id is the parent. Returns 1 if the order is another one than the given,
 * else 0. This takes O(n) time.
 */
int ties_order(const struct tie *steps, size_t n, uint32_t *order);

#endif
