#include <string.h>

#include "json/json.h"
#include "otlpattr.h"

void
otlpattr_begin(struct buf *b, const char *key)
{
	json_open(b, NULL, '{');
	json_add_str(b, "key", key);
	json_open(b, "value", '{');
}

void
otlpattr_end(struct buf *b)
{
	json_close(b, '}');
	json_close(b, '}');
}

void
otlpattr_text(struct buf *b, const char *key, const char *s, size_t n)
{
	otlpattr_begin(b, key);
	json_add_text(b, "stringValue", s, n);
	otlpattr_end(b);
}

void
otlpattr_str(struct buf *b, const char *key, const char *s)
{
	otlpattr_text(b, key, s, strlen(s));
}
