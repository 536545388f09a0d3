#ifndef SECRET_H
#define SECRET_H

/*
 * Which names are names of secrets, and how values are kept out of what we
 * write. A name is cut into words at everything that is no letter or digit, at
 * the borders of camelCase and of digits. It is one of a secret when one of
 * its words is token (unless it is counted, as in token_limit), password,
 * passwd, pwd, passphrase, secret, auth, oauth, authorization, credential,
 * cookie, bearer, apikey, jwt or one of their plurals (but not tokens); or
 * when two that follow each other are api, access, private, secret, signing or
 * encryption and key, or access, auth, api, bearer, refresh, session or id and
 * tokens. Words written as one count too: accesskey, passWord. The recorder in
 * lib/python goes by the same rule.
 */
#include <stddef.h>

#include "json/json.h"

struct buf;

int secret_name(const char *name, size_t n);

/* Appends a checked value with "***" for the values of secret names. */
void secret_mask(struct buf *b, struct json_span v);

#endif
