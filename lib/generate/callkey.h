#ifndef CALLKEY_H
#define CALLKEY_H

/*
 * Compares inputs by the arguments that the handler would get: the recorded
 * ones, with the input and the configured constants in their places.
 */
#include <stdint.h>

#include "json/json.h"

struct config;

struct callkey {
	char *path;		/* replay_args.override_param_path, or NULL */
	struct json_span set;	/* replay_args.set; p may be NULL */
};

/* Reads the settings; c is borrowed. */
void callkey_init(struct callkey *k, const struct config *c);
void callkey_release(struct callkey *k);

/*
 * A hash of the arguments without the input, which is text or null or another
 * value. kwargs.p is NULL if there are none; path is where the record says that
 * the input goes, or absent.
 */
uint64_t callkey_rest(const struct callkey *k, struct json_span kwargs,
    struct json_span path, struct json_span input);

/* A hash of a call: callkey_rest, and the canonical form of the input. */
uint64_t callkey_call(uint64_t rest, struct json_span canonical);

#endif
