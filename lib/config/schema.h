#ifndef SCHEMA_H
#define SCHEMA_H

/*
 * What may stand in setting.yaml: every key, with the type of its value, its
 * range, and what is assumed where the file is silent.
 */
#include <stddef.h>

#include "json/json.h"

struct err;
struct tree;
struct yamlin_mark;

/* What a value has to be. */
enum schema_want {
	SCHEMA_TEXT, SCHEMA_INT, SCHEMA_NUMBER, SCHEMA_BOOL, SCHEMA_LIST,
	    SCHEMA_MAP, SCHEMA_ANY,
	SCHEMA_TEXTS,		/* a list of strings, or one string */
	SCHEMA_SCALAR		/* a string, number or boolean */
};

struct schema_key {
	const char *path;	/* '*' stands for any name or place */
	enum schema_want want;
	const char *preset;	/* JSON; NULL: none */
	double min, max;	/* where they differ */
	const char *env;	/* the variable that overrides it, or NULL */
	int idle;		/* 1: has no effect here */
	int neutral;		/* 1: what a run gives does not go by it */
	const char *words;	/* the strings it may be, or NULL: any */
};

/* All keys; a section stands before what is in it. */
extern const struct schema_key schema_keys[];
extern const size_t schema_nkeys;

/* The key that a dotted path is of, or NULL. */
const struct schema_key *schema_find(const char *path);

/* Whether what a run gives does not go by the value at a path, or above it. */
int schema_neutral(const char *path, size_t n);

/* What a value has to be, as words: "a whole number". */
const char *schema_want_name(enum schema_want want);

/* Checks one JSON value for a key. Returns 0, or -1 with *e filled in. */
int schema_check_value(const struct schema_key *key, const char *path,
    struct json_span value, struct err *e);

/* The name that a wrong one was probably meant to be, or NULL. */
const char *schema_nearest(const char *path);

/*
 * Checks a file's tree, whose nodes stand at marks, telling everything that is
 * wrong (error is 1) or strange to say. Returns the number of errors.
 */
int schema_check(const struct tree *t, const struct yamlin_mark *marks,
    void (*say)(void *arg, int error, const struct err *e), void *arg);

#endif
