#include "base/base64.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "octets.h"

int
octets_read(struct buf *b, struct json_span string, const char *path,
    struct json_span types)
{
	struct json_span type = json_get(types, path);
	struct buf text = { 0 };
	ssize_t n;
	int is;

	if (!json_is(string, JSON_STRING) || (!json_is_str(type, "bytes") &&
	    !json_is_str(type, "bytearray")))
		return 0;
	n = base64_decode(buf_room(&text, string.n), string.p + 1,
	    string.n - 2);
	is = n >= 0 && utf8_check(text.p, (size_t)n) == (size_t)n;
	if (is)
		json_put_text(b, text.p, (size_t)n);
	buf_release(&text);
	return is;
}
