#ifndef OTLPVAL_H
#define OTLPVAL_H

/*
 * Reads the values that OTLP JSON is made of, as lenient as its writers are
 * various: keys in lowerCamelCase or with underscores, ids in hexadecimal
 * digits or base64, numbers as numbers or text, enums as numbers or names.
 * Everything given has to be checked JSON.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct buf;

/* Which of these names, in lowerCamelCase, a key is; count for none. */
size_t otlpval_key(struct json_span key, const char *const *names,
    size_t count);

/*
 * Finds fields of the object that begins at p. A field that is null or not
 * there has p NULL, and so have all when it is no object. Returns where the
 * object, or whatever else it is, ends.
 */
const char *otlpval_fields(const char *p, const char *const *names,
    struct json_span *values, size_t count);

/*
 * Appends an id of size bytes (at most 16) as hexadecimal digits in lower
 * case. Returns 0, or -1 when it is no such id, or all zeros.
 */
int otlpval_id(struct buf *b, struct json_span id, size_t size);

/* Nanoseconds since 1970; 0 when it is no such time. */
uint64_t otlpval_time(struct json_span v);

/*
 * An enum's number: as it is, or the place of a name that ends in '_' and one
 * of these n. 0 for anything else.
 */
int otlpval_enum(struct json_span v, const char *const *names, size_t n);

/* An attribute: its key with quotes, and its AnyValue (p NULL for none). */
struct otlpval_pair {
	struct json_span key;
	struct json_span value;
};

/*
 * Walks over attributes, started with json_each, passing over all but objects
 * with a string as key. Returns 0 at the end.
 */
int otlpval_next(struct json_iter *it, struct otlpval_pair *pair);

/* An AnyValue's string with its quotes; p is NULL when it is none. */
struct json_span otlpval_string(struct json_span any);

/*
 * Appends an AnyValue as JSON: kvlistValue as an object, arrayValue as an
 * array, bytes as base64 text, an empty one as null.
 */
void otlpval_put(struct buf *b, struct json_span any);

/*
 * Appends attributes whose keys begin with prefix and a number, such as
 * "gen_ai.prompt.0.role", as the array or object that they were before it was
 * made flat: [{"role":...},...]. Segments "message", "message_content" and
 * "tool_call" behind a number, which OpenInference has, are left out. Returns
 * how many attributes there were.
 */
size_t otlpval_nest(struct buf *b, const struct otlpval_pair *pairs, size_t n,
    const char *prefix);

/* 1 when the key, with its quotes, begins with prefix and a number. */
int otlpval_nested(struct json_span key, const char *prefix);

#endif
