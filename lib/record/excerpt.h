#ifndef EXCERPT_H
#define EXCERPT_H

/*
 * Short forms of values, for titles and overviews.
 */
#include <stddef.h>

#include "json/json.h"

struct buf;

/*
 * Appends the beginning of a checked value, about max bytes of UTF-8: the first
 * line of a string that is not blank, or any other value as JSON on one line.
 * "…" is added if that is not all. Takes no longer for a large value. A missing
 * value (v.p is NULL) appends nothing. Lone surrogates are converted as by
 * json_text.
 */
void excerpt_put(struct buf *b, struct json_span v, size_t max);

#endif
