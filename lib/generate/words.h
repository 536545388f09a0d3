#ifndef WORDS_H
#define WORDS_H

/* The words of a text that may be changed. */
#include <stddef.h>

#include "phrases.h"
#include "strategy.h"

struct word_token {
	struct span s;
	int plain;		/* 1: letters only, and not in quotes */
};

struct word_scan {
	struct span rest;
	int quoted;		/* 1: within quotes */
};

/* Takes the next token, of which only plain ones are changed; 0 at the end. */
int words_next(struct word_scan *sc, struct word_token *t);

/*
 * Copies in to out with phrases replaced by those of the table of n rows: the
 * one with number which, or, where which is SIZE_MAX, percent of all. Returns
 * 0, with nothing appended, when none was replaced.
 */
int words_swap_some(struct work *w, struct span in, struct buf *out, const
    struct swap *table, size_t n, size_t which, unsigned percent);

/* The number of phrases of the table in the text. */
size_t words_swap_count(struct work *w, struct span in, const struct swap
    *table, size_t n);

#endif
