#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "octets.h"

int
octets_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Appends what base64 stands for. Returns 1, or 0 if it is not base64. */
static int
octets_decode(struct buf *b, const char *s, size_t n)
{
	uint32_t bits = 0;
	size_t i;
	int digit, held = 0;

	for (i = 0; i < n && s[i] != '='; i++) {
		digit = octets_digit(s[i]);
		if (digit < 0)
			return 0;
		bits = bits << 6 | (uint32_t)digit;
		held += 6;
		if (held >= 8) {
			held -= 8;
			buf_byte(b, (char)(bits >> held & 0xff));
		}
	}
	return 1;
}

int
octets_read(struct buf *b, struct json_span string, const char *path,
    struct json_span types)
{
	struct json_span type = json_get(types, path);
	struct buf text = { 0 };
	int is = json_is(string, JSON_STRING) && (json_is_str(type, "bytes") ||
	    json_is_str(type, "bytearray")) &&
	    octets_decode(&text, string.p + 1, string.n - 2) &&
	    utf8_check(text.p, text.len) == text.len;

	if (is)
		json_put_text(b, text.p, text.len);
	buf_release(&text);
	return is;
}
