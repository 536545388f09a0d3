#ifndef SCHEMA_H
#define SCHEMA_H

/*
 * The schema of setting.yaml: every key with the type and range of its value
 * and its default. Keys are named by dotted paths such as runner.target.
 */
#include <stddef.h>

#include "json/json.h"

struct err;
struct tree;
struct yamlmark;

enum schema_type {
	SCHEMA_STRING,
	SCHEMA_INT,		/* a number without a fraction */
	SCHEMA_NUMBER,
	SCHEMA_BOOL,
	SCHEMA_LIST,
	SCHEMA_MAP,
	SCHEMA_ANY,
	SCHEMA_STRINGS,		/* a list of strings, or one string */
	SCHEMA_SCALAR,		/* a string, number or boolean */
	SCHEMA_TIME		/* seconds, or a string such as "200ms" */
};

struct schema_key {
	const char *path;	/* '*' stands for any name or list index, '**'
				   at the end for any dotted path */
	enum schema_type type;
	const char *preset;	/* default value as JSON, or NULL */
	double min, max;	/* range of a number; equal: any */
	const char *env;	/* environment variable that overrides the
				   file, or NULL */
	int ignored;		/* 1: accepted, but without effect */
	const char *harmless;	/* of an ignored key: the value, as JSON, that
				   changes nothing; "*": any; NULL: none */
	const char *instead;	/* of an ignored key: what is done, or what to
				   do, in its place; NULL: nothing */
	int neutral;		/* 1: does not change the results of a run */
	const char *choices;	/* allowed strings, separated by spaces;
				   NULL: any */
};

/*
 * Sets *seconds to a time: a number of seconds, or a string of a number and ms,
 * s, m or h. Returns 1, or 0 for any other value.
 */
int schema_seconds(struct json_span v, double *seconds);

/* All keys; a section comes before the keys in it. */
extern const struct schema_key schema_keys[];
extern const size_t schema_nkeys;

/*
 * Receives an error, or a warning if error is 0. *e is borrowed for the call;
 * its place is the position in the file, where known.
 */
typedef void schema_report(void *arg, int error, const struct err *e);

/* The key that a path matches, or NULL. */
const struct schema_key *schema_find(const char *path);

/*
 * Whether a variable FLUXLOOP_... is known: it overrides a key, or the package,
 * a program or the original FluxLoop reads it.
 */
int schema_has_variable(const char *name);

/* The known variable that is nearest to a mistyped FLUXLOOP_..., or NULL. */
const char *schema_nearest_variable(const char *name);

/* Whether the value at a path of n bytes cannot change the results of a run. */
int schema_neutral(const char *path, size_t n);

/* The name of a type with its article: "a whole number". */
const char *schema_type_name(enum schema_type type);

/*
 * Checks the JSON value of a key; path is the key's name in messages. Returns
 * 0, or -1 with *e filled in.
 */
int schema_check_value(const struct schema_key *key, const char *path,
    struct json_span value, struct err *e);

/*
 * The last name of the key in the same section that is nearest to a mistyped
 * path, or NULL.
 */
const char *schema_nearest(const char *path);

/*
 * Checks a whole file and reports every error and warning. marks has the
 * position of each node of the tree. Returns the number of errors.
 */
int schema_check(const struct tree *t, const struct yamlmark *marks,
    schema_report *report, void *arg);

#endif
