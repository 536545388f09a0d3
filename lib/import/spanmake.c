#include <string.h>

#include "base/hash.h"
#include "trace/otlpattr.h"
#include "spanmake.h"

void
spanmake_release(struct spanmake *m)
{
	buf_release(&m->span);
	buf_release(&m->value);
}

void
spanmake_begin(struct spanmake *m, struct json_span trace_id,
    struct json_span id, struct json_span parent)
{
	struct buf *b = &m->span;

	b->len = 0;
	json_open(b, NULL, '{');
	json_add(b, "traceId", trace_id);
	json_add(b, "spanId", id);
	if (json_is(parent, JSON_STRING))
		json_add(b, "parentSpanId", parent);
}

void
spanmake_name(struct spanmake *m, struct json_span name, const char *fallback)
{
	if (json_is(name, JSON_STRING) && name.n > 2)
		json_add(&m->span, "name", name);
	else
		json_add_str(&m->span, "name", fallback);
}

static void
spanmake_time(struct buf *b, const char *key, uint64_t ns)
{
	json_key(b, key);
	buf_byte(b, '"');
	buf_uint(b, ns);
	buf_byte(b, '"');
}

void
spanmake_times(struct spanmake *m, uint64_t start, uint64_t end)
{
	if (start)
		spanmake_time(&m->span, "startTimeUnixNano", start);
	if (end)
		spanmake_time(&m->span, "endTimeUnixNano", end);
}

void
spanmake_failed(struct spanmake *m, struct json_span message)
{
	struct buf *b = &m->span;

	json_open(b, "status", '{');
	json_add_int(b, "code", 2);
	if (json_is(message, JSON_STRING)) {
		json_add(b, "message", message);
	} else if (!json_is_null(message)) {
		m->value.len = 0;
		json_compact(&m->value, message);
		json_add_text(b, "message", m->value.p, m->value.len);
	}
	json_close(b, '}');
}

void
spanmake_attributes(struct spanmake *m)
{
	json_open(&m->span, "attributes", '[');
}

void
spanmake_str(struct spanmake *m, const char *key, const char *s)
{
	otlpattr_str(&m->span, key, s);
}

void
spanmake_json(struct spanmake *m, const char *key, struct json_span v)
{
	if (!json_is_null(v))
		otlpattr_text(&m->span, key, v.p, v.n);
}

void
spanmake_put(struct spanmake *m, const char *key, struct json_span v)
{
	const char *type = "stringValue";

	if (json_is_null(v))
		return;
	if (json_is(v, JSON_OBJECT) || json_is(v, JSON_ARRAY)) {
		spanmake_json(m, key, v);
		return;
	}
	if (!json_is(v, JSON_STRING))
		type = json_is(v, JSON_NUMBER) ? "doubleValue" : "boolValue";
	otlpattr_begin(&m->span, key);
	json_add(&m->span, type, v);
	otlpattr_end(&m->span);
}

void
spanmake_input(struct spanmake *m, struct json_span v)
{
	spanmake_json(m, "fluxloop.import.input", v);
}

void
spanmake_output(struct spanmake *m, struct json_span v)
{
	spanmake_json(m, "fluxloop.import.output", v);
}

void
spanmake_usage(struct spanmake *m, struct json_span v)
{
	if (json_is(v, JSON_OBJECT))
		spanmake_json(m, "fluxloop.import.usage", v);
}

const struct buf *
spanmake_end(struct spanmake *m)
{
	json_close(&m->span, ']');
	json_close(&m->span, '}');
	buf_str(&m->span);
	return &m->span;
}

/* Adds the texts to a hash. */
static uint64_t
spanmake_hash(uint64_t seed, const struct json_span *texts, size_t n)
{
	struct buf compact = { 0 };
	uint64_t hash = seed;
	size_t i;

	for (i = 0; i < n; i++) {
		compact.len = 0;
		/* of JSON, however it is laid out */
		if (texts[i].p && strchr("{[", *texts[i].p))
			json_compact(&compact, texts[i]);
		else if (texts[i].p)
			buf_add(&compact, texts[i].p, texts[i].n);
		hash = hash_bytes(hash, i, buf_str(&compact), compact.len);
	}
	buf_release(&compact);
	return hash ? hash : 1;
}

void
spanmake_id(struct buf *b, const struct json_span *texts, size_t n)
{
	buf_byte(b, '"');
	buf_hex(b, spanmake_hash(1, texts, n), 16);
	buf_byte(b, '"');
	buf_str(b);
}

void
spanmake_trace_id(struct buf *b, const struct json_span *texts, size_t n)
{
	buf_byte(b, '"');
	buf_hex(b, spanmake_hash(2, texts, n), 16);
	buf_hex(b, spanmake_hash(3, texts, n), 16);
	buf_byte(b, '"');
	buf_str(b);
}
