#ifndef OTLPATTR_H
#define OTLPATTR_H

/*
 * Writes attributes of OTLP, in a list that is open: {"key":...,"value":{...}}.
 */
#include <stddef.h>

struct buf;

/* Open an attribute for a member such as "intValue", and close it. */
void otlpattr_begin(struct buf *b, const char *key);
void otlpattr_end(struct buf *b);

/* An attribute whose value is a text of n bytes, or a string. */
void otlpattr_text(struct buf *b, const char *key, const char *s, size_t n);
void otlpattr_str(struct buf *b, const char *key, const char *s);

#endif
