#ifndef YAMLOUT_H
#define YAMLOUT_H

/*
 * Writes YAML as it goes, by libyaml: strings always in double quotes, so that
 * every reader reads them back as they were; simple keys without.
 */
#include "json/json.h"

struct out;
struct yamlout;

/* Starts a document whose root is an object or, with '[', an array. */
struct yamlout *yamlout_new(struct out *o, char bracket);

/* Ends it and frees the writer. Returns 0, or -1 when writing failed. */
int yamlout_close(struct yamlout *y);

/* Opens or closes ('{', '[', '}', ']') a nested value. */
int yamlout_bracket(struct yamlout *y, char bracket);

/* Writes a key of an object. */
int yamlout_key(struct yamlout *y, const char *key);

/* Writes a checked JSON value. */
int yamlout_value(struct yamlout *y, struct json_span v);

#endif
