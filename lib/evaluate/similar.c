#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/util.h"
#include "similar.h"

#define WORK 500000000LL	/* steps after which the comparison is given
				   up */
#define POPULAR_FROM 200	/* length from which difflib ignores popular
				   characters */

static uint32_t *
characters(const char *s, size_t n, size_t *count)
{
	uint32_t *c = xreallocarray(NULL, n + 1, sizeof(*c));
	size_t i = 0;

	for (*count = 0; i < n; (*count)++)
		i += utf8_decode(s + i, n - i, &c[*count]);
	return c;
}

/* --- difflib ------------------------------------------------------------- */

/* A character's places in b: n of them from at on in struct match's order. */
struct places {
	uint32_t c;
	size_t at, n;
};

struct match {
	uint32_t *a, *b;
	size_t an, bn;
	size_t *order;		/* places in b, by character and then place */
	struct places *places;	/* places of each character */
	size_t nplaces;
	size_t *length;		/* of the block that ends at a place of b, ... */
	size_t *row;		/* ... in this row: a place in a, + 2; 0: none */
	long long work;		/* steps that are left */
};

struct block {
	size_t a, b, n;
};

struct range {
	size_t a, a_end, b, b_end;
};

struct placed {
	uint32_t c;
	size_t at;
};

static int
by_character(const void *x, const void *y)
{
	const struct placed *p = x, *q = y;

	if (p->c != q->c)
		return p->c < q->c ? -1 : 1;
	return p->at < q->at ? -1 : p->at > q->at;
}

/* Sorts the places of b by their characters, without the popular ones. */
static void
find_places(struct match *m)
{
	struct placed *all = xreallocarray(NULL, m->bn + 1, sizeof(*all));
	size_t i, n, from, most = m->bn / 100 + 1, cap = 0;

	for (i = 0; i < m->bn; i++)
		all[i] = (struct placed){ m->b[i], i };
	qsort(all, m->bn, sizeof(*all), by_character);
	m->order = xreallocarray(NULL, m->bn + 1, sizeof(*m->order));
	for (from = 0; from < m->bn; from += n) {
		for (n = 1; from + n < m->bn &&
		    all[from + n].c == all[from].c; n++)
			;
		for (i = from; i < from + n; i++)
			m->order[i] = all[i].at;
		if (m->bn >= POPULAR_FROM && n > most)
			continue;
		ALLOC_GROW(m->places, m->nplaces + 1, cap);
		m->places[m->nplaces++] = (struct places){ all[from].c, from, n };
	}
	free(all);
}

static const struct places *
places_of(const struct match *m, uint32_t c)
{
	size_t low = 0, high = m->nplaces, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (m->places[mid].c == c)
			return &m->places[mid];
		if (m->places[mid].c < c)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Returns the longest block that the two parts of a range have in common. */
static struct block
longest_block(struct match *m, const struct range *r)
{
	struct block best = { r->a, r->b, 0 }, row;
	const struct places *p;
	size_t i, j, k, n;

	for (i = r->a; i < r->a_end; i++) {
		row = best;
		p = places_of(m, m->a[i]);
		for (j = p ? p->n : 0; j-- > 0; m->work--) {
			k = m->order[p->at + j];
			if (k >= r->b_end)
				continue;
			if (k < r->b)
				break;
			n = k > r->b && m->row[k - 1] == i + 1 ?
			    m->length[k - 1] + 1 : 1;
			m->length[k] = n;
			m->row[k] = i + 2;
			/* of equal blocks in a row, the first in b */
			if (n > best.n && n >= row.n)
				row = (struct block){ i + 1 - n, k + 1 - n, n };
		}
		best = row;
	}
	while (best.a > r->a && best.b > r->b &&
	    m->a[best.a - 1] == m->b[best.b - 1])
		best = (struct block){ best.a - 1, best.b - 1, best.n + 1 };
	while (best.a + best.n < r->a_end && best.b + best.n < r->b_end &&
	    m->a[best.a + best.n] == m->b[best.b + best.n])
		best.n++;
	return best;
}

/* Returns the number of characters in common; -1 if given up. */
static long long
common(struct match *m)
{
	struct range *todo = NULL, r;
	struct block best;
	size_t n = 0, cap = 0, i;
	long long sum = 0;

	ALLOC_GROW(todo, 1, cap);
	todo[n++] = (struct range){ 0, m->an, 0, m->bn };
	while (n && m->work > 0) {
		r = todo[--n];
		/* rows of other ranges are not continued */
		for (i = r.b; i < r.b_end; i++)
			m->row[i] = 0;
		m->work -= (long long)(r.b_end - r.b);
		best = longest_block(m, &r);
		if (!best.n)
			continue;
		sum += (long long)best.n;
		ALLOC_GROW(todo, n + 2, cap);
		if (r.a < best.a && r.b < best.b)
			todo[n++] = (struct range){ r.a, best.a, r.b, best.b };
		if (best.a + best.n < r.a_end && best.b + best.n < r.b_end)
			todo[n++] = (struct range){ best.a + best.n, r.a_end,
			    best.b + best.n, r.b_end };
	}
	free(todo);
	return m->work > 0 ? sum : -1;
}

double
similar_ratio(const char *a, size_t an, const char *b, size_t bn)
{
	struct match m = { .work = WORK };
	long long sum;

	m.a = characters(a, an, &m.an);
	m.b = characters(b, bn, &m.bn);
	find_places(&m);
	m.length = xcalloc(m.bn + 1, sizeof(*m.length));
	m.row = xcalloc(m.bn + 1, sizeof(*m.row));
	sum = common(&m);
	free(m.a);
	free(m.b);
	free(m.order);
	free(m.places);
	free(m.length);
	free(m.row);
	if (sum < 0)
		return -1;
	return m.an + m.bn ? 2 * (double)sum / (double)(m.an + m.bn) : 1;
}

/* --- Levenshtein --------------------------------------------------------- */

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t d = a < b ? a : b;

	return d < c ? d : c;
}

/* Returns the edit distance, computed row by row. */
static size_t
distance(const uint32_t *a, size_t an, const uint32_t *b, size_t bn)
{
	size_t *row = xreallocarray(NULL, bn + 1, sizeof(*row));
	size_t i, j, left, above;

	for (j = 0; j <= bn; j++)
		row[j] = j;
	for (i = 0; i < an; i++) {
		above = row[0];
		left = row[0] = i + 1;
		for (j = 0; j < bn; j++) {
			left = least(row[j + 1] + 1, left + 1,
			    above + (a[i] != b[j]));
			above = row[j + 1];
			row[j + 1] = left;
		}
	}
	left = row[bn];
	free(row);
	return left;
}

long long
similar_distance(const char *a, size_t an, const char *b, size_t bn)
{
	size_t na, nb;
	uint32_t *x = characters(a, an, &na), *y = characters(b, bn, &nb);
	long long d = -1;

	if ((double)na * (double)nb <= (double)WORK)
		d = (long long)distance(x, na, y, nb);
	free(x);
	free(y);
	return d;
}

size_t
similar_longest(const char *a, size_t an, const char *b, size_t bn)
{
	size_t x = utf8_len(a, an), y = utf8_len(b, bn);

	return x > y ? x : y;
}
