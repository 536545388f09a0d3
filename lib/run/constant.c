#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "config/config.h"
#include "config/env.h"
#include "constant.h"

/* The length of a variable's name at p, or 0. */
static size_t
name_len(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!(p[i] == '_' || (p[i] >= 'A' && p[i] <= 'Z') ||
		    (p[i] >= 'a' && p[i] <= 'z') ||
		    (i && p[i] >= '0' && p[i] <= '9')))
			break;
	return i;
}

/* Appends a text as the inside of a JSON string. */
static void
put_inside(struct buf *b, const char *text)
{
	struct buf quoted = { 0 };

	json_put_text(&quoted, text, strlen(text));
	buf_add(b, quoted.p + 1, quoted.len - 2);
	buf_release(&quoted);
}

/*
 * Appends the value of the variable that is referred to at p, n bytes inside a
 * JSON string. Returns the length of the reference; 0 if there is none, or if
 * the variable is not set: then *e is filled in.
 */
static size_t
put_variable(struct buf *b, const char *p, size_t n, const struct env *env,
    const char *key, struct err *e)
{
	size_t len = n > 2 && p[1] == '{' ? name_len(p + 2, n - 2) : 0;
	const char *after = p + 2 + len, *end, *value;
	char *name;

	end = len ? memchr(after, '}', (size_t)(p + n - after)) : NULL;
	if (!end || (after != end && (end - after < 2 ||
	    memcmp(after, ":-", 2) != 0)))
		return 0;
	name = xmemdup(p + 2, len);
	value = env_get(env, name);
	if (value)
		put_inside(b, value);
	else if (after != end)
		buf_add(b, after + 2, (size_t)(end - after) - 2);
	else
		err_set(e, 0, 0, "%s: the variable %s is not set", key, name);
	free(name);
	return e->msg ? 0 : (size_t)(end + 1 - p);
}

int
constant_read(struct buf *b, const struct config *c, const char *key,
    struct err *e)
{
	struct json_span v = config_get(c, key);
	size_t i, taken;
	int in_string = 0;

	if (!json_is(v, JSON_OBJECT))
		return 0;
	for (i = 0; i < v.n; i += taken) {
		taken = 0;
		if (v.p[i] == '"')
			in_string = !in_string;
		else if (in_string && v.p[i] == '$')
			taken = put_variable(b, v.p + i, v.n - i, &c->env,
			    key, e);
		if (e->msg)
			return -1;
		if (taken)
			continue;
		taken = in_string && v.p[i] == '\\' ? 2 : 1;
		buf_add(b, v.p + i, taken);
	}
	return 0;
}
