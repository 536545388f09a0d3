#ifndef SECRET_H
#define SECRET_H

/*
 * Which names are names of secrets, and how values are kept out of what we
 * write. A name is one when a whole word of it is (words end at anything that
 * is no letter, and where camelCase begins a new one): token, password, passwd,
 * pwd, passphrase, secret, auth, oauth, authorization, credential, cookie,
 * bearer, apikey, jwt and their plurals (but not tokens, nor a token that is
 * counted, as in token_limit, nor the shell's PWD); or two that follow each other: api, access,
 * private, secret, signing or encryption, and key. The recorder in lib/python
 * goes by the same words. json.h has to be included before.
 */
#include <stddef.h>

struct buf;

int secret_name(const char *name, size_t n);

/* Appends a checked value with "***" for the values of secret names. */
void secret_mask(struct buf *b, struct json_span v);

#endif
