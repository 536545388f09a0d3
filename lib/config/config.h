#ifndef CONFIG_H
#define CONFIG_H

/*
 * setting.yaml: what may stand in it, what does, and what is assumed where it
 * is silent. fluxloop-setting(5) describes it.
 */
#include <stddef.h>

#include "json/json.h"
#include "env.h"

struct buf;
struct err;

/* What is wrong, or only strange, at a place in the file. */
typedef void config_say(void *arg, int error, const struct err *e);

struct config {
	char *file;		/* NULL: no file, only what is assumed */
	char *dir;		/* its folder, which paths in it start from */
	char *json;		/* the effective configuration */
	struct json_span root;	/* of json, an object */
	struct env env;	/* for agents: see config_load */
};

/*
 * Reads file (NULL: none), and the .env files of the folder above it and of
 * its own. Every error and warning is told to say. Returns 0, or -1 when
 * something was an error; c can be released either way. The effective
 * configuration has the defaults, and what the environment, then the project's
 * .env, then the root's .env say instead of the file (FLUXLOOP_ITERATIONS for
 * iterations, and so on). c->env is the process's environment (of which, if
 * runner.environment is clean, only what programs need is kept and what
 * runner.environment_allow names) with, where it does not name them, the
 * variables of the .env files and of runner.environment_vars.
 */
int config_load(struct config *c, const char *file, config_say *say, void *arg);
void config_release(struct config *c);

/* Appends the defaults of all keys, a JSON object. */
void config_defaults(struct buf *json);

/* The effective value at a dotted path; p is NULL when absent or null. */
struct json_span config_get(const struct config *c, const char *path);

/* The same as a string that the caller frees (NULL), a number, a boolean. */
char *config_text(const struct config *c, const char *path);
double config_number(const struct config *c, const char *path, double absent);
int config_true(const struct config *c, const char *path);

/* path relative to the file's folder; the caller frees it. */
char *config_path(const struct config *c, const char *path);

/* The experiment's name: as configured, else the project folder's. */
char *config_name(const struct config *c);

#endif
