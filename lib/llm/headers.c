#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "record/secret.h"
#include "config/config.h"
#include "run/constant.h"
#include "headers.h"

static const char headers_key[] = "input_generation.llm.headers";

static int
headers_add(struct headers *h, const char *name, const char *value,
    struct json_span written, struct secret_values *secrets, struct err *e)
{
	char *line;

	if (!*name || strpbrk(name, " :\r\n") || strpbrk(value, "\r\n"))
		return err_set(e, 0, 0, "%s: '%s' is not a header's name, or "
		    "its value has a line end", headers_key, name);
	line = xasprintf("%s: %s", name, value);
	h->lines = xreallocarray(h->lines, h->n + 1, sizeof(*h->lines));
	h->lines[h->n++] = line;
	secret_values_add_header(secrets, name, line + strlen(name) + 2,
	    written);
	return 0;
}

int
headers_read(struct headers *h, const struct config *c,
    struct secret_values *secrets, struct err *e)
{
	struct json_span written = config_get(c, headers_key), key, v;
	struct buf json = { 0 }, name = { 0 }, value = { 0 };
	struct json_iter it;
	int bad = 0;

	if (!json_is(written, JSON_OBJECT))
		return 0;
	json_compact(&h->written, written);
	if (constant_read(&json, c, headers_key, e))
		bad = -1;
	it = json_each(json_buf(&json));
	while (!bad && json_next(&it, &key, &v)) {
		name.len = value.len = 0;
		json_text(&name, key);
		if (json_is(v, JSON_STRING))
			json_text(&value, v);
		else
			json_compact(&value, v);
		bad = headers_add(h, buf_str(&name), buf_str(&value),
		    json_get(written, buf_str(&name)), secrets, e);
	}
	buf_release(&json);
	buf_release(&name);
	buf_release(&value);
	return bad;
}

int
headers_have(const struct headers *h, const char *line)
{
	size_t i, n = strcspn(line, ":") + 1;

	for (i = 0; i < h->n; i++)
		if (!strncasecmp(h->lines[i], line, n))
			return 1;
	return 0;
}

void
headers_release(struct headers *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		free(h->lines[i]);
	free(h->lines);
	buf_release(&h->written);
	memset(h, 0, sizeof(*h));
}
