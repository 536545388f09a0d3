#ifndef MASK_H
#define MASK_H

/*
 * Masks secrets in the output of agents by ***: those that record/secret.h
 * finds, and the agents' own. These are the values of variables in their
 * environment that have the name of a secret, and secrets within other
 * variables, such as passwords in URLs.
 */
#include <stddef.h>

#include "json/json.h"
#include "record/secret.h"

struct buf;
struct config;

struct mask {
	int off;		/* 1: nothing is masked (mask_secrets) */
	struct secret_values known;
};

/*
 * Finds the values in the environment of a configuration, which owns them.
 * mask_release frees the list.
 */
void mask_init(struct mask *m, const struct config *c);
void mask_release(struct mask *m);

/* Replaces the secrets in the text in b. */
void mask_apply(const struct mask *m, struct buf *b);

/*
 * Whether text or JSON of n bytes may have a secret in it, if secrets are
 * masked. Quick: most has none.
 */
int mask_suspects(const struct mask *m, const char *p, size_t n);

/*
 * Replaces the secrets in a line of checked JSON and its newline, which are b
 * from an offset on.
 */
void mask_record(const struct mask *m, struct buf *b, size_t from);

/*
 * Of the n bytes at p, the number, at most cut, that can be masked without the
 * bytes after them.
 */
size_t mask_cut(const struct mask *m, const char *p, size_t n, size_t cut);

#endif
