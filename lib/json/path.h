#ifndef PATH_H
#define PATH_H

/*
 * Dotted paths into JSON values: "data.content"; numbers index arrays from 0:
 * "item.content.0.text"; negative ones from the end: "messages.-1.content". A
 * key that contains dots is found if it is the whole rest of the path.
 */
#include <stddef.h>

#include "json.h"

struct buf;

/* The value at path in a checked value, or an absent span. */
struct json_span path_get(struct json_span root, const char *path);

/*
 * Appends root to b with the value at path replaced by value. If only the last
 * key is missing, it is added to its object. Returns 0, or -1 with nothing
 * appended if the path does not exist.
 */
int path_set(struct buf *b, struct json_span root, const char *path,
    struct json_span value);

/*
 * Calls each with every string in a checked value and its path, in the order
 * of the text, until it returns non-zero. Returns what it returned last.
 */
int path_strings(struct json_span root,
    int (*each)(void *arg, const char *path, struct json_span string),
    void *arg);

#endif
