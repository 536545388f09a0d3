#ifndef EVALUATE_TEXT_H
#define EVALUATE_TEXT_H

/*
 * The text of values, and text in text.
 */
#include <stddef.h>

#include "json/json.h"

struct buf;

/* Appends the text of a string, or another value as JSON without spaces. */
void value_text(struct json_span value, struct buf *b);

/* A number, or a string that spells one. Returns 1, or 0 with *d unchanged. */
int value_number(struct json_span value, double *d);

/* Appends text in lower case, character by character. */
void text_lower(struct buf *b, const char *s, size_t n);

/* 1 if the n bytes at s contain the m bytes at part. */
int text_has(const char *s, size_t n, const char *part, size_t m);

/* Appends the start of a text, in quotes, for a reason. */
void text_quote(struct buf *b, const char *s, size_t n);

/*
 * Appends text for Markdown of GitHub that cannot mention, link, format, or
 * leave its line or cell. It is safe in an HTML block, too, where a backslash
 * escapes nothing.
 */
void text_put_md(struct buf *b, const char *s, size_t n);

/* The text without white space at its ends. */
struct json_span text_trim(const char *s, size_t n);

/* The last line that is not empty; of a traceback that is what was raised. */
struct json_span text_last_line(const struct buf *text);

#endif
