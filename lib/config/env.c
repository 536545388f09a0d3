#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "env.h"

extern char **environ;

/* Adds a "NAME=VALUE" string, which the set frees. */
static void
add_var(struct env *e, char *var)
{
	ALLOC_GROW(e->vars, e->n + 2, e->cap);
	e->vars[e->n++] = var;
	e->vars[e->n] = NULL;
}

void
env_inherit(struct env *e)
{
	size_t i;

	for (i = 0; environ[i]; i++)
		if (strchr(environ[i], '='))
			add_var(e, xstrdup(environ[i]));
}

void
env_release(struct env *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		free(e->vars[i]);
	free(e->vars);
	memset(e, 0, sizeof(*e));
}

static char **
find_var(const struct env *e, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (!strncmp(e->vars[i], name, n) && e->vars[i][n] == '=')
			return &e->vars[i];
	return NULL;
}

const char *
env_get(const struct env *e, const char *name)
{
	char **var = find_var(e, name, strlen(name));

	return var ? *var + strlen(name) + 1 : NULL;
}

void
env_set(struct env *e, const char *name, size_t n, const char *value,
    int replace)
{
	char **old = find_var(e, name, n);

	if (old && !replace)
		return;
	if (old) {
		free(*old);
		*old = xasprintf("%.*s=%s", (int)n, name, value);
	} else {
		add_var(e, xasprintf("%.*s=%s", (int)n, name, value));
	}
}
