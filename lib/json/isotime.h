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

/* Now, in microseconds since 1970; and on a clock that only goes forward. */
int64_t isotime_now(void);
int64_t isotime_monotonic(void);

/* Appends "2025-10-04T14:09:02.458196+00:00". */
void isotime_put(struct buf *b, int64_t us);

/* Adds the same as a JSON string (see json_add; key may be NULL). */
void isotime_add(struct buf *b, const char *key, int64_t us);

/*
 * Reads n bytes of what Python 3.11's datetime.fromisoformat takes, "Z" being
 * read as "+00:00" (wherever it stands, as the original reads it): calendar
 * dates and ISO week dates, with or without '-' and ':', any one character
 * between date and time, fractions after '.' or ',' cut to microseconds, an
 * offset. Returns 1 and sets *us, and *zoned to whether there was an offset
 * (*us is in local wall time, unconverted, when there was none); 0 when it is
 * not such a time.
 */
int isotime_parse(const char *s, size_t n, int64_t *us, int *zoned);

/* Reads the same as a checked JSON string; any other value is no time. */
int isotime_read(struct json_span v, int64_t *us, int *zoned);

#endif
