#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "occurrence.h"

/*
 * The index of a key, or the unused index where it goes. The size is not
 * a power of two: growing by a half instead of doubling wastes less memory.
 */
static uint64_t
occurrence_index(const struct occurrence *o, uint64_t key)
{
	uint64_t i = (key >> 32) * o->cap >> 32;

	while (o->seen[i] && o->seen[i] != key)
		i = i + 1 < o->cap ? i + 1 : 0;
	return i;
}

static void
occurrence_grow(struct occurrence *o)
{
	uint64_t *old = o->seen, n = o->cap, i;

	o->cap = n ? n + n / 2 : 64;
	o->seen = xcalloc(o->cap, sizeof(*o->seen));
	for (i = 0; i < n; i++)
		if (old[i])
			o->seen[occurrence_index(o, old[i])] = old[i];
	free(old);
}

size_t
occurrence_count(struct occurrence *o, const char *input_id,
    const char *persona)
{
	uint64_t key, at;
	size_t *more;
	int added;

	/* as in the id of a run, an empty name is not a persona */
	key = hash_bytes(0, 0, persona, persona ? strlen(persona) : 0);
	key = hash_bytes(key, 0, input_id, strlen(input_id));
	key += !key;
	if (o->n >= o->cap / 5 * 4)
		occurrence_grow(o);
	at = occurrence_index(o, key);
	if (!o->seen[at]) {
		o->seen[at] = key;
		o->n++;
		return 1;
	}
	more = set_add(&o->repeated, key, &added);
	return 1 + ++*more;
}

void
occurrence_release(struct occurrence *o)
{
	free(o->seen);
	set_release(&o->repeated);
	memset(o, 0, sizeof(*o));
}
