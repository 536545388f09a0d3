#ifndef ENV_H
#define ENV_H

/* Sets of environment variables. */
#include <stddef.h>

/* Zeroed memory is an empty set. */
struct env {
	char **vars;		/* "NAME=VALUE" strings, then a NULL */
	size_t n;
	size_t cap;
};

/* Adds the variables of the process. */
void env_inherit(struct env *e);
void env_release(struct env *e);

/* The value of a variable, borrowed until it is set, or NULL. */
const char *env_get(const struct env *e, const char *name);

/*
 * Sets the variable whose name has n bytes. One that is set already keeps its
 * value unless replace is 1.
 */
void env_set(struct env *e, const char *name, size_t n, const char *value,
    int replace);

#endif
