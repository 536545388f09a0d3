#ifndef SHAPETOKEN_H
#define SHAPETOKEN_H

/*
 * Tokens with the prefix of their issuer, and others that are known by their
 * form. The place of a token with a prefix is the last rare character of that.
 */
#include <stddef.h>

struct shape;

/* Notes the places of all prefixes: stops[c] becomes 1. To be called once. */
void shapetoken_prepare(unsigned char *stops);

/* Whether the start of a prefix, up to its place, ends with s[at]. */
int shapetoken_ends_head(const char *s, size_t at);

/*
 * The token whose place is s[at]: one with a prefix, or one without that begins
 * up to 40 bytes before. Returns 1 with *f set, or 0.
 */
int shapetoken_headed(const char *s, size_t n, size_t at, struct shape *f);
int shapetoken_find(const char *s, size_t n, size_t at, struct shape *f);

#endif
