#ifndef SET_H
#define SET_H

/*
 * A set of 64-bit hashes, with a number for each. Zeroed memory is an empty
 * one. The hashes have to be good ones (hash.h).
 */
#include <stddef.h>
#include <stdint.h>

struct set {
	uint64_t *keys;		/* 0: free; the hash 0 is kept as 1 */
	size_t *values;
	size_t n;
	size_t cap;		/* a power of two */
};

/*
 * Where key's number is kept; *added is 1 when it was not there before, and
 * the number then is 0. Valid until the next call.
 */
size_t *set_add(struct set *s, uint64_t key, int *added);
void set_release(struct set *s);

#endif
