#ifndef SLUG_H
#define SLUG_H

/*
 * Names as parts of paths.
 */
struct buf;

/*
 * Appends the slug of a text: letters, digits, "_" and everything beyond ASCII
 * stay, and the rest becomes "-", but not at the beginning. It may be empty.
 */
void slug_put(struct buf *b, const char *text);

#endif
