#ifndef ENVSET_H
#define ENVSET_H

/*
 * Changes one variable in a .env file.
 */
struct err;

/*
 * Sets name to value and keeps every other line as it is. The first line that
 * sets the variable is replaced and later ones are removed; a missing variable
 * is added at the end, and a missing file is created. The value is quoted so
 * that all readers of .env files read the same text. A symbolic link is
 * followed. Returns 0, or -1 with *e filled in.
 */
int envset_put(const char *file, const char *name, const char *value,
    struct err *e);

#endif
