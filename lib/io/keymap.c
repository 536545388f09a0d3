#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "spill.h"
#include "keymap.h"

/* Entries that are read and written at once. */
#define WINDOW 2048

/* Entries in a block, which a lookup reads as a whole. */
#define BLOCK 256

/* Bits of a filter for each key; with four bits set, 1 % of other keys pass. */
#define FILTER_BITS 12

void
keymap_init(struct keymap *m, int dir, size_t memory)
{
	size_t slots = 64;

	memset(m, 0, sizeof(*m));
	m->dir = dir;
	while (slots * 2 * sizeof(struct keymap_entry) <= memory)
		slots *= 2;
	/* the set does not grow before it has more (set.c) */
	m->most = slots / 4 * 3;
}

static void
run_release(struct keymap_run *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->filter);
	free(r->first);
}

void
keymap_release(struct keymap *m)
{
	while (m->nruns)
		run_release(&m->runs[--m->nruns]);
	set_release(&m->recent);
}

/* --- the filter ----------------------------------------------------------- */

/* Returns the word of a key, by the upper half of the key. */
static uint64_t *
filter_word(const struct keymap_run *r, uint64_t key)
{
	return &r->filter[(key >> 32) * r->words >> 32];
}

/* Returns four bits of the word, by the lower half of the key. */
static uint64_t
filter_bits(uint64_t key)
{
	const uint64_t one = 1;

	return one << (key & 63) | one << (key >> 6 & 63) |
	    one << (key >> 12 & 63) | one << (key >> 18 & 63);
}

/* --- writing a run -------------------------------------------------------- */

struct run_writer {
	struct keymap_run run;
	struct keymap_entry window[WINDOW];
	size_t n;		/* of these */
};

/* Begins a run of n entries. Returns 0, or -1 with errno set. */
static int
run_begin(struct run_writer *w, int dir, uint64_t n)
{
	memset(&w->run, 0, sizeof(w->run));
	w->n = 0;
	w->run.fd = spill_open_in(dir);
	if (w->run.fd < 0)
		return -1;
	w->run.words = n * FILTER_BITS / 64 + 1;
	w->run.filter = xcalloc((size_t)w->run.words, sizeof(uint64_t));
	w->run.first = xcalloc((size_t)(n / BLOCK + 1), sizeof(uint64_t));
	return 0;
}

static int
run_flush(struct run_writer *w)
{
	size_t size = sizeof(w->window[0]);
	uint64_t at = (w->run.n - w->n) * size;

	if (spill_write(w->run.fd, w->window, w->n * size, at))
		return -1;
	w->n = 0;
	return 0;
}

static int
run_put(struct run_writer *w, const struct keymap_entry *e)
{
	*filter_word(&w->run, e->key) |= filter_bits(e->key);
	if (w->run.n % BLOCK == 0)
		w->run.first[w->run.n / BLOCK] = e->key;
	w->window[w->n++] = *e;
	w->run.n++;
	return w->n == WINDOW ? run_flush(w) : 0;
}

/* --- merging -------------------------------------------------------------- */

struct run_reader {
	const struct keymap_run *run;
	uint64_t at;		/* number of the entry after the window */
	struct keymap_entry window[WINDOW];
	size_t next, n;		/* in the window */
};

/* The next entry of a run. Returns 1, 0 at the end, or -1 with errno set. */
static int
run_peek(struct run_reader *r, struct keymap_entry **e)
{
	uint64_t left = r->run->n - r->at;
	size_t size = sizeof(r->window[0]);

	if (r->next == r->n) {
		if (!left)
			return 0;
		r->n = left < WINDOW ? (size_t)left : WINDOW;
		r->next = 0;
		if (spill_read(r->run->fd, r->window, r->n * size,
		    r->at * size))
			return -1;
		r->at += r->n;
	}
	*e = &r->window[r->next];
	return 1;
}

static int
merge_into(struct run_writer *w, struct run_reader *a, struct run_reader *b)
{
	struct keymap_entry *x, *y;
	int more_a, more_b;

	for (;;) {
		more_a = run_peek(a, &x);
		more_b = run_peek(b, &y);
		if (more_a < 0 || more_b < 0)
			return -1;
		if (!more_a && !more_b)
			return run_flush(w);
		if (!more_b || (more_a && x->key < y->key)) {
			a->next++;
		} else {
			b->next++;
			x = y;
		}
		if (run_put(w, x))
			return -1;
	}
}

