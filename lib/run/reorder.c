#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/buf.h"
#include "reorder.h"

static struct buf *
place(const struct reorder *l, uint64_t number)
{
	return &l->early[number % l->cap];
}

/* Makes the ring long enough for a number. */
static void
extend(struct reorder *l, uint64_t number)
{
	struct reorder longer = *l;
	uint64_t i;

	if (number - l->next < l->cap)
		return;
	longer.cap = grow(l->cap, (size_t)(number - l->next) + 1);
	longer.early = xcalloc(longer.cap, sizeof(*longer.early));
	for (i = l->next; i < l->next + l->cap; i++)
		*place(&longer, i) = *place(l, i);
	free(l->early);
	*l = longer;
}

static void
pass(struct reorder *l, struct buf *out)
{
	struct buf *b = place(l, l->next++);

	if (!b->len)
		return;
	buf_add(out, b->p, b->len);
	l->held -= b->len;
	l->waiting--;
	buf_release(b);
}

void
reorder_add(struct reorder *l, uint64_t number, struct buf *line,
    struct buf *out)
{
	extend(l, number);
	*place(l, number) = *line;
	l->held += line->len;
	l->waiting++;
	memset(line, 0, sizeof(*line));
	while (l->waiting && place(l, l->next)->len)
		pass(l, out);
}

void
reorder_end(struct reorder *l, struct buf *out)
{
	while (l->waiting)
		pass(l, out);
	free(l->early);
	memset(l, 0, sizeof(*l));
}
