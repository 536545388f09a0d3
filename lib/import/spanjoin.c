#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "json/json.h"
#include "spanjoin.h"

/* Numbers of the set: a span that was read, then the indices in spans. */
enum { NEW, SEEN, FIRST };

void
spanjoin_release(struct spanjoin *j)
{
	set_release(&j->ids);
	free(j->spans);
}

uint64_t
spanjoin_key(const struct buf *trace_id, const struct buf *span_id)
{
	uint64_t key;

	if (!span_id->len)
		return 0;
	key = hash_bytes(0, 6, trace_id->p, trace_id->len);
	key = hash_bytes(key, 6, span_id->p, span_id->len);
	return key + !key;
}

int
spanjoin_see(struct spanjoin *j, uint64_t key, size_t *number)
{
	struct joined *x;
	size_t *n;
	int added;

	*number = SIZE_MAX;
	n = set_add(&j->ids, key, &added);
	if (*n == NEW) {
		*n = SEEN;
		return 1;
	}
	if (*n == SEEN)
		return 0;
	*number = *n - FIRST;
	x = &j->spans[*number];
	if (x->seen)
		return 0;
	x->seen = 1;
	return 1;
}

size_t
spanjoin_number(struct spanjoin *j, uint64_t key)
{
	size_t *n;
	int added;

	n = set_add(&j->ids, key, &added);
	if (*n >= FIRST)
		return *n - FIRST;
	ALLOC_GROW(j->spans, j->n + 1, j->cap);
	memset(&j->spans[j->n], 0, sizeof(*j->spans));
	j->spans[j->n].seen = *n == SEEN;
	*n = FIRST + j->n;
	return j->n++;
}

int
spanjoin_put(struct spanjoin *j, uint64_t key, const struct buf *event)
{
	struct joined *x;
	size_t *n, number;
	int added;

	n = set_add(&j->ids, key, &added);
	if (*n == SEEN)
		return 0;
	number = spanjoin_number(j, key);
	x = &j->spans[number];
	if (x->seen && !x->held)
		return 0;
	x->late |= x->seen;
	x->nevents++;
	return spool_put(j->spool, &x->events, event->p, event->len) ? 1 : -1;
}

int
spanjoin_get(struct spanjoin *j, size_t number, struct buf *b)
{
	uint64_t at = j->spans[number].events.first;

	while (at) {
		json_comma(b);
		if (spool_get(j->spool, at, b, &at))
			return -1;
	}
	return 0;
}
