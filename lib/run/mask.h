#ifndef MASK_H
#define MASK_H

/*
 * The values of an agent's secrets: of the variables of its environment whose
 * names are those of secrets (record/secret.h). They are replaced by *** in
 * what the agent writes.
 */
#include <stddef.h>

#include "json/json.h"

struct buf;
struct env;

struct mask {
	struct json_span *values;	/* borrowed, the longest first */
	size_t n;
	size_t cap;
};

/*
 * Finds the values, which the environment owns; those of fewer than 8 bytes
 * would mask ordinary text. mask_release frees the list.
 */
void mask_init(struct mask *m, const struct env *env);
void mask_release(struct mask *m);

/* Replaces the values in b. */
void mask_apply(const struct mask *m, struct buf *b);

/*
 * The number of bytes, at most cut, of the n at p that can be masked apart from
 * what follows: no value begins before them and ends after them, or may end in
 * text that has not come yet.
 */
size_t mask_cut(const struct mask *m, const char *p, size_t n, size_t cut);

#endif
