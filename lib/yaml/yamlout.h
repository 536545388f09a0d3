#ifndef YAMLOUT_H
#define YAMLOUT_H

/*
 * Writes one YAML document, with libyaml. Strings are in double quotes, so that
 * every YAML reader reads them as strings; simple keys are not.
 *
 * Functions that return an int return 0, or -1 when this or an earlier write
 * failed: the output's error is set then, unless a string was longer than
 * INT_MAX bytes.
 */
#include "json/json.h"

struct out;
struct yamlout;

/*
 * Starts a document on o, which has to outlive the writer. bracket is '{' when
 * the root is a mapping, '[' when it is a list.
 */
struct yamlout *yamlout_new(struct out *o, char bracket);

/* Ends the document and frees the writer. */
int yamlout_close(struct yamlout *y);

/* Begins ('{', '[') or ends ('}', ']') a mapping or list. */
int yamlout_bracket(struct yamlout *y, char bracket);

/* Writes a key of a mapping. */
int yamlout_key(struct yamlout *y, const char *key);

/* Writes a checked JSON value. */
int yamlout_value(struct yamlout *y, struct json_span v);

#endif
