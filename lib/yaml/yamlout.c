#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "io/out.h"
#include "yamlout.h"

struct yamlout {
	yaml_emitter_t emitter;
	int failed;		/* 1: an event could not be written */
};

/* The emitter's output handler. */
static int
write_yaml(void *arg, unsigned char *p, size_t n)
{
	return out_put(arg, p, n) == 0;
}

/* Emits an event; made is 0 if there was no memory for it. */
static int
emit(struct yamlout *y, yaml_event_t *ev, int made)
{
	if (!made)
		die_memory(0);
	if (!yaml_emitter_emit(&y->emitter, ev)) {
		if (y->emitter.error == YAML_MEMORY_ERROR)
			die_memory(0);
		y->failed = 1;
	}
	return y->failed ? -1 : 0;
}

struct yamlout *
yamlout_new(struct out *o, char bracket)
{
	struct yamlout *y;
	yaml_event_t ev;

	y = xcalloc(1, sizeof(*y));
	if (!yaml_emitter_initialize(&y->emitter))
		die_memory(0);
	yaml_emitter_set_output(&y->emitter, write_yaml, o);
	yaml_emitter_set_unicode(&y->emitter, 1);
	yaml_emitter_set_width(&y->emitter, -1);
	emit(y, &ev, yaml_stream_start_event_initialize(&ev,
	    YAML_UTF8_ENCODING));
	emit(y, &ev, yaml_document_start_event_initialize(&ev, NULL, NULL,
	    NULL, 1));
	yamlout_bracket(y, bracket);
	return y;
}

int
yamlout_close(struct yamlout *y)
{
	yaml_event_t ev;
	int failed;

	emit(y, &ev, yaml_document_end_event_initialize(&ev, 1));
	emit(y, &ev, yaml_stream_end_event_initialize(&ev));
	failed = y->failed;
	yaml_emitter_delete(&y->emitter);
	free(y);
	return failed ? -1 : 0;
}

int
yamlout_bracket(struct yamlout *y, char bracket)
{
	yaml_event_t ev;

	switch (bracket) {
	case '{':
		return emit(y, &ev, yaml_mapping_start_event_initialize(&ev,
		    NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
	case '[':
		return emit(y, &ev, yaml_sequence_start_event_initialize(&ev,
		    NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
	case '}':
		return emit(y, &ev, yaml_mapping_end_event_initialize(&ev));
	default:
		return emit(y, &ev, yaml_sequence_end_event_initialize(&ev));
	}
}

/* Appends text with U+FFFD for lone surrogates, which YAML cannot hold. */
static void
put_clean(struct buf *b, const char *s, size_t n)
{
	size_t i = 0, good;

	while (i < n) {
		good = utf8_check(s + i, n - i);
		buf_add(b, s + i, good);
		i += good;
		if (i < n) {
			utf8_put(b, 0xfffd);
			i += n - i >= 3 && (unsigned char)s[i] == 0xed ? 3 : 1;
		}
	}
}

static int
emit_scalar(struct yamlout *y, const char *s, size_t n,
    yaml_scalar_style_t style)
{
	yaml_event_t ev;
	struct buf b = { 0 };
	int r = -1, plain = style == YAML_PLAIN_SCALAR_STYLE;

	put_clean(&b, s, n);
	if (b.len > INT_MAX)
		y->failed = 1;
	else
		r = emit(y, &ev, yaml_scalar_event_initialize(&ev, NULL, NULL,
		    (yaml_char_t *)buf_str(&b), (int)b.len, plain, !plain,
		    style));
	buf_release(&b);
	return r;
}

/* Whether every YAML reader reads the n bytes without quotes as a string. */
static int
is_simple_key(const char *s, size_t n)
{
	static const char *const words[] = {
		"y", "n", "yes", "no", "on", "off", "true", "false", "null"
	};
	size_t i;

	if (!n || n > 100)
		return 0;
	for (i = 0; i < n; i++)
		if (!((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z') &&
		    s[i] != '_' && !(i && s[i] >= '0' && s[i] <= '9') &&
		    !(i && s[i] == '-'))
			return 0;
	for (i = 0; i < LEN(words); i++)
		if (strlen(words[i]) == n && !strncasecmp(words[i], s, n))
			return 0;
	return 1;
}

static int
emit_key(struct yamlout *y, const char *s, size_t n)
{
	return emit_scalar(y, s, n, is_simple_key(s, n) ?
	    YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

int
yamlout_key(struct yamlout *y, const char *key)
{
	return emit_key(y, key, strlen(key));
}

static int emit_value(struct yamlout *y, const char **p);

/* Writes the array or object at *p, and moves *p to its end. */
static int
emit_container(struct yamlout *y, const char **p)
{
	struct buf text = { 0 };
	struct json_span key = { 0 };
	struct json_iter it;
	int object = **p == '{';

	yamlout_bracket(y, object ? '{' : '[');
	it.p = *p + 1;
	while (json_enter(&it, &key)) {
		if (object) {
			text.len = 0;
			json_text(&text, key);
			emit_key(y, buf_str(&text), text.len);
		}
		emit_value(y, &it.p);
	}
	*p = it.p;
	buf_release(&text);
	return yamlout_bracket(y, object ? '}' : ']');
}

/* Writes a number so that YAML 1.1 and 1.2 read it alike: 1e5 as 1.0e+5. */
static int
emit_number(struct yamlout *y, struct json_span v)
{
	struct buf b = { 0 };
	const char *e;
	size_t i;
	int r, dot = memchr(v.p, '.', v.n) != NULL;

	for (i = 0; i < v.n; i++) {
		e = (v.p[i] | 0x20) == 'e' ? v.p + i : NULL;
		if (e && !dot)
			buf_puts(&b, ".0");
		buf_byte(&b, v.p[i]);
		if (e && i + 1 < v.n && v.p[i + 1] != '+' && v.p[i + 1] != '-')
			buf_byte(&b, '+');
	}
	r = emit_scalar(y, b.p, b.len, YAML_PLAIN_SCALAR_STYLE);
	buf_release(&b);
	return r;
}

/* Writes the value at *p, and moves *p to its end. */
static int
emit_value(struct yamlout *y, const char **p)
{
	struct json_span v = { *p, 0 };
	struct buf text = { 0 };
	int r;

	if (**p == '{' || **p == '[')
		return emit_container(y, p);
	*p = json_end(*p);
	v.n = (size_t)(*p - v.p);
	switch (json_type(v)) {
	case JSON_STRING:
		json_text(&text, v);
		r = emit_scalar(y, buf_str(&text), text.len,
		    YAML_DOUBLE_QUOTED_SCALAR_STYLE);
		buf_release(&text);
		return r;
	case JSON_NUMBER:
		return emit_number(y, v);
	default:
		return emit_scalar(y, v.p, v.n, YAML_PLAIN_SCALAR_STYLE);
	}
}

int
yamlout_value(struct yamlout *y, struct json_span v)
{
	return emit_value(y, &v.p);
}
