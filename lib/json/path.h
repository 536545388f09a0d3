#ifndef PATH_H
#define PATH_H

/*
 * Dotted paths into JSON values: "data.content", and, numbers counting from 0
 * in arrays, "item.content.0.text". A key that has dots in it is found when
 * the rest of the path is that key.
 */
#include <stddef.h>

#include "json.h"

struct buf;

/* The value at path in a checked value; p is NULL when there is none. */
struct json_span path_get(struct json_span root, const char *path);

/*
 * Appends root to b with the value at path replaced by value. A last key that
 * is missing in an object that is there is added to it. Returns 0, or -1 with
 * nothing appended when the path leads nowhere.
 */
int path_set(struct buf *b, struct json_span root, const char *path,
    struct json_span value);

/*
 * Calls each for every string in a checked value, with its path, in the order
 * of the text; stops when it returns non-zero, and returns that.
 */
int path_strings(struct json_span root,
    int (*each)(void *arg, const char *path, struct json_span string),
    void *arg);

#endif
