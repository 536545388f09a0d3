#include <string.h>

#include "nearest.h"

/* Bytes of a word; a longer one matches only what it is the beginning of. */
#define NEAREST_LONGEST 63

static size_t
min3(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/*
 * The number of letters to insert, delete or change to make a into b
 * (Levenshtein distance), or max if that is less.
 */
static size_t
nearest_distance(const char *a, const char *b, size_t max)
{
	size_t n = strlen(a), m = strlen(b), i, j, diagonal, above;
	size_t row[NEAREST_LONGEST + 1];

	if (n > NEAREST_LONGEST || m > NEAREST_LONGEST)
		return max;
	for (j = 0; j <= m; j++)
		row[j] = j;
	for (i = 1; i <= n; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= m; j++) {
			above = row[j];
			row[j] = min3(diagonal + (a[i - 1] != b[j - 1]),
			    above + 1, row[j - 1] + 1);
			diagonal = above;
		}
	}
	return row[m] < max ? row[m] : max;
}

void
nearest_init(struct nearest *n, const char *word)
{
	n->word = word;
	n->found = NULL;
	n->distance = *word ? (strlen(word) + 3) / 2 : 0;
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
