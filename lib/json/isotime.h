#ifndef ISOTIME_H
#define ISOTIME_H

/*
 * Times as ISO 8601 text, and as whole microseconds since 1970-01-01T00:00:00
 * UTC (no leap seconds).
 */
#include <stddef.h>
#include <stdint.h>

#include "json.h"

struct buf;

/* The time now, in microseconds since 1970; and on a monotonic clock. */
int64_t isotime_now(void);
int64_t isotime_monotonic(void);

/* The same moment on both, also if the program is stopped for a while. */
void isotime_both(int64_t *now, int64_t *monotonic);

/* Appends "2025-10-04T14:09:02.458196+00:00". */
void isotime_put(struct buf *b, int64_t us);

/* Adds it as a JSON string (see json_add; key may be NULL). */
void isotime_add(struct buf *b, const char *key, int64_t us);

/*
 * Parses the n bytes at s as Python 3.11's datetime.fromisoformat does, after
 * replacing each "Z" by "+00:00" as the original FluxLoop does: calendar dates
 * and ISO week dates, with or without '-' and ':', any one character between
 * date and time, fractions after '.' or ',' cut to microseconds, an offset.
 * Returns 1, sets *us, and sets *zoned to 1 if there was an offset; without one
 * *us is local wall time. Returns 0 if it is not a time.
 */
int isotime_parse(const char *s, size_t n, int64_t *us, int *zoned);

/* Parses a checked JSON string likewise; other values are not times. */
int isotime_read(struct json_span v, int64_t *us, int *zoned);

#endif
