#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/util.h"
#include "otlpval.h"

/* The most segments of a flattened key; the last one holds the rest. */
#define SEGMENTS 16

/* 1 if a key with its quotes is name, apart from case and underscores. */
static int
key_is(struct json_span key, const char *name)
{
	const char *p = key.p + 1, *end = key.p + key.n - 1;

	for (; p < end; p++) {
		if (*p == '_')
			continue;
		if (!*name || (*p | 0x20) != (*name | 0x20))
			return 0;
		name++;
	}
	return !*name;
}

size_t
otlpval_key(struct json_span key, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (key_is(key, names[i]))
			break;
	return i;
}

const char *
otlpval_fields(const char *p, const char *const *names,
    struct json_span *values, size_t count)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	size_t i;

	memset(values, 0, count * sizeof(*values));
	if (!p || *p != '{')
		return p ? json_end(p) : NULL;
	value.p = p;
	value.n = 0;
	it = json_each(value);
	while (json_next(&it, &key, &value)) {
		i = otlpval_key(key, names, count);
		if (i < count && json_type(value) != JSON_NULL)
			values[i] = value;
	}
	return it.p + 1;
}

static int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* Reads exactly size bytes; dashes between the digits are skipped. */
static int
read_hex(const char *p, size_t n, unsigned char *to, size_t size)
{
	size_t i, digits = 0;
	int d;

	for (i = 0; i < n; i++) {
		if (p[i] == '-')
			continue;
		d = hex_digit((unsigned char)p[i]);
		if (d < 0 || digits == 2 * size)
			return -1;
		if (digits % 2)
			to[digits / 2] = (unsigned char)(to[digits / 2] |
			    d);
		else
			to[digits / 2] = (unsigned char)(d << 4);
		digits++;
	}
	return digits == 2 * size ? 0 : -1;
}

/* Reads exactly size bytes from base64, with or without '=' at the end. */
static int
read_base64(const char *p, size_t n, unsigned char *to, size_t size)
{
	while (n && p[n - 1] == '=')
		n--;
	return n == (size * 8 + 5) / 6 && base64_decode((char *)to, p, n) ==
	    (ssize_t)size ? 0 : -1;
}

/* The digits of an id, without "0x" and the quotes. */
static struct json_span
id_digits(struct json_span id)
{
	struct json_span v = { id.p + 1, id.n - 2 };

	if (v.n > 2 && v.p[0] == '0' && (v.p[1] | 0x20) == 'x') {
		v.p += 2;
		v.n -= 2;
	}
	return v;
}

int
otlpval_id(struct buf *b, struct json_span id, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16] = { 0 };
	struct json_span v;
	size_t i;

	if (!json_is(id, JSON_STRING))
		return -1;
	v = id_digits(id);
	if (read_hex(v.p, v.n, bytes, size) &&
	    read_base64(id.p + 1, id.n - 2, bytes, size))
		return -1;
	for (i = 0; i < size && !bytes[i]; i++)
		;
	if (i == size)
		return -1;
	for (i = 0; i < size; i++) {
		buf_byte(b, digits[bytes[i] >> 4]);
		buf_byte(b, digits[bytes[i] & 15]);
	}
	return 0;
}

int
otlpval_no_id(struct json_span id)
{
	struct json_span v;

	if (!json_is(id, JSON_STRING))
		return 1;
	v = id_digits(id);
	/* zeros mean that there is no id */
	return strspn(v.p, "0=A-") >= v.n;
}

int
otlpval_trace_id(struct buf *b, struct json_span id)
{
	static const size_t cuts[] = { 8, 4, 4, 4, 12 };
	struct buf hex = { 0 };
	size_t i, at = 0;

	if (otlpval_id(&hex, id, 16)) {
		buf_release(&hex);
		if (otlpval_no_id(id))
			return -1;
		json_compact(b, id);
		return 0;
	}
	for (i = 0; i < LEN(cuts); i++) {
		buf_byte(b, i ? '-' : '"');
		buf_add(b, hex.p + at, cuts[i]);
		at += cuts[i];
	}
	buf_byte(b, '"');
	buf_release(&hex);
	return 0;
}

