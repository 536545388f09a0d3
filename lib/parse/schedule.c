#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "io/sorter.h"
#include "join.h"
#include "joiner.h"

/* The entries of a trace, which are adjacent in the index. */
struct group {
	uint64_t id;
	uint64_t first;		/* first of its observations in the index */
	uint64_t count;
	uint64_t bytes;
	uint64_t number;	/* number of the first of them in the input */
	int whole;
	struct entry *rows;
	size_t nrows;
	size_t rows_cap;
};

static void
group_add(struct group *g, const struct entry *e, uint64_t i)
{
	if (e->kind == ENTRY_WHOLE) {
		g->whole = 1;
	} else if (e->kind == ENTRY_ROW) {
		/* rows with the same contents are adjacent */
		if (g->nrows && g->rows[g->nrows - 1].hash == e->hash)
			return;
		ALLOC_GROW(g->rows, g->nrows + 1, g->rows_cap);
		g->rows[g->nrows++] = *e;
	} else {
		if (!g->count++) {
			g->first = i;
			g->number = e->number;
		}
		g->bytes += e->place.n;
	}
}

/* Makes jobs of a group, and starts another. */
static int
group_end(struct join *j, struct group *g)
{
	struct render_task task = { 0, g->first, g->count, g->bytes, { 0, 0,
	    NO_ROW } };
	size_t i;
	int bad = 0;

	/* a row adds nothing to a whole trace */
	for (i = 0; i < g->nrows && !g->whole && !bad; i++) {
		task.order = g->rows[i].number;
		task.row = g->rows[i].place;
		bad = sorter_add(&j->tasks, &task);
	}
	if (g->count && (!g->nrows || g->whole) && !bad) {
		/* after all traces with rows */
		task.order = g->number | (uint64_t)1 << 63;
		j->rowless++;
		bad = sorter_add(&j->tasks, &task);
	}
	g->count = g->bytes = 0;
	g->whole = 0;
	g->nrows = 0;
	return bad;
}

int
schedule_run(struct join *j)
{
	struct entry window[256];
	struct group g = { 0 };
	uint64_t i, n = 0;
	const struct entry *e;
	int bad = sorter_sort(&j->index);

	for (i = 0; i < j->index.total && !bad; i++) {
		if (i % LEN(window) == 0) {
			n = j->index.total - i;
			n = n < LEN(window) ? n : LEN(window);
			bad = sorter_read(&j->index, i, (size_t)n, window);
			if (bad)
				break;
		}
		e = &window[i % LEN(window)];
		if (i && e->id != g.id)
			bad = group_end(j, &g);
		g.id = e->id;
		group_add(&g, e, i);
	}
	if (!bad && j->index.total)
		bad = group_end(j, &g);
	free(g.rows);
	return bad ? join_fail(j, errno) : 0;
}
