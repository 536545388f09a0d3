#ifndef ENV_H
#define ENV_H

/*
 * Sets of environment variables, and .env files.
 *
 * A .env file is read, never executed. It has lines NAME=VALUE, which "export "
 * may precede. A value is bare (it ends before " #"), in '...' (taken as it
 * is), or in "..." with the escapes \n, \r, \t, \", \\, \$ and \'; a quoted
 * value may span lines. Outside '...', ${NAME} and ${NAME:-default} expand to
 * variables read earlier or variables of the process.
 */
#include <stddef.h>

struct err;

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

/*
 * Adds the variables of a .env file; a missing file is an empty one. Reports
 * each bad line, with the file's name, and skips it.
 */
void env_read(struct env *e, const char *file,
    void (*report)(void *arg, const struct err *err), void *arg);

#endif
