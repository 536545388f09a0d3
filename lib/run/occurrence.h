#ifndef OCCURRENCE_H
#define OCCURRENCE_H

/*
 * Counts how often each input has occurred. An input that occurs once takes
 * 10 to 16 bytes.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"

/* Zeroed memory is an empty one. */
struct occurrence {
	uint64_t *seen;		/* hashes of inputs; 0: unused */
	uint64_t n;		/* hashes in seen */
	uint64_t cap;		/* size of seen */
	struct set repeated;	/* the occurrences of inputs after the first */
};

/*
 * Counts an occurrence of an input, which its id and its persona (NULL: none)
 * identify. Returns its number, from 1.
 */
size_t occurrence_count(struct occurrence *o, const char *input_id,
    const char *persona);
void occurrence_release(struct occurrence *o);

#endif
