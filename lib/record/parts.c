#include "base/buf.h"
#include "parts.h"

int
parts_text(struct buf *b, struct json_span content, const char *between)
{
	struct json_span key, part, text;
	struct json_iter it;
	int any = 0;

	if (json_is(content, JSON_STRING)) {
		json_text(b, content);
		return 1;
	}
	if (!json_is(content, JSON_ARRAY))
		return 0;
	for (it = json_each(content); json_next(&it, &key, &part); ) {
		text = json_get(part, "text");
		if (!json_is(text, JSON_STRING))
			continue;
		if (any)
			buf_puts(b, between);
		json_text(b, text);
		any = 1;
	}
	return any;
}
