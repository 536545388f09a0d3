#ifndef FORM_H
#define FORM_H

/*
 * Forms and queries as JSON: application/x-www-form-urlencoded.
 */
#include <stddef.h>

struct buf;

/*
 * Appends the n bytes "a=1&b=x%20y" as an object of strings; a name that comes
 * again makes its value a list. Returns 1, or 0 with nothing appended if there
 * is no name in them.
 */
int form_put_json(struct buf *b, const char *p, size_t n);

/* Whether a Content-Type, which may end in any text, is that of a form. */
int form_is_type(const char *content_type);

#endif
