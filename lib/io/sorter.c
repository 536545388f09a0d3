#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "spill.h"
#include "sorter.h"

void
sorter_init(struct sorter *s, size_t size,
    int (*compare)(const void *, const void *), size_t memory)
{
	memset(s, 0, sizeof(*s));
	s->size = size;
	s->compare = compare;
	/* qsort(3) may need as much again */
	s->most = memory / size / 2;
	s->fd = -1;
}

void
sorter_release(struct sorter *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->records);
	free(s->runs);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

/* Writes the records in memory as a further run. */
static int
sorter_put_run(struct sorter *s)
{
	if (s->fd < 0 && (s->fd = spill_open()) < 0)
		return -1;
	qsort(s->records, s->n, s->size, s->compare);
	if (spill_write(s->fd, s->records, s->n * s->size,
	    (s->total - s->n) * s->size))
		return -1;
	ALLOC_GROW(s->runs, s->nruns + 1, s->runs_cap);
	s->runs[s->nruns++] = s->n;
	s->n = 0;
	return 0;
}

int
sorter_add(struct sorter *s, const void *record)
{
	if (s->n && s->n >= s->most && sorter_put_run(s))
		return -1;
	if (s->n == s->cap) {
		s->cap = grow(s->cap, 256);
		if (s->cap > s->most && s->most > s->n)
			s->cap = s->most;
		s->records = xreallocarray(s->records, s->cap, s->size);
	}
	memcpy(s->records + s->n * s->size, record, s->size);
	s->n++;
	s->total++;
	return 0;
}

/* A run that is being read: a window of it is in memory. */
struct sorted_run {
	uint64_t at;		/* number of the record after the window */
	uint64_t end;		/* number of the record after the run */
	char *window;
	size_t next;		/* index of the next record in the window */
	size_t n;		/* number of records in the window */
};

struct merge {
	struct sorter *s;
	struct sorted_run *runs;
	size_t window;		/* limit of records in a window */
	size_t *heap;		/* runs by their next record, least first */
	size_t n;		/* number of runs in the heap */
};

/* The next record of a run. */
static const char *
sorter_next(const struct merge *m, size_t run)
{
	return m->runs[run].window + m->runs[run].next * m->s->size;
}

/*
 * Reads the run's next window if this one is used up. Returns 1, 0 at the end
 * of the run, or -1.
 */
static int
sorter_fill(struct merge *m, struct sorted_run *r)
{
	uint64_t left = r->end - r->at;

	if (r->next < r->n)
		return 1;
	r->next = 0;
	r->n = left < m->window ? (size_t)left : m->window;
	if (!r->n)
		return 0;
	if (spill_read(m->s->fd, r->window, r->n * m->s->size,
	    r->at * m->s->size))
		return -1;
	r->at += r->n;
	return 1;
}

/* Restores the heap's order from its element i down. */
static void
sorter_sift_down(struct merge *m, size_t i)
{
	size_t child, run = m->heap[i];

	while ((child = 2 * i + 1) < m->n) {
		if (child + 1 < m->n && m->s->compare(sorter_next(m,
		    m->heap[child + 1]), sorter_next(m, m->heap[child])) < 0)
			child++;
		if (m->s->compare(sorter_next(m, run),
		    sorter_next(m, m->heap[child])) < 0)
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = run;
}

static int
sorter_begin_merge(struct merge *m, char *windows)
{
	struct sorted_run *r;
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < m->s->nruns; i++) {
		r = &m->runs[i];
		r->at = at;
		r->end = at += m->s->runs[i];
		r->window = windows + i * m->window * m->s->size;
		r->next = r->n = 0;
		if (sorter_fill(m, r) < 0)
			return -1;
		m->heap[i] = i;
	}
	m->n = m->s->nruns;
	for (i = m->n / 2; i-- > 0; )
		sorter_sift_down(m, i);
	return 0;
}

/* Writes all records in order to fd, through out with room for one window. */
static int
sorter_write_merged(struct merge *m, int fd, char *out)
{
	struct sorted_run *r;
	uint64_t at = 0;
	size_t n = 0;
	int more;

	while (m->n) {
		r = &m->runs[m->heap[0]];
		memcpy(out + n++ * m->s->size, sorter_next(m, m->heap[0]),
		    m->s->size);
		r->next++;
		more = sorter_fill(m, r);
		if (more < 0)
			return -1;
		if (!more)
			m->heap[0] = m->heap[--m->n];
		if (m->n)
			sorter_sift_down(m, 0);
		if (n < m->window && m->n)
			continue;
		if (spill_write(fd, out, n * m->s->size, at))
			return -1;
		at += n * m->s->size;
		n = 0;
	}
	return 0;
}

static int
sorter_merge(struct sorter *s)
{
	struct merge m = { s, NULL, 0, NULL, 0 };
	char *windows;
	int fd, bad;

	fd = spill_open();
	if (fd < 0)
		return -1;
	m.window = s->most / (s->nruns + 1);
	m.window = m.window < 16 ? 16 : m.window;
	m.runs = xcalloc(s->nruns, sizeof(*m.runs));
	m.heap = xcalloc(s->nruns, sizeof(*m.heap));
	windows = xreallocarray(NULL, (s->nruns + 1) * m.window, s->size);
	bad = sorter_begin_merge(&m, windows) || sorter_write_merged(&m, fd,
	    windows + s->nruns * m.window * s->size);
	free(windows);
	free(m.heap);
	free(m.runs);
	close(s->fd);
	s->fd = fd;
	return bad ? -1 : 0;
}

int
sorter_sort(struct sorter *s)
{
	if (s->fd < 0) {
		if (s->n)
			qsort(s->records, s->n, s->size, s->compare);
		return 0;
	}
	if (s->n && sorter_put_run(s))
		return -1;
	free(s->records);
	s->records = NULL;
	s->cap = 0;
	return sorter_merge(s);
}

int
sorter_read(const struct sorter *s, uint64_t i, size_t n, void *records)
{
	if (s->fd >= 0)
		return spill_read(s->fd, records, n * s->size, i * s->size);
	memcpy(records, s->records + (size_t)i * s->size, n * s->size);
	return 0;
}
