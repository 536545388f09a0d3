#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "media.h"
#include "chat.h"

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

/* Notes what a member of a message is. */
static void
take_member(struct chat_message *m, struct json_span key,
    struct json_span value)
{
	if (json_equal(key, "role", 4))
		m->role = value;
	else if (json_equal(key, "content", 7))
		m->content = value;
	else if (json_equal(key, "parts", 5))
		m->parts = value;
	else
		m->others |= !json_is_null(value);
}

int
chat_next(struct json_iter *it, struct chat_message *m)
{
	struct json_span key = { 0 }, value;
	struct json_iter in;

	memset(m, 0, sizeof(*m));
	if (!json_enter(it, &key))
		return 0;
	if (*it->p != '{')
		return -1;
	m->whole.p = it->p;
	for (in.p = it->p + 1; json_next(&in, &key, &value); )
		take_member(m, key, value);
	it->p = in.p + 1;
	m->whole.n = (size_t)(it->p - m->whole.p);
	if (json_is_null(m->content) && m->parts.p)
		m->content = m->parts;
	return json_is(m->role, JSON_STRING) && m->role.n > 2 &&
	    m->content.p ? 1 : -1;
}

int
chat_find(struct json_span v, struct json_iter *messages)
{
	struct json_span key = { 0 };
	struct chat_message m;
	struct json_iter it;
	int got, n = 0;

	if (!may_be_chat(v))
		return 0;
	it = json_each(v);
	if (*v.p == '{') {
		if (!json_enter(&it, &key) || !json_equal(key, "messages", 8) ||
		    *it.p != '[')
			return 0;
		it.p++;
	}
	*messages = it;
	while ((got = chat_next(&it, &m)) > 0)
		n = 1;
	return n && !got && (*v.p == '[' || !json_enter(&it, &key));
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
chat_put_others(struct buf *b, const struct chat_message *m)
{
	static const char *const said[] = { "role", "content", "parts" };
	struct json_span key, value;
	struct json_iter it;
	size_t at = b->len, i;

	if (!m->others)
		return;
	for (it = json_each(m->whole); json_next(&it, &key, &value); ) {
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
