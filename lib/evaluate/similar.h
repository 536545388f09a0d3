#ifndef SIMILAR_H
#define SIMILAR_H

/*
 * How alike two texts are. Both functions work on characters, and give up on
 * texts for which they would take longer than about a second.
 */
#include <stddef.h>

/*
 * The ratio of Python's difflib.SequenceMatcher(None, a, b): twice the length
 * of the blocks in common, by the lengths of both (Ratcliff and Obershelp,
 * 1988), with its rule that in a b of 200 characters or more those which make
 * up over one per cent of it begin no block. From 0 to 1, or -1 when given up.
 */
double similar_ratio(const char *a, size_t an, const char *b, size_t bn);

/*
 * The number of insertions, deletions and replacements that lead from a to b
 * (Levenshtein, 1966), or -1 when given up.
 */
long long similar_distance(const char *a, size_t an, const char *b, size_t bn);

/* The number of characters that the longer text has. */
size_t similar_longest(const char *a, size_t an, const char *b, size_t bn);

#endif
