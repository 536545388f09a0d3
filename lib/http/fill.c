#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/path.h"
#include "fill.h"

void
fill_put_path(struct buf *b, const char *path)
{
	if (!strcmp(path, "$") || !strcmp(path, "json"))
		return;
	if (!strncmp(path, "$.", 2))
		path += 2;
	else if (!strncmp(path, "json.", 5))
		path += 5;
	for (; *path; path++) {
		if (*path == '[') {
			if (b->len && b->p[b->len - 1] != '.')
				buf_byte(b, '.');
		} else if (*path != ']') {
			buf_byte(b, *path);
		}
	}
}

/* Returns the value for a hole; absent if there is none. */
static struct json_span
hole_value(const struct fill *f, const char *path)
{
	struct buf dotted = { 0 };
	struct json_span v;
	const char *name;

	fill_put_path(&dotted, path);
	name = buf_str(&dotted);
	if (!strcmp(name, "prompt")) {
		v = json_get(f->request, "input");
	} else if (!strcmp(name, "messages")) {
		v = f->messages;
	} else if (!strncmp(name, "messages.", 9)) {
		v = path_get(f->messages, name + 9);
	} else {
		v = path_get(f->request, name);
	}
	buf_release(&dotted);
	return v;
}

void
fill_put_text(struct buf *b, struct json_span v)
{
	if (json_is(v, JSON_STRING))
		json_text(b, v);
	else if (v.p)
		json_compact(b, v);
}

/* The length of the hole {{NAME}} at s, or 0; name is set to its NAME. */
static size_t
hole_length(const char *s, struct buf *name)
{
	const char *end = strncmp(s, "{{", 2) ? NULL : strstr(s, "}}");
	const char *from = s + 2, *to = end;

	if (!end)
		return 0;
	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	name->len = 0;
	buf_add(name, from, (size_t)(to - from));
	/* braces around anything else are text */
	if (strcspn(buf_str(name), " \t\n{}\"'") != name->len || !name->len)
		return 0;
	return (size_t)(end + 2 - s);
}

static int
fill_missing(struct err *e, const char *path)
{
	return err_set(e, 0, 0, "the body's template: the request has nothing "
	    "at '%s'", path);
}

/* Appends a hole's value as JSON. */
static int
put_hole(const struct fill *f, const char *path, struct buf *b, struct err *e)
{
	struct json_span v = hole_value(f, path);

	if (!v.p)
		return fill_missing(e, path);
	json_compact(b, v);
	return 0;
}

/* Appends the text of a string with the values of the holes in it. */
static int
put_holes(const struct fill *f, const char *s, struct buf *text,
    struct err *e)
{
	struct buf name = { 0 };
	struct json_span v;
	size_t n;
	int bad = 0;

	while (*s && !bad) {
		n = hole_length(s, &name);
		if (!n) {
			buf_byte(text, *s++);
			continue;
		}
		v = hole_value(f, name.p);
		if (!v.p)
			bad = fill_missing(e, name.p);
		fill_put_text(text, v);
		s += n;
	}
	buf_release(&name);
	return bad;
}

static int
fill_put_string(const struct fill *f, struct json_span v, struct buf *b,
    struct err *e)
{
	struct buf text = { 0 }, name = { 0 }, filled = { 0 };
	const char *s;
	int bad = 0;

	json_text(&text, v);
	s = buf_str(&text);
	if (strlen(s) == text.len && !strncmp(s, "$.", 2)) {
		bad = put_hole(f, s, b, e);
	} else if (strlen(s) == text.len && text.len &&
	    hole_length(s, &name) == text.len) {
		bad = put_hole(f, name.p, b, e);
	} else if (strstr(s, "{{")) {
		bad = put_holes(f, s, &filled, e);
		json_put_text(b, filled.p, filled.len);
	} else if (!strncmp(s, "$$", 2)) {
		json_put_text(b, s + 1, text.len - 1);
	} else {
		buf_add(b, v.p, v.n);
	}
	buf_release(&text);
	buf_release(&name);
	buf_release(&filled);
	return bad;
}

int
fill_put(const struct fill *f, struct json_span v, struct buf *b,
    struct err *e)
{
	struct json_span key = { 0 }, item;
	struct json_iter it;
	int bad = 0, object = json_is(v, JSON_OBJECT);

	if (json_is(v, JSON_STRING))
		return fill_put_string(f, v, b, e);
	if (!object && !json_is(v, JSON_ARRAY)) {
		json_compact(b, v);
		return 0;
	}
	buf_byte(b, object ? '{' : '[');
	for (it = json_each(v); !bad && json_next(&it, &key, &item); ) {
		json_comma(b);
		if (object) {
			buf_add(b, key.p, key.n);
			buf_byte(b, ':');
		}
		bad = fill_put(f, item, b, e);
	}
	buf_byte(b, object ? '}' : ']');
	return bad;
}

void
fill_put_encoded(struct buf *b, const char *p, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char c;
	size_t i;

	for (i = 0; i < n; i++) {
		c = (unsigned char)p[i];
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || (c && strchr("-._~", c))) {
			buf_byte(b, p[i]);
		} else {
			buf_byte(b, '%');
			buf_byte(b, digits[c >> 4]);
			buf_byte(b, digits[c & 15]);
		}
	}
}

static void
put_form_pair(struct buf *b, struct json_span key, struct json_span value)
{
	struct buf text = { 0 };

	if (json_is_null(value))
		return;
	json_text(&text, key);
	if (b->len && !strchr("&?", b->p[b->len - 1]))
		buf_byte(b, '&');
	fill_put_encoded(b, text.p, text.len);
	text.len = 0;
	fill_put_text(&text, value);
	buf_byte(b, '=');
	fill_put_encoded(b, text.p, text.len);
	buf_release(&text);
}

int
fill_put_form(const struct fill *f, struct json_span object, struct buf *b,
    struct err *e)
{
	struct buf filled = { 0 };
	struct json_span key = { 0 }, v, item, any;
	struct json_iter it, in;
	int bad;

	bad = fill_put(f, object, &filled, e);
	if (!bad && !json_is(json_buf(&filled), JSON_OBJECT))
		bad = err_set(e, 0, 0, "a form needs a mapping of names to "
		    "values, not %s", json_type_name(json_type(
		    json_buf(&filled))));
	if (!bad)
		for (it = json_each(json_buf(&filled));
		    json_next(&it, &key, &v); ) {
			if (!json_is(v, JSON_ARRAY)) {
				put_form_pair(b, key, v);
				continue;
			}
			for (in = json_each(v); json_next(&in, &any, &item); )
				put_form_pair(b, key, item);
		}
	buf_release(&filled);
	return bad;
}
