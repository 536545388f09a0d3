#ifndef NEAREST_H
#define NEAREST_H

/*
 * Finds the known word that a mistyped one was probably meant to be.
 */
#include <stddef.h>

struct nearest {
	const char *word;	/* the mistyped word */
	const char *found;	/* the nearest known word so far, or NULL */
	size_t distance;	/* distance below which a word is nearer */
};

/*
 * Starts a search; the word is borrowed. At most a third of it may be wrong, as
 * in Clang's corrections: what is farther away is another word.
 */
void nearest_init(struct nearest *n, const char *word);

/*
 * Compares with a known word, which is borrowed. A known word that begins with
 * the mistyped one has the distance 0.
 */
void nearest_try(struct nearest *n, const char *known);

#endif
