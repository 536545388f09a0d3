#ifndef TEMPLATE_H
#define TEMPLATE_H

/*
 * Templates: recorded calls, with the text in their arguments that inputs are
 * made from.
 */
#include "json/json.h"

struct buf;

/* The fields of a recording that become fields of its template. */
enum template_field {
	TEMPLATE_TARGET,
	TEMPLATE_KWARGS,
	TEMPLATE_OBJECTS,
	TEMPLATE_TYPES,
	TEMPLATE_TIMESTAMP,
	TEMPLATE_FIELDS
};

/* The names of these fields, for source_next. */
extern const char *const template_fields[TEMPLATE_FIELDS];

/*
 * Appends the template of a recording and a newline. v has the recording's
 * fields; file and line say where it is from. Without text and path, null is
 * written, and the call can only be replayed as recorded. Unknown fields of the
 * recording are kept.
 */
void template_put(struct buf *b, struct json_span record,
    const struct json_span v[TEMPLATE_FIELDS], struct json_span text,
    const char *path, const char *file, long long line);

#endif
