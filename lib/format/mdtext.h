#ifndef MDTEXT_H
#define MDTEXT_H

/*
 * Text within a line of Markdown, such as a heading or a cell of a table.
 */
#include <stddef.h>

struct buf;

/*
 * Appends n bytes of text so that they are shown as they are: what would be
 * HTML, an entity, a link, a picture, code, emphasis, the end of a heading or
 * of a cell has a backslash before it, and hidden characters are escapes
 * (visible.h).
 */
void mdtext_put(struct buf *b, const char *s, size_t n);

#endif
