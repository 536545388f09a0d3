#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "warn.h"
#include "set.h"

/* Returns the slot of a hash, or the unused slot where it belongs. */
static uint32_t *
set_place(const struct set *s, uint64_t key)
{
	size_t i = (size_t)key & (s->nplaces - 1);

	while (s->places[i] && s->keys[s->places[i] - 1] != key)
		i = (i + 1) & (s->nplaces - 1);
	return &s->places[i];
}

static void
set_grow(struct set *s)
{
	size_t i;

	if (s->n >= UINT32_MAX / 4 * 3)
		die("out of memory");
	free(s->places);
	s->nplaces = s->nplaces ? s->nplaces * 2 : 64;
	s->places = xcalloc(s->nplaces, sizeof(*s->places));
	for (i = 0; i < s->n; i++)
		*set_place(s, s->keys[i]) = (uint32_t)i + 1;
}

size_t *
set_add(struct set *s, uint64_t key, int *added)
{
	uint32_t *place;
	size_t old = s->cap;

	if (s->n >= s->nplaces / 4 * 3)
		set_grow(s);
	key += !key;
	place = set_place(s, key);
	*added = !*place;
	if (*added) {
		ALLOC_GROW(s->keys, s->n + 1, s->cap);
		ALLOC_GROW(s->values, s->n + 1, old);
		s->keys[s->n] = key;
		s->values[s->n++] = 0;
		*place = (uint32_t)s->n;
	}
	return &s->values[*place - 1];
}

size_t *
set_find(const struct set *s, uint64_t key)
{
	uint32_t place = s->n ? *set_place(s, key + !key) : 0;

	return place ? &s->values[place - 1] : NULL;
}

void
set_clear(struct set *s)
{
	s->n = 0;
	if (s->places)
		memset(s->places, 0, s->nplaces * sizeof(*s->places));
}

void
set_release(struct set *s)
{
	free(s->keys);
	free(s->values);
	free(s->places);
	memset(s, 0, sizeof(*s));
}
