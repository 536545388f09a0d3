#include <string.h>

#include "nearest.h"

/* Bytes of a word; a longer word matches only if it is a prefix. */
#define NEAREST_LONGEST 63

static size_t
min3(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/*
 * The number of letters to insert, delete, change or swap with the next to make
 * a into b (optimal string alignment), or max if that is less.
 */
static size_t
nearest_distance(const char *a, const char *b, size_t max)
{
	size_t n = strlen(a), m = strlen(b), i, j;
	size_t rows[3][NEAREST_LONGEST + 1], *row, *above, *before;

	if (n > NEAREST_LONGEST || m > NEAREST_LONGEST)
		return max;
	for (j = 0; j <= m; j++)
		rows[0][j] = j;
	for (i = 1; i <= n; i++) {
		row = rows[i % 3];
		above = rows[(i + 2) % 3];
		before = rows[(i + 1) % 3];
		row[0] = i;
		for (j = 1; j <= m; j++) {
			row[j] = min3(above[j - 1] + (a[i - 1] != b[j - 1]),
			    above[j] + 1, row[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	row = rows[n % 3];
	return row[m] < max ? row[m] : max;
}

void
nearest_init(struct nearest *n, const char *word)
{
	n->word = word;
	n->found = NULL;
	n->distance = *word ? (strlen(word) + 2) / 3 + 1 : 0;
}

void
nearest_try(struct nearest *n, const char *known)
{
	size_t d = 0;

	if (strncmp(known, n->word, strlen(n->word)) != 0)
		d = nearest_distance(n->word, known, n->distance);
	if (d < n->distance) {
		n->found = known;
		n->distance = d;
	}
}
