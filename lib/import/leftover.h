#ifndef LEFTOVER_H
#define LEFTOVER_H

/* Counts what could not be imported, by what it is. */
#include <stddef.h>

#include "json/json.h"

struct leftover_item {
	char *what;
	size_t n;
};

/* Zeroed memory counts nothing. */
struct leftover {
	struct leftover_item *items;
	size_t n;
	size_t cap;
};

void leftover_release(struct leftover *l);

/* Counts n of what, such as "comments". */
void leftover_add(struct leftover *l, const char *what, size_t n);

/* Counts one of a kind that the file names: a string, or another value. */
void leftover_add_named(struct leftover *l, const char *before,
    struct json_span name);

/* The message with all counts, which the caller frees; NULL: none. */
char *leftover_text(const struct leftover *l);

#endif
