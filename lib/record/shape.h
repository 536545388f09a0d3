#ifndef SHAPE_H
#define SHAPE_H

/*
 * Secrets that a text shows by their shape, such as tokens with the prefix of
 * their issuer, passwords in URLs, and values after names of secrets. The rules
 * of lib/python/fluxloop/shapes.py are the same.
 */
#include <stddef.h>

#include "chars.h"

/*
 * Secrets are noticed at a place: a rare character in them or before them.
 * shape_seek returns the first character at or after s[i] that may be a place,
 * or n; with json, also one that secret.c looks at. shape_at returns 1 with
 * *found set if s[i] is the place of a secret.
 */
size_t shape_seek(const char *s, size_t n, size_t i, int json);
int shape_at(const char *s, size_t n, size_t i, struct shape *found);

/*
 * Finds the first secret whose place is at or after *at. Returns 1 with *found
 * set and *at after the place, or 0.
 */
int shape_next(const char *s, size_t n, size_t *at, struct shape *found);

#endif
