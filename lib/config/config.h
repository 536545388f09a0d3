#ifndef CONFIG_H
#define CONFIG_H

/*
 * The effective configuration: setting.yaml with the environment's overrides
 * and the defaults of the schema. fluxloop-setting(5) describes it.
 */
#include <stddef.h>

#include "json/json.h"
#include "env.h"
#include "schema.h"

struct buf;

struct config {
	char *file;		/* path of setting.yaml or of a folder configs
				   (layout.h); NULL: none */
	char *dir;		/* the project, the base of relative paths */
	char *json;		/* the effective configuration */
	struct json_span root;	/* the object in json */
	struct env env;		/* the environment of agents */
};

/*
 * Loads file (NULL: the defaults alone), with the others of its layout, and
 * reports every error and warning; err.file is the file that each is in.
 * Returns 0, or -1 if there was an error; c is to be released either way.
 *
 * The value of a key is that of its environment variable (FLUXLOOP_ITERATIONS
 * for iterations), else that of the file, else the default. The variable may
 * come from the process, the .env file in the file's folder, or the .env file
 * in the folder above, in this order.
 *
 * c->env has the variables of the process, then those of the .env files, then
 * those of runner.environment_vars; the first to define a name wins. If
 * runner.environment is clean, it has of the process's own variables only the
 * ones that programs need and the ones that runner.environment_allow names.
 */
int config_load(struct config *c, const char *file, schema_report *report,
    void *arg);
void config_release(struct config *c);

/* Appends the defaults of all keys as a JSON object. */
void config_defaults(struct buf *json);

/*
 * The value at a path, borrowed from c; its p is NULL if the value is absent or
 * null.
 */
struct json_span config_get(const struct config *c, const char *path);

/*
 * The value at a path as a string: the text of a string, any other value as
 * JSON. The caller frees it; NULL if absent.
 */
char *config_text(const struct config *c, const char *path);

/* The number at a path, or 0 if there is none. */
double config_number(const struct config *c, const char *path);

/* Whether the value at a path is true. */
int config_true(const struct config *c, const char *path);

/* Makes a file name relative to the configuration's folder. To be freed. */
char *config_path(const struct config *c, const char *name);

/* The experiment's name, to be freed: as configured, or the folder's name. */
char *config_name(const struct config *c);

#endif
