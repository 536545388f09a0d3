#ifndef SET_H
#define SET_H

/*
 * A set of 64-bit hashes, up to three billion, each with a number. Zeroed
 * memory is an empty set. The hashes must be evenly distributed, as those of
 * hash.h are.
 */
#include <stddef.h>
#include <stdint.h>

struct set {
	uint64_t *keys;		/* in the order of adding */
	size_t *values;		/* the number of each hash */
	size_t n;		/* hashes in the set */
	size_t cap;		/* size of keys and values */
	uint32_t *places;	/* index of a hash in keys, plus 1; 0: unused */
	size_t nplaces;		/* size of places, a power of two */
};

/*
 * Adds a hash if it is missing, and sets *added to whether it was. Returns a
 * pointer to its number, initially 0, which is valid until the next call.
 */
size_t *set_add(struct set *s, uint64_t key, int *added);

/*
 * A pointer to the number of a hash, valid until the next set_add; NULL if it
 * is missing.
 */
size_t *set_find(const struct set *s, uint64_t key);

/* Makes the set empty, and keeps its memory for new hashes. */
void set_clear(struct set *s);
void set_release(struct set *s);

#endif
