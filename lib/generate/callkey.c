#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "json/path.h"
#include "record/place.h"
#include "record/record.h"
#include "config/config.h"
#include "callkey.h"

void
callkey_init(struct callkey *k, const struct config *c)
{
	k->path = config_text(c, "replay_args.override_param_path");
	k->set = config_get(c, "replay_args");
	if (json_is(k->set, JSON_OBJECT))
		k->set = json_get(k->set, "set");
}

void
callkey_release(struct callkey *k)
{
	free(k->path);
}

/* Replaces the value at a path of b, if it has that place. */
static void
callkey_put(struct buf *b, const char *path, struct json_span value)
{
	struct buf next = { 0 };

	if (path_set(&next, json_buf(b), path, value)) {
		buf_release(&next);
		return;
	}
	buf_release(b);
	*b = next;
}

/* Sets the constants in the arguments. */
static void
callkey_put_set(const struct callkey *k, struct buf *b)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	struct buf path = { 0 };

	if (!json_is(k->set, JSON_OBJECT))
		return;
	for (it = json_each(k->set); json_next(&it, &key, &value); ) {
		path.len = 0;
		json_text(&path, key);
		callkey_put(b, buf_str(&path), value);
	}
	buf_release(&path);
}

uint64_t
callkey_rest(const struct callkey *k, struct json_span kwargs,
    struct json_span path, struct json_span input)
{
	static const struct json_span null = { "null", 4 };
	struct buf own = { 0 }, place = { 0 }, b = { 0 }, canonical = { 0 };
	uint64_t hash;

	if (!json_is(kwargs, JSON_OBJECT))
		return 0;
	if (json_is(path, JSON_STRING))
		json_text(&own, path);
	buf_add(&b, kwargs.p, kwargs.n);
	callkey_put_set(k, &b);
	if (json_type(input) != JSON_NULL)
		place_of_input(&place, kwargs, k->path, own.len ?
		    buf_str(&own) : NULL, json_is(input, JSON_STRING));
	if (place.len)
		callkey_put(&b, buf_str(&place), null);
	record_canonical(&canonical, json_buf(&b));
	hash = hash_bytes(0, 0, canonical.p, canonical.len);
	buf_release(&own);
	buf_release(&place);
	buf_release(&b);
	buf_release(&canonical);
	return hash;
}

uint64_t
callkey_call(uint64_t rest, struct json_span canonical)
{
	return hash_bytes(rest, 1, canonical.p, canonical.n);
}
