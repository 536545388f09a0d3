#ifndef TERMWIDTH_H
#define TERMWIDTH_H

/*
 * Text on a terminal: how many cells of a line it takes, and how to show what
 * must not reach a terminal. The same in every locale.
 */
#include <stddef.h>

struct buf;

/*
 * Appends n bytes of text in no more than max cells, the last of them "…" when
 * the text had to be cut, and returns how many cells it took. It is all in one
 * line: control characters and others that are not seen but change what is
 * seen (C1 controls, those that change the direction of text, tags) are
 * written as escapes such as \n, \u001b and \U000e0041. What makes one picture
 * of several emoji is left out, because terminals disagree on the width of
 * the result.
 */
size_t termwidth_put(struct buf *b, const char *s, size_t n, size_t max);

/*
 * Appends the start of a text, as much of it as fits into a line of max cells,
 * and returns the number of its bytes, at least 1 of n > 0. The line ends after
 * a newline, of which nothing is appended, or between words where there are
 * any. A tab becomes blanks, other characters are put as above.
 */
size_t termwidth_wrap(struct buf *b, const char *s, size_t n, size_t max);

#endif