uint64_t
otlpval_time(struct json_span v)
{
	uint64_t t = 0;
	size_t i;
	double d;

	if (json_is(v, JSON_STRING)) {
		v.p++;
		v.n -= 2;
	} else if (!json_is(v, JSON_NUMBER)) {
		return 0;
	}
	for (i = 0; i < v.n && v.p[i] >= '0' && v.p[i] <= '9'; i++) {
		if (t > (UINT64_MAX - 9) / 10)
			return 0;
		t = t * 10 + (uint64_t)(v.p[i] - '0');
	}
	if (i == v.n)
		return t;
	/* a number with a fraction or an exponent */
	if (!json_double(v, &d) || !(d > 0 && d < 18e18))
		return 0;
	return (uint64_t)d;
}

/* 1 if v ends in name, apart from case, at the start of a word. */
static int
ends_in_word(struct json_span v, const char *name)
{
	size_t n = strlen(name);

	return v.n >= n && !strncasecmp(v.p + v.n - n, name, n) &&
	    (v.n == n || strchr("_.", v.p[v.n - n - 1]));
}

int
otlpval_enum(struct json_span v, const char *const *names, size_t n)
{
	struct json_span s = v;
	size_t i;
	double d;

	if (json_is(v, JSON_STRING)) {
		s.p++;
		s.n -= 2;
		for (i = 0; i < n; i++)
			if (ends_in_word(s, names[i]))
				return (int)i;
	}
	if (s.n == 1 && *s.p >= '0' && *s.p <= '9')
		return *s.p - '0';
	return json_double(v, &d) && d > 0 && d < 100 ? (int)d : 0;
}

int
otlpval_next(struct json_iter *it, struct otlpval_pair *pair)
{
	static const char *const names[] = { "key", "value" };
	struct json_span unused, v[2];

	while (json_enter(it, &unused)) {
		it->p = otlpval_fields(it->p, names, v, LEN(names));
		if (!json_is(v[0], JSON_STRING))
			continue;
		pair->key = v[0];
		pair->value = v[1];
		return 1;
	}
	it->p--;	/* further calls return 0 too */
	return 0;
}

/* The types of an AnyValue. */
enum {
	VALUE_STRING, VALUE_BOOL, VALUE_INT, VALUE_DOUBLE, VALUE_BYTES,
	VALUE_ARRAY, VALUE_KVLIST,
	VALUE_TYPES
};

static const char *const value_names[VALUE_TYPES] = {
	[VALUE_STRING] = "stringValue",
	[VALUE_BOOL] = "boolValue",
	[VALUE_INT] = "intValue",
	[VALUE_DOUBLE] = "doubleValue",
	[VALUE_BYTES] = "bytesValue",
	[VALUE_ARRAY] = "arrayValue",
	[VALUE_KVLIST] = "kvlistValue"
};

/* Finds the value in an AnyValue. Returns its type; VALUE_TYPES if empty. */
static int
open_any(struct json_span any, struct json_span *value)
{
	struct json_span v[VALUE_TYPES];
	int i;

	otlpval_fields(any.p, value_names, v, VALUE_TYPES);
	for (i = 0; i < VALUE_TYPES && !v[i].p; i++)
		;
	if (i < VALUE_TYPES)
		*value = v[i];
	return i;
}

struct json_span
otlpval_string(struct json_span any)
{
	struct json_span v = { 0 };

	if (json_is(any, JSON_STRING))
		return any;
	if (open_any(any, &v) != VALUE_STRING || !json_is(v, JSON_STRING))
		v.p = NULL;
	return v;
}

/* Appends a number, which may be a string; NaN and infinities become null. */
static void
otlpval_put_number(struct buf *b, struct json_span v)
{
	struct json_span bare = { v.p + 1, v.n - 2 };
	struct json_fault f;

	if (!json_is(v, JSON_STRING)) {
		json_compact(b, v);
	} else if (json_scan(bare.p, bare.n, JSON_NAN, NULL, NULL, 0, &f) >= 0
	    && strchr("-0123456789NI", *bare.p)) {
		json_compact(b, bare);
	} else {
		json_compact(b, v);
	}
}

/* 1 for an object that is not an AnyValue, not even one without a value. */
static int
is_plain_object(struct json_span any)
{
	struct json_iter it = json_each(any);
	struct json_span key = { 0 };

	return json_enter(&it, &key) &&
	    otlpval_key(key, value_names, VALUE_TYPES) == VALUE_TYPES;
}

