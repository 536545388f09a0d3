#ifndef EXCERPT_H
#define EXCERPT_H

/*
 * The beginning of a value, for a title or a line of an overview.
 */
#include <stddef.h>

#include "json/json.h"

struct buf;

/*
 * Appends the beginning of a checked value in about max bytes of UTF-8 (lone
 * surrogates as json_text gives them): the first line of a string that is not
 * blank, any other value as JSON in one line. It ends in "…" when there is
 * more. However large the value is, no more than about max bytes of it are
 * copied. Nothing is appended where there is no value.
 */
void excerpt_put(struct buf *b, struct json_span v, size_t max);

#endif
