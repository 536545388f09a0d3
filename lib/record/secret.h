#ifndef SECRET_H
#define SECRET_H

/*
 * Secrets in JSON and in text, and masking of them: the one place that decides
 * what a secret is, by the name of a key, by the shape of a text, or because it
 * is a value that the caller knows. fluxloop(7) has the rules; the recorder in
 * lib/python applies the same ones: tests/data/secrets.jsonl holds for both.
 *
 * Not for several threads at once: answers are cached (secretname.h).
 */
#include <stddef.h>

#include "json/json.h"

struct buf;

/* What is masked besides names and shapes. Zeroed memory is nothing. */
struct secret_values {
	struct json_span *v;	/* texts, the longest first, none empty */
	struct json_span *json;	/* the same, as they stand in JSON strings */
	size_t n, cap;
};

/*
 * Adds a text, which is borrowed; one of fewer than 8 bytes is not added: it
 * would mask ordinary text. After the last one, secret_values_complete sorts
 * them and makes their forms in JSON. Release frees the lists.
 */
void secret_values_add(struct secret_values *k, struct json_span text);
void secret_values_complete(struct secret_values *k);

/*
 * Whether an HTTP header is secret: by its name, or because its value as it
 * was written has a variable. Adds the credentials after a scheme such as
 * Bearer, or all of the value.
 */
int secret_values_add_header(struct secret_values *k, const char *name,
    const char *value, struct json_span written);

/*
 * Replaces those of at least that many bytes in JSON text from an offset on, as
 * they stand in its strings.
 */
void secret_values_mask(const struct secret_values *k, struct buf *b,
    size_t from, size_t least);

void secret_values_release(struct secret_values *k);

/*
 * Whether checked JSON may have a secret in it. Quick: most JSON has none. A
 * text that is not JSON gets an answer, too, but a wrong one.
 */
int secret_suspected(const char *p, size_t n,
    const struct secret_values *known);

/*
 * Appends a checked JSON value with "***" for the values of keys that name
 * secrets (not for null, true, false and the marks of callables), for the
 * second elements of pairs such as ["Authorization","..."], and within strings
 * for what has the shape of a secret or is known. known may be NULL.
 */
void secret_mask(struct buf *b, struct json_span v,
    const struct secret_values *known);

/* Replaces the secrets in the text of b from an offset on. */
void secret_mask_text(struct buf *b, size_t from,
    const struct secret_values *known);

/* Returns a copy of a text with its secrets replaced, to be freed. */
char *secret_hide(const char *text);

/*
 * Finds the next secret by its shape in the n bytes at p. Returns 1 with *found
 * set and *at after it, or 0.
 */
int secret_next(const char *p, size_t n, size_t *at, struct json_span *found);

/*
 * The number of bytes, at most cut, of the n at p that can be masked apart from
 * what follows: no secret begins before them and ends after them, or may end in
 * text that has not come yet.
 */
size_t secret_cut(const char *p, size_t n, size_t cut,
    const struct secret_values *known);

#endif
