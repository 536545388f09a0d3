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
 * Replace what is to be escaped from offset at to the end. visible_lines keeps
 * newlines and tabs. visible_json is for JSON text in UTF-8, as lines: it
 * writes escapes that are JSON, so that the values stay the same.
 */
void visible_lines(struct buf *b, size_t at);
void visible_json(struct buf *b, size_t at);

#endif
