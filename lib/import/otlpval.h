#ifndef OTLPVAL_H
#define OTLPVAL_H

/*
 * Reads the values of OTLP JSON in all spellings that writers use: keys in
 * lowerCamelCase or with underscores, ids in hexadecimal or base64, numbers as
 * numbers or strings, enums as numbers or names. All arguments are checked
 * JSON.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct buf;

/* The index of the name, in lowerCamelCase, that a key is; count for none. */
size_t otlpval_key(struct json_span key, const char *const *names,
    size_t count);

/*
 * Finds fields of the value at p. A field that is null or missing is absent; so
 * are all fields if the value is not an object. Returns the end of the value.
 */
const char *otlpval_fields(const char *p, const char *const *names,
    struct json_span *values, size_t count);

/*
 * Appends an id of size bytes (at most 16) as lower-case hexadecimal digits.
 * "0x" may come before them. Returns 0, or -1 if it is not an id of that size
 * or all zeros.
 */
int otlpval_id(struct buf *b, struct json_span id, size_t size);

/* 1 if the id is missing: not a string, empty, or only zeros. */
int otlpval_no_id(struct json_span id);

/*
 * Appends a trace's id as a JSON string: 16 bytes as a UUID, another text as it
 * is. Returns 0, or -1 if there is no id.
 */
int otlpval_trace_id(struct buf *b, struct json_span id);

/* Nanoseconds since 1970; 0 if it is not a time. */
uint64_t otlpval_time(struct json_span v);

/*
 * The number of an enum's value: a number as it is; one of the n names, or a
 * text that ends in '_' or '.' and a name, as its index; anything else as 0.
 */
int otlpval_enum(struct json_span v, const char *const *names, size_t n);

/* An attribute: its key with quotes, and its AnyValue, or absent. */
struct otlpval_pair {
	struct json_span key;
	struct json_span value;
};

/*
 * Finds the next attribute of an array that json_each began, and skips all
 * elements but objects with a string as key. Returns 0 at the end.
 */
int otlpval_next(struct json_iter *it, struct otlpval_pair *pair);

/*
 * The string in an AnyValue, or that stands for one, with quotes; absent if it
 * is another type.
 */
struct json_span otlpval_string(struct json_span any);

/*
 * Appends an AnyValue as JSON: kvlistValue as an object, arrayValue as an
 * array, bytes as base64 text, an empty AnyValue as null, and what is not an
 * AnyValue as it is.
 */
void otlpval_put(struct buf *b, struct json_span any);

/*
 * Appends attributes whose keys begin with prefix and a number, such as
 * "gen_ai.prompt.0.role", as the array or object that was flattened:
 * [{"role":...},...]. OpenInference's segments "message", "message_content"
 * and "tool_call" after a number are skipped. Returns the number of attributes.
 */
size_t otlpval_nest(struct buf *b, const struct otlpval_pair *pairs, size_t n,
    const char *prefix);

/* 1 if the key, with its quotes, begins with prefix and a number. */
int otlpval_nested(struct json_span key, const char *prefix);

#endif
