#ifndef NGRAMS_H
#define NGRAMS_H

/* What the sequences of letters in a word say of its language. */
#include "lexicon.h"
#include "span.h"

/*
 * Adds to sums, for each language in Latin letters, what the sequences of two
 * to five letters in the word say for it (positive) or against it: units of
 * 0.16 nats, the STEP of ngrams.py.
 */
void ngrams_weigh(struct span word, int sums[LEXICON_LATIN]);

#endif
