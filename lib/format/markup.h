#ifndef MARKUP_H
#define MARKUP_H

/*
 * Text and figures in HTML pages. Text from records is never part of a tag.
 */
#include <stddef.h>

struct buf;

/*
 * Appends at most max characters of a text for the place between two tags. The
 * characters of markup become references, invisible ones the escapes of JSON.
 * In a block, line breaks are kept.
 */
void markup_put_text(struct buf *b, const struct buf *text, size_t max,
    int block);

/*
 * Appends JSON for a script element, which "</script" would end even in a
 * string. The bytes that are replaced occur only in strings.
 */
void markup_put_json(struct buf *b, const char *s, size_t n);

/* Appends milliseconds as "630 µs", "45.7 ms", "1.23 s" or "2 m 05 s". */
void markup_put_ms(struct buf *b, double ms);

/* Append what is around a fact in a list of them; the label is HTML. */
void markup_begin_fact(struct buf *b, const char *label);
void markup_end_fact(struct buf *b);

#endif
