#ifndef SECRET_H
#define SECRET_H

/*
 * Names of secrets, and masking of their values.
 *
 * A name is split into words: at every character that is not a letter or
 * digit, at the borders of camelCase, and between letters and digits. It is the
 * name of a secret if one of its words is token (unless it is counted, as in
 * token_limit), password, passwd, pwd, passphrase, secret, auth, oauth,
 * authorization, credential, cookie, bearer, apikey, jwt or one of their
 * plurals except tokens; or if key follows api, access, private, secret, signing
 * or encryption; or if tokens follows access, auth, api, bearer, refresh,
 * session or id. Words written as one count, too: accesskey, passWord. The
 * recorder in lib/python applies the same rules.
 */
#include <stddef.h>

#include "json/json.h"

struct buf;

/* Whether a name of n bytes is the name of a secret. */
int secret_name(const char *name, size_t n);

/* Appends a checked JSON value with "***" for the values of secrets. */
void secret_mask(struct buf *b, struct json_span v);

#endif
