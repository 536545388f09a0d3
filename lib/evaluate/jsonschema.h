#ifndef JSONSCHEMA_H
#define JSONSCHEMA_H

/*
 * JSON Schema, draft 2020-12, without remote references, $dynamicRef,
 * unevaluatedItems and unevaluatedProperties: a value that they would judge
 * cannot be judged. Lists of items, additionalItems and dependencies are those
 * of draft 7. format is an annotation, as the standard has it. Patterns are
 * those of pattern.h.
 */
#include "json/json.h"

struct buf;
struct err;
struct jsonschema;

/*
 * Reads a schema: an object, or true or false. Its text is borrowed. Returns
 * NULL with *e filled in for what cannot be one.
 */
struct jsonschema *jsonschema_new(struct json_span text, struct err *e);
void jsonschema_free(struct jsonschema *s);

/*
 * Validates a checked value. Returns 1; 0 with *why replaced by the place and
 * the reason; or -1 when it cannot be said, such as for a schema with a loop.
 */
int jsonschema_validate(struct jsonschema *s, struct json_span value,
    struct buf *why);

#endif