/* Makes one run of the last two. */
static int
merge_last(struct keymap *m)
{
	struct keymap_run *a = &m->runs[m->nruns - 2];
	struct {
		struct run_writer to;
		struct run_reader a, b;
	} *w = xcalloc(1, sizeof(*w));
	int bad;

	w->a.run = a;
	w->b.run = a + 1;
	bad = run_begin(&w->to, m->dir, a[0].n + a[1].n) ||
	    merge_into(&w->to, &w->a, &w->b);
	if (bad) {
		run_release(&w->to.run);
	} else {
		run_release(&a[0]);
		run_release(&a[1]);
		a[0] = w->to.run;
		m->nruns--;
	}
	free(w);
	return bad ? -1 : 0;
}

/* --- a new run ------------------------------------------------------------ */

static int
entry_by_key(const void *a, const void *b)
{
	uint64_t x = ((const struct keymap_entry *)a)->key;
	uint64_t y = ((const struct keymap_entry *)b)->key;

	return (x > y) - (x < y);
}

/* The entries in memory, sorted, which the caller frees. */
static struct keymap_entry *
recent_sorted(const struct set *s)
{
	struct keymap_entry *all = xreallocarray(NULL, s->n, sizeof(*all));
	size_t i;

	for (i = 0; i < s->n; i++)
		all[i] = (struct keymap_entry){ s->keys[i], s->values[i] };
	qsort(all, s->n, sizeof(*all), entry_by_key);
	return all;
}

/* Moves the entries in memory to a run. */
static int
keymap_spill(struct keymap *m)
{
	struct run_writer *w = xcalloc(1, sizeof(*w));
	struct keymap_entry *all = recent_sorted(&m->recent);
	size_t i, n = m->recent.n;
	int bad = run_begin(w, m->dir, n);

	for (i = 0; !bad && i < n; i++)
		bad = run_put(w, &all[i]);
	bad = bad || run_flush(w);
	free(all);
	if (bad) {
		run_release(&w->run);
	} else {
		m->runs[m->nruns++] = w->run;
		set_clear(&m->recent);
	}
	free(w);
	while (!bad && m->nruns > 1 && m->runs[m->nruns - 2].n <
	    2 * m->runs[m->nruns - 1].n)
		bad = merge_last(m);
	return bad ? -1 : 0;
}

/* --- looking up ----------------------------------------------------------- */

/* The number of the block of a run that may have a key. */
static uint64_t
find_block(const struct keymap_run *r, uint64_t key)
{
	uint64_t low = 0, high = (r->n - 1) / BLOCK, middle;

	while (low < high) {
		middle = low + (high - low + 1) / 2;
		if (r->first[middle] <= key)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Returns as keymap_find does. */
static int
run_find(const struct keymap_run *r, uint64_t key, uint64_t *value)
{
	struct keymap_entry block[BLOCK], wanted = { key, 0 }, *found;
	uint64_t at;
	size_t n;

	if (~*filter_word(r, key) & filter_bits(key))
		return 0;
	at = find_block(r, key) * BLOCK;
	n = r->n - at < BLOCK ? (size_t)(r->n - at) : BLOCK;
	if (spill_read(r->fd, block, n * sizeof(*block), at * sizeof(*block)))
		return -1;
	found = bsearch(&wanted, block, n, sizeof(*block), entry_by_key);
	if (found)
		*value = found->value;
	return found != NULL;
}

int
keymap_find(const struct keymap *m, uint64_t key, uint64_t *value)
{
	size_t i, *recent = set_find(&m->recent, key);
	int got = 0;

	if (recent) {
		*value = *recent;
		return 1;
	}
	key += !key;
	for (i = 0; !got && i < m->nruns; i++)
		got = run_find(&m->runs[i], key, value);
	return got;
}

int
keymap_add(struct keymap *m, uint64_t key, uint64_t *value)
{
	int got = keymap_find(m, key, value), added;

	if (got)
		return got;
	if (m->recent.n >= m->most && keymap_spill(m))
		return -1;
	*set_add(&m->recent, key, &added) = (size_t)*value;
	return 0;
}
