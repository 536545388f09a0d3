#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "step.h"
#include "ties.h"
#include "moments.h"

/* Moments, and links, that are read at a time. */
#define WINDOW 64

/* The bytes of a long text that are kept in place; its offset follows them. */
#define PREFIX (MOMENT_TIME - sizeof(uint64_t))

/* The most moments at one time of which parents come first. */
#define TIES_MOST 1000000

/*
 * qsort passes nothing on: the long texts that moments refer to, and whether two
 * moments begin at the same time.
 */
static _Thread_local const char *long_texts;
static _Thread_local int met_tie;

static const char *
time_text(const char *texts, const struct moment_time *t)
{
	uint64_t at;

	if (t->len <= MOMENT_TIME)
		return t->text;
	memcpy(&at, t->text + PREFIX, sizeof(at));
	return texts + at;
}

const char *
moments_text(const struct moments *m, const struct moment_time *t)
{
	return time_text(buf_str(m->texts), t);
}

static int
compare_times(const struct moment_time *a, const struct moment_time *b)
{
	size_t n = (size_t)(a->len < b->len ? a->len : b->len);
	int c = memcmp(a->text, b->text, n < PREFIX ? n : PREFIX);

	if (!c && n > PREFIX)
		c = memcmp(time_text(long_texts, a), time_text(long_texts, b),
		    n);
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static int
by_moment(const void *x, const void *y)
{
	const struct moment *a = x, *b = y;
	int c = compare_times(&a->start, &b->start);

	met_tie |= !c;
	if (!c)
		c = compare_times(&a->end, &b->end);
	return c ? c : (a->number > b->number) - (a->number < b->number);
}

void
moments_init(struct moments *m, size_t memory, struct buf *texts)
{
	memset(m, 0, sizeof(*m));
	sorter_init(&m->sorter, sizeof(struct moment), by_moment, memory);
	m->memory = memory;
	m->texts = texts;
	m->window = xreallocarray(NULL, WINDOW, sizeof(*m->window));
}

void
moments_release(struct moments *m)
{
	sorter_release(&m->sorter);
	free(m->window);
	free(m->moves);
	memset(m, 0, sizeof(*m));
}

/* Notes a fault of a temporary file; the first one counts. */
static void
moments_fail(struct moments *m)
{
	if (!m->error)
		m->error = errno ? errno : EIO;
}

/* Keeps a text in place, or after the other long texts if it is too long. */
static void
keep_time(struct moments *m, struct moment_time *t, const char *s, size_t n)
{
	uint64_t at = m->ntexts;

	memset(t, 0, sizeof(*t));
	t->len = n;
	if (n <= MOMENT_TIME) {
		memcpy(t->text, s, n);
		return;
	}
	memcpy(t->text, s, PREFIX);
	memcpy(t->text + PREFIX, &at, sizeof(at));
	memmove(m->texts->p + at, s, n);
	m->ntexts += n;
}

void
moments_add(struct moments *m, struct moment *moment, const char *start,
    size_t nstart, const char *end, size_t nend)
{
	moment->number = m->sorter.total;
	keep_time(m, &moment->start, start, nstart);
	keep_time(m, &moment->end, end, nend);
	m->texts->len = m->ntexts;
	long_texts = buf_str(m->texts);
	met_tie = 0;
	if (sorter_add(&m->sorter, moment))
		moments_fail(m);
	m->tied |= met_tie;
}

static int
by_place(const void *x, const void *y)
{
	const struct moment_move *a = x, *b = y;

	return (a->to > b->to) - (a->to < b->to);
}

/* The place in the sorter of step i. */
static uint64_t
place_of(const struct moments *m, uint64_t i)
{
	const struct moment_move wanted = { .to = i }, *move;

	move = m->nmoves ? bsearch(&wanted, m->moves, m->nmoves, sizeof(*move),
	    by_place) : NULL;
	return move ? move->from : i;
}

const struct moment *
moments_get(struct moments *m, size_t number)
{
	const uint64_t i = place_of(m, number);
	uint64_t left = m->sorter.total - i;
	/* steps of a walk are far apart */
	size_t n = i == m->first + m->count ? WINDOW : 1;

	if (i < m->first || i >= m->first + m->count) {
		m->first = i;
		m->count = left < n ? (size_t)left : n;
		if (m->error || sorter_read(&m->sorter, i, m->count,
		    m->window)) {
			moments_fail(m);
			m->count = 0;
			return NULL;
		}
	}
	return &m->window[i - m->first];
}

/* Notes the order of the n moments from i on, in which parents are first. */
static void
order_tie(struct moments *m, uint64_t i, size_t n)
{
	struct tie *ties = xreallocarray(NULL, n, sizeof(*ties));
	uint32_t *order = xreallocarray(NULL, n, sizeof(*order));
	const struct moment *moment;
	size_t k;
	int other;

	for (k = 0; k < n && (moment = moments_get(m, i + k)); k++) {
		ties[k].id = moment->id;
		ties[k].parent = moment->parent;
	}
	other = k == n && ties_order(ties, n, order);
	for (k = 0; k < n && other; k++) {
		if (order[k] == k)
			continue;
		ALLOC_GROW(m->moves, m->nmoves + 1, m->moves_cap);
		m->moves[m->nmoves].to = i + k;
		m->moves[m->nmoves++].from = i + order[k];
	}
	free(ties);
	free(order);
}

/*
 * Puts parents first among moments that begin at the same time. The moves take
 * effect at the end.
 */
static void
order_moments(struct moments *m)
{
	const uint64_t total = m->sorter.total;
	const struct moment *moment;
	struct moment first;
	uint64_t i, n;

	m->nmoves = 0;
	for (i = 0; i < total && (moment = moments_get(m, i)); i += n) {
		first = *moment;
		for (n = 1; i + n < total && (moment = moments_get(m, i + n)) &&
		    !compare_times(&first.start, &moment->start); n++)
			;
		if (n > 1 && n <= TIES_MOST)
			order_tie(m, i, (size_t)n);
	}
}

void
moments_sort(struct moments *m)
{
	long_texts = buf_str(m->texts);
	m->count = 0;
	met_tie = 0;
	if (sorter_sort(&m->sorter))
		moments_fail(m);
	if (m->tied || met_tie)
		order_moments(m);
}

/* --- links ---------------------------------------------------------------- */

/* An id of a step, or the name of its parent: the ids come first. */
struct name {
	uint64_t hash;
	uint64_t what;		/* the step; NAMES_PARENT is set for its parent */
};
#define NAMES_PARENT ((uint64_t)1 << 32)

static int
by_hash(const void *x, const void *y)
{
	const struct name *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->what > b->what) - (a->what < b->what);
}

