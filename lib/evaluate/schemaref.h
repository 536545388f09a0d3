#ifndef SCHEMAREF_H
#define SCHEMAREF_H

/*
 * References within a JSON Schema: "#/pointer" (RFC 6901, with
 * percent-encoding), "#anchor", and the same after the $id of a schema in the
 * document.
 */
#include <stddef.h>

struct tree;

#define SCHEMAREF_NONE ((size_t)-1)

/*
 * The node that a reference in the schema node from leads to, or
 * SCHEMAREF_NONE. The text is changed.
 */
size_t schemaref_find(const struct tree *t, size_t from, char *reference);

#endif
