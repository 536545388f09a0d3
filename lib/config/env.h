#ifndef ENV_H
#define ENV_H

/*
 * A set of environment variables, and .env files, which are read and never
 * run: NAME=VALUE lines, "export " in front allowed, values bare (up to " #"),
 * in '...' as they are, or in "..." with \n, \r, \t, \", \\ and \$ escapes;
 * quoted values may go over several lines. Outside '...', ${NAME} and
 * ${NAME:-default} stand for variables that were read before or that this
 * process has.
 */
#include <stddef.h>

struct err;

struct env {
	char **vars;		/* NAME=VALUE; a NULL stands behind the last */
	size_t n;
	size_t cap;
};

/* Adds the process's own variables. */
void env_inherit(struct env *e);
void env_release(struct env *e);

/* The value of a name, or NULL. */
const char *env_get(const struct env *e, const char *name);

/* Sets a name of n bytes; one that is there is kept unless replace is set. */
void env_set(struct env *e, const char *name, size_t n,
    const char *value, int replace);

/*
 * Reads a .env file; one that is not there is an empty one. What is wrong is
 * told to say, line by line, and passed over.
 */
void env_read(struct env *e, const char *file,
    void (*say)(void *arg, const struct err *err), void *arg);

#endif