static int
add_names(struct moments *m, struct sorter *names, size_t n)
{
	const struct moment *moment;
	struct name name;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(moment = moments_get(m, i)))
			return -1;
		name.what = i;
		name.hash = moment->id;
		if (name.hash && sorter_add(names, &name))
			return -1;
		name.what |= NAMES_PARENT;
		name.hash = moment->parent;
		if (name.hash && sorter_add(names, &name))
			return -1;
	}
	return sorter_sort(names);
}

/* Goes through the names in order: the parent's are after the first id. */
static int
match_names(const struct sorter *names, struct trace_step *steps)
{
	struct name window[WINDOW], *name;
	uint64_t i, left, hash = 0;
	uint32_t first = TRACE_NO_STEP;

	for (i = 0; i < names->total; i++) {
		left = names->total - i;
		if (i % WINDOW == 0 && sorter_read(names, i, left < WINDOW ?
		    (size_t)left : WINDOW, window))
			return -1;
		name = &window[i % WINDOW];
		if (name->hash != hash)
			first = name->what < NAMES_PARENT ?
			    (uint32_t)name->what : TRACE_NO_STEP;
		hash = name->hash;
		if (name->what & NAMES_PARENT)
			steps[(uint32_t)name->what].parent = first;
	}
	return 0;
}

void
moments_link(struct moments *m, struct trace_step *steps, size_t n)
{
	struct sorter names;
	size_t i;

	for (i = 0; i < n; i++)
		steps[i].parent = TRACE_NO_STEP;
	sorter_init(&names, sizeof(struct name), by_hash, m->memory);
	errno = 0;
	if (add_names(m, &names, n) || match_names(&names, steps))
		moments_fail(m);
	sorter_release(&names);
}
