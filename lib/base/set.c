#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "set.h"

/* The index of a hash, or the unused index where it goes. */
static size_t
set_index(const struct set *s, uint64_t key)
{
	size_t i = (size_t)key & (s->cap - 1);

	while (s->keys[i] && s->keys[i] != key)
		i = (i + 1) & (s->cap - 1);
	return i;
}

static void
set_grow(struct set *s)
{
	struct set old = *s;
	size_t i, at;

	s->cap = old.cap ? old.cap * 2 : 64;
	s->keys = xcalloc(s->cap, sizeof(*s->keys));
	s->values = xcalloc(s->cap, sizeof(*s->values));
	for (i = 0; i < old.cap; i++)
		if (old.keys[i]) {
			at = set_index(s, old.keys[i]);
			s->keys[at] = old.keys[i];
			s->values[at] = old.values[i];
		}
	free(old.keys);
	free(old.values);
}

size_t *
set_add(struct set *s, uint64_t key, int *added)
{
	size_t at;

	if (s->n >= s->cap / 4 * 3)
		set_grow(s);
	key += !key;
	at = set_index(s, key);
	*added = !s->keys[at];
	s->n += (size_t)*added;
	s->keys[at] = key;
	return &s->values[at];
}

size_t *
set_find(const struct set *s, uint64_t key)
{
	size_t at;

	if (!s->n)
		return NULL;
	at = set_index(s, key + !key);
	return s->keys[at] ? &s->values[at] : NULL;
}

void
set_release(struct set *s)
{
	free(s->keys);
	free(s->values);
	memset(s, 0, sizeof(*s));
}