/* An array or kvlist that is being written. */
struct any_level {
	struct json_iter it;
	int type;
};

struct any_levels {
	struct any_level *p;
	size_t n;
	size_t cap;
};

static void
enter_any(struct any_levels *l, struct buf *b, struct json_span list, int type)
{
	static const char *const names[] = { "values" };
	struct json_span values;

	buf_byte(b, type == VALUE_ARRAY ? '[' : '{');
	otlpval_fields(list.p, names, &values, 1);
	if (!json_is(values, JSON_ARRAY)) {
		buf_byte(b, type == VALUE_ARRAY ? ']' : '}');
		return;
	}
	ALLOC_GROW(l->p, l->n + 1, l->cap);
	l->p[l->n].it = json_each(values);
	l->p[l->n++].type = type;
}

/* Appends an AnyValue, or the beginning of one that contains others. */
static void
put_any(struct any_levels *l, struct buf *b, struct json_span any)
{
	struct json_span v = any;
	int type;

	if (!any.p) {
		buf_puts(b, "null");
		return;
	}
	/* a plain value is as good as an AnyValue */
	if (json_type(any) != JSON_OBJECT) {
		json_compact(b, any);
		return;
	}
	type = open_any(any, &v);
	switch (type) {
	case VALUE_INT:
	case VALUE_DOUBLE:
		otlpval_put_number(b, v);
		break;
	case VALUE_ARRAY:
	case VALUE_KVLIST:
		enter_any(l, b, v, type);
		break;
	case VALUE_TYPES:
		if (is_plain_object(any))
			json_compact(b, any);
		else
			buf_puts(b, "null");
		break;
	default:
		json_compact(b, v);
	}
}

void
otlpval_put(struct buf *b, struct json_span any)
{
	struct json_span unused;
	struct otlpval_pair pair;
	struct any_levels l = { 0 };
	struct any_level *top;
	int more;

	put_any(&l, b, any);
	while (l.n) {
		top = &l.p[l.n - 1];
		if (top->type == VALUE_ARRAY)
			more = json_next(&top->it, &unused, &pair.value);
		else
			more = otlpval_next(&top->it, &pair);
		if (!more) {
			buf_byte(b, top->type == VALUE_ARRAY ? ']' : '}');
			l.n--;
			continue;
		}
		json_comma(b);
		if (top->type == VALUE_KVLIST) {
			json_compact(b, pair.key);
			buf_byte(b, ':');
		}
		put_any(&l, b, pair.value);
	}
	free(l.p);
}

/* A flattened attribute. */
struct flat_leaf {
	struct json_span part[SEGMENTS];	/* segments of the key */
	size_t parts;
	struct json_span value;
	size_t key;		/* offset of the key's text */
	size_t len;		/* length of the key's text, in bytes */
};

static int
otlpval_is_number(struct json_span part)
{
	size_t i;

	for (i = 0; i < part.n; i++)
		if (part.p[i] < '0' || part.p[i] > '9')
			return 0;
	return part.n > 0;
}

int
otlpval_nested(struct json_span key, const char *prefix)
{
	size_t n = strlen(prefix);

	return key.n > n + 2 && !memcmp(key.p + 1, prefix, n) &&
	    key.p[n + 1] >= '0' && key.p[n + 1] <= '9';
}

/* 1 for a segment that OpenInference puts between a number and a field. */
static int
is_filler(struct json_span part)
{
	static const char *const words[] = {
		"message", "message_content", "tool_call"
	};
	size_t i;

	for (i = 0; i < LEN(words); i++)
		if (part.n == strlen(words[i]) &&
		    !memcmp(part.p, words[i], part.n))
			return 1;
	return 0;
}

static void
otlpval_split(struct flat_leaf *l, const char *texts)
{
	const char *p = texts + l->key, *end = p + l->len, *dot;
	struct json_span part;

	for (l->parts = 0; p <= end; p = dot + 1) {
		dot = memchr(p, '.', (size_t)(end - p));
		if (!dot || l->parts == SEGMENTS - 1)
			dot = end;
		part.p = p;
		part.n = (size_t)(dot - p);
		if (dot < end && l->parts && otlpval_is_number(l->part[l->parts
		    - 1]) && is_filler(part))
			continue;
		l->part[l->parts++] = part;
	}
}

