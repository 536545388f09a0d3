#ifndef SHAPEVALUE_H
#define SHAPEVALUE_H

/* Values after names of secrets, as NAME=VALUE, NAME: VALUE, --NAME VALUE. */
#include <stddef.h>

struct shape;

/* Whether c may be in a name before "=" or ":". */
int shapevalue_is_name(char c);

/*
 * The name that ends before s[at], an equals sign or a colon, maybe in quotes.
 * Returns the number of bytes of the name, which begins at *from, or 0. spaced
 * may be NULL; it is set to whether there is a space before the sign.
 */
size_t shapevalue_name(const char *s, size_t at, size_t *from, int *spaced);

/*
 * The secret after the sign s[at]: "=" or ":", the second hyphen of a flag, the
 * comma between a name and its value. Returns 1 with *f set, or 0.
 */
int shapevalue_assigned(const char *s, size_t n, size_t at, struct shape *f);
int shapevalue_flag(const char *s, size_t n, size_t at, struct shape *f);
int shapevalue_paired(const char *s, size_t n, size_t at, struct shape *f);

#endif
