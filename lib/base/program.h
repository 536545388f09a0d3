#ifndef PROGRAM_H
#define PROGRAM_H

/*
 * Where this program and others are installed.
 */
#include <stddef.h>

/* The folder that this program is in, to be freed; NULL when unknown. */
char *program_folder(void);

/*
 * The next folder of a colon-separated list such as $PATH: returns its name,
 * which is borrowed and not terminated, sets *n to its length and moves *list
 * on. An empty name stands for the current folder. Returns NULL at the end.
 * *list may be NULL, which is an empty list.
 */
const char *program_next_folder(const char **list, size_t *n);

/*
 * The path, to be freed, of an executable file in a folder whose name has n
 * bytes; NULL when there is none.
 */
char *program_in(const char *folder, size_t n, const char *name);

/* The path, to be freed, of the first such program in $PATH, or NULL. */
char *program_find(const char *name);

#endif
