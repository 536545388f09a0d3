#ifndef VISIBLE_H
#define VISIBLE_H

/*
 * Text that may reach a terminal or a viewer: what is invisible but acts on
 * the text around it, or is a command to a terminal, becomes an escape. These
 * are the characters of unicode_is_hidden, lone surrogates among them, and
 * bytes that are not UTF-8. The escapes are those of a string of C, or of
 * $'...' in bash: \t \n \r \u001b \U000e0041, and \xff for a byte.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Appends the escape of a character. */
void visible_put_escape(struct buf *b, uint32_t c);

/* Appends n bytes of text in one line, with escapes. */
void visible_put(struct buf *b, const char *s, size_t n);

/*
 * Replaces what is to be escaped from offset at to the end. VISIBLE_LINE leaves
 * one line, VISIBLE_LINES keeps newlines and tabs. VISIBLE_JSON is for lines of
 * JSON in UTF-8: its escapes are JSON's, so that the values stay the same. It
 * keeps DEL and the line ends U+0085, U+2028 and U+2029, which the original
 * FluxLoop writes and which are harmless.
 */
enum visible_way { VISIBLE_LINE, VISIBLE_LINES, VISIBLE_JSON };
void visible_replace(struct buf *b, size_t at, enum visible_way way);

#endif