static int
is_role(struct json_span part)
{
	return part.n == 4 && !memcmp(part.p, "role", 4);
}

/*
 * Compares segments: names come before numbers, numbers are ordered by value,
 * and "role" comes first of all names.
 */
static int
compare_parts(struct json_span a, struct json_span b)
{
	int x = otlpval_is_number(a), y = otlpval_is_number(b), c;

	if (x != y)
		return x - y;
	if (is_role(a) != is_role(b))
		return is_role(b) - is_role(a);
	for (; x && a.n > 1 && *a.p == '0'; a.n--)
		a.p++;
	for (; y && b.n > 1 && *b.p == '0'; b.n--)
		b.p++;
	if (x && a.n != b.n)
		return a.n < b.n ? -1 : 1;
	c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int
otlpval_by_path(const void *x, const void *y)
{
	const struct flat_leaf *a = x, *b = y;
	size_t i;
	int c;

	for (i = 0; i < a->parts && i < b->parts; i++) {
		c = compare_parts(a->part[i], b->part[i]);
		if (c)
			return c;
	}
	c = (a->parts > b->parts) - (a->parts < b->parts);
	/* equal paths keep their order */
	return c ? c : (a->key > b->key) - (a->key < b->key);
}

/* Finds the attributes whose keys begin with prefix and a number. */
static struct flat_leaf *
find_leaves(const struct otlpval_pair *pairs, size_t npairs,
    const char *prefix, struct buf *texts, size_t *n)
{
	struct flat_leaf *leaves = NULL;
	size_t cap = 0, i;

	*n = 0;
	for (i = 0; i < npairs; i++) {
		if (!otlpval_nested(pairs[i].key, prefix))
			continue;
		ALLOC_GROW(leaves, *n + 1, cap);
		memset(&leaves[*n], 0, sizeof(*leaves));
		leaves[*n].value = pairs[i].value;
		leaves[*n].key = texts->len + strlen(prefix);
		json_text(texts, pairs[i].key);
		leaves[*n].len = texts->len - leaves[*n].key;
		++*n;
	}
	for (i = 0; i < *n; i++)
		otlpval_split(&leaves[i], texts->p);
	return leaves;
}

/* The number of first segments in common, without the last segment. */
static size_t
count_common(const struct flat_leaf *a, const struct flat_leaf *b)
{
	size_t i;

	for (i = 0; i + 1 < a->parts && i + 1 < b->parts; i++)
		if (compare_parts(a->part[i], b->part[i]))
			break;
	return i;
}

/* The open brackets. */
struct nest {
	char close[SEGMENTS];
	size_t n;
};

/* Closes brackets until n are open. */
static void
close_down_to(struct buf *b, struct nest *open, size_t n)
{
	while (open->n > n)
		buf_byte(b, open->close[--open->n]);
}

/* Appends a leaf whose first shared segments are open already. */
static void
put_leaf(struct buf *b, struct nest *open, const struct flat_leaf *l,
    size_t shared)
{
	size_t i;

	for (i = shared; i < l->parts; i++) {
		/* the first segment decides whether it is an array */
		if (i == open->n) {
			open->close[open->n++] = otlpval_is_number(l->part[i])
			    ? ']' : '}';
			buf_byte(b, otlpval_is_number(l->part[i]) ? '[' : '{');
		}
		json_comma(b);
		if (open->close[i] == '}') {
			json_put_text(b, l->part[i].p, l->part[i].n);
			buf_byte(b, ':');
		}
	}
	otlpval_put(b, l->value);
}

size_t
otlpval_nest(struct buf *b, const struct otlpval_pair *pairs, size_t npairs,
    const char *prefix)
{
	struct nest open = { .n = 0 };
	struct buf texts = { 0 };
	struct flat_leaf *leaves;
	size_t n, i, shared;

	leaves = find_leaves(pairs, npairs, prefix, &texts, &n);
	if (n)
		qsort(leaves, n, sizeof(*leaves), otlpval_by_path);
	for (i = 0; i < n; i++) {
		shared = i ? count_common(&leaves[i - 1], &leaves[i]) : 0;
		if (i)
			close_down_to(b, &open, shared + 1);
		put_leaf(b, &open, &leaves[i], shared);
	}
	close_down_to(b, &open, 0);
	free(leaves);
	buf_release(&texts);
	return n;
}
