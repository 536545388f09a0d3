#include <stddef.h>

#include "base/buf.h"
#include "base/util.h"
#include "media.h"
#include "chat.h"

static int
is_message(struct json_span v)
{
	struct json_span role = json_get(v, "role");

	return json_is(role, JSON_STRING) && role.n > 2 &&
	    (json_get(v, "content").p || json_get(v, "parts").p);
}

int
chat_find(struct json_span v, struct json_span *messages)
{
	struct json_span key, value, all = json_get(v, "messages");
	struct json_iter it;
	size_t n = 0;

	if (all.p) {
		for (it = json_each(v); json_next(&it, &key, &value); )
			n++;
		if (n > 1)
			return 0;
		v = all;
	}
	if (!json_is(v, JSON_ARRAY))
		return 0;
	n = 0;
	for (it = json_each(v); json_next(&it, &key, &value); n++)
		if (!is_message(value))
			return 0;
	*messages = v;
	return n > 0;
}

/* Appends a part of a content. */
static void
chat_put_part(struct buf *b, struct json_span part)
{
	/* that of OpenTelemetry is its content */
	struct json_span text = json_get(part, json_is_str(json_get(part,
	    "type"), "text") && !json_get(part, "text").p ? "content" :
	    "text");
	struct buf json = { 0 };
	struct media m;
	size_t from = 0;

	if (json_is(part, JSON_STRING)) {
		json_text(b, part);
	} else if (json_is(text, JSON_STRING)) {
		json_text(b, text);
	} else {
		json_compact(&json, part);
		for (; media_next(json.p, json.len, from, &m); from = m.end)
			media_put_note(b, &m);
		if (!from)
			buf_add(b, json.p, json.len);
		buf_release(&json);
	}
}

void
chat_put_text(struct buf *b, struct json_span content)
{
	struct json_span key, part;
	struct json_iter it;
	const char *before = "";

	if (json_is_null(content))
		return;
	if (!json_is(content, JSON_ARRAY)) {
		chat_put_part(b, content);
		return;
	}
	for (it = json_each(content); json_next(&it, &key, &part); ) {
		buf_puts(b, before);
		chat_put_part(b, part);
		before = "\n";
	}
}

void
chat_put_others(struct buf *b, struct json_span message)
{
	static const char *const said[] = { "role", "content", "parts" };
	struct json_span key, value;
	struct json_iter it;
	size_t at = b->len, i;

	for (it = json_each(message); json_next(&it, &key, &value); ) {
		for (i = 0; i < LEN(said) && !json_is_str(key, said[i]); i++)
			;
		if (i < LEN(said) || json_is_null(value))
			continue;
		buf_byte(b, b->len > at ? ',' : '{');
		buf_add(b, key.p, key.n);
		buf_byte(b, ':');
		json_compact(b, value);
	}
	if (b->len > at)
		buf_byte(b, '}');
}
