#ifndef ENVSET_H
#define ENVSET_H

/*
 * Changes one variable in a .env file.
 */
struct err;

/*
 * Sets name to value and keeps every other line as it is. The first line that
 * sets the variable is replaced and later ones are removed; a variable that is
 * missing is added at the end, and so is the file. The value is put in quotes
 * so that all readers of .env files take it for the same text. A symbolic link
 * is followed. Returns 0, or -1 with *e filled in.
 */
int envset_put(const char *file, const char *name, const char *value,
    struct err *e);

#endif
