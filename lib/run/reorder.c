#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/buf.h"
#include "reorder.h"

static struct buf *
ring_slot(const struct reorder *r, uint64_t number)
{
	return &r->early[number % r->cap];
}

/* Makes the ring long enough for a number. */
static void
extend_ring(struct reorder *r, uint64_t number)
{
	struct reorder longer = *r;
	uint64_t i;

	if (number - r->next < r->cap)
		return;
	longer.cap = grow(r->cap, (size_t)(number - r->next) + 1);
	longer.early = xcalloc(longer.cap, sizeof(*longer.early));
	for (i = r->next; i < r->next + r->cap; i++)
		*ring_slot(&longer, i) = *ring_slot(r, i);
	free(r->early);
	*r = longer;
}

static void
take_next(struct reorder *r, struct buf *out)
{
	struct buf *b = ring_slot(r, r->next++);

	if (!b->len)
		return;
	buf_add(out, b->p, b->len);
	r->held -= b->len;
	r->waiting--;
	buf_release(b);
}

void
reorder_add(struct reorder *r, uint64_t number, struct buf *line,
    struct buf *out)
{
	extend_ring(r, number);
	*ring_slot(r, number) = *line;
	r->held += line->len;
	r->waiting++;
	memset(line, 0, sizeof(*line));
	while (r->waiting && ring_slot(r, r->next)->len)
		take_next(r, out);
}

void
reorder_end(struct reorder *r, struct buf *out)
{
	while (r->waiting)
		take_next(r, out);
	free(r->early);
	memset(r, 0, sizeof(*r));
}
