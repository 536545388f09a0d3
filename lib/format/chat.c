#include <stddef.h>
#include <string.h>

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

/* Whether the first bytes of a value allow a chat; most values are not one. */
static int
may_be_chat(struct json_span v)
{
	static const char name[] = "\"messages\"";
	size_t i;

	if (!v.p || (*v.p != '{' && *v.p != '['))
		return 0;
	for (i = 1; i < v.n && strchr(" \t\r\n", v.p[i]); i++)
		;
	if (*v.p == '[')
		return i < v.n && v.p[i] == '{';
	return v.n - i >= sizeof(name) - 1 &&
	    !memcmp(v.p + i, name, sizeof(name) - 1);
}

int
chat_find(struct json_span v, struct json_span *messages)
{
	struct json_span key, value;
	struct json_iter it;

	if (!may_be_chat(v))
		return 0;
	if (json_is(v, JSON_OBJECT)) {
		it = json_each(v);
		if (!json_enter(&it, &key) || !json_equal(key, "messages", 8))
			return 0;
		v.p = it.p;
		it.p = json_end(it.p);
		v.n = (size_t)(it.p - v.p);
		if (json_enter(&it, &key))
			return 0;
	}
	if (!json_is(v, JSON_ARRAY))
		return 0;
	it = json_each(v);
	if (!json_enter(&it, &key) || *it.p != '{')
		return 0;
	for (it = json_each(v); json_next(&it, &key, &value); )
		if (!is_message(value))
			return 0;
	*messages = v;
	return 1;
}

/* Appends a part of a content. */
static void
chat_put_part(struct buf *b, struct json_span part)
{
	/* OpenTelemetry's part has its text in "content" */
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
