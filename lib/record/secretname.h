#ifndef SECRETNAME_H
#define SECRETNAME_H

#include <stddef.h>

/*
 * Whether a name of n bytes is the name of a secret: one of its words, or two
 * adjacent ones, are in the lists of secretname.c. A name is split into words
 * at every character that is not a letter or digit, at the borders of
 * camelCase, and between letters and digits. Answers are cached: not for
 * several threads at once.
 */
int secret_name(const char *name, size_t n);

#endif
