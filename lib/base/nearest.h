#ifndef NEAREST_H
#define NEAREST_H

/*
 * The known word that a mistyped one was probably meant to be.
 */
#include <stddef.h>

struct nearest {
	const char *word;	/* the mistyped word */
	const char *found;	/* the nearest known word so far, or NULL */
	size_t distance;	/* a known word at less than this is nearer */
};

/* Starts a search; the word is borrowed. */
void nearest_init(struct nearest *n, const char *word);

/*
 * Compares with a known word, which is borrowed. A known word that the
 * mistyped one is the beginning of is the nearest possible.
 */
void nearest_try(struct nearest *n, const char *known);

/*
 * The number of letters to insert, delete or change to make a into b
 * (Levenshtein's distance), or max where that is less.
 */
size_t nearest_distance(const char *a, const char *b, size_t max);

#endif
