#ifndef EDIT_H
#define EDIT_H

/*
 * Small changes that several strategies make. Those that return 0 have appended
 * nothing: they do not apply.
 */
#include <stddef.h>
#include <stdint.h>

#include "strategy.h"

enum { EDIT_LOWER, EDIT_UPPER, EDIT_TITLE, EDIT_INVERT };

/* Picks a plain word of at least min characters. */
int edit_pick_word(struct work *w, struct span in, size_t min, struct span
    *word);

/*
 * The offsets where the clusters of the word begin, and its end, as many as
 * max has room for; returns the number of clusters.
 */
size_t edit_clusters(struct span word, size_t *at, size_t max);

/* Copies in to out with the n bytes at p replaced by another text. */
void edit_put(struct buf *out, struct span in, const char *p, size_t n, struct
    span by);

/* 1 when letters of the character's script may be exchanged. */
int edit_is_loose(uint32_t c);

/*
 * Picks a word of at least min characters and one of its n clusters that is
 * not the first; at has room for 48.
 */
int edit_pick_char(struct work *w, struct span in, size_t min, struct span
    *word, size_t *at, size_t *n, size_t *i);

/* The least length of a word of the text that may be changed. */
size_t edit_min_word(struct work *w);

/* Picks a space between two plain words. */
int edit_pick_space(struct work *w, struct span in, struct span *left, struct
    span *right);

/* Changes the case of plain tokens, by EDIT_LOWER and its like. */
int edit_recase(struct span in, struct buf *out, int mode);

/* Append the text without capitals and punctuation, or in capitals. */
int edit_lower(struct work *w, struct span in, struct buf *out);
int edit_caps(struct work *w, struct span in, struct buf *out);

/* The offset of a space near the middle, to cut the text at; 0: none. */
size_t edit_middle(struct work *w, struct span in);

/* Appends the text without articles, as written in a hurry. */
int edit_drop_articles(struct work *w, struct span in, struct buf *out);

#endif
