#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "path.h"

/* The length of the path's first name. */
static size_t
path_first_name(const char *path)
{
	return strcspn(path, ".");
}

/*
 * Sets *index to the index that a name of n bytes stands for in an array of
 * count elements: digits count from 0, "-1" is the last element. Returns 1, or
 * 0 if the array has no such element.
 */
static int
element_index(const char *name, size_t n, size_t count, size_t *index)
{
	size_t i = n > 1 && *name == '-', number = 0;
	int back = i != 0;

	if (!n)
		return 0;
	for (; i < n; i++) {
		if (name[i] < '0' || name[i] > '9' || number > 100000000)
			return 0;
		number = number * 10 + (size_t)(name[i] - '0');
	}
	if (back ? number < 1 || number > count : number >= count)
		return 0;
	*index = back ? count - number : number;
	return 1;
}

static struct json_span
element(struct json_span array, const char *name, size_t n)
{
	struct json_span key, value = { 0 }, none = { 0 };
	struct json_iter it;
	size_t i, count = 0, want;

	/* only from the end is the number of elements of use */
	if (n && *name == '-')
		for (it = json_each(array); json_next(&it, &key, &value); )
			count++;
	else
		count = SIZE_MAX;
	if (!element_index(name, n, count, &want))
		return none;
	it = json_each(array);
	for (i = 0; json_next(&it, &key, &value); i++)
		if (i == want)
			return value;
	return none;
}

static struct json_span
field(struct json_span object, const char *name, size_t n)
{
	struct json_span key = { 0 }, value, found = { 0 };
	struct json_iter it;

	for (it = json_each(object); json_next(&it, &key, &value); )
		if (json_equal(key, name, n))
			found = value;
	return found;
}

/* What the name of n bytes leads to from v. */
static struct json_span
path_step(struct json_span v, const char *name, size_t n)
{
	struct json_span none = { 0 };

	switch (json_type(v)) {
	case JSON_OBJECT:
		return field(v, name, n);
	case JSON_ARRAY:
		return element(v, name, n);
	default:
		return none;
	}
}

struct json_span
path_get(struct json_span root, const char *path)
{
	struct json_span v = root, down;
	size_t n;

	while (v.p) {
		n = path_first_name(path);
		down = path_step(v, path, n);
		if (!down.p && path[n])
			return path_step(v, path, strlen(path));
		v = down;
		if (!path[n])
			break;
		path += n + 1;
	}
	return v;
}

/* Appends root with the bytes of old replaced. */
static void
path_replace(struct buf *b, struct json_span root, struct json_span old,
    struct json_span value)
{
	buf_add(b, root.p, (size_t)(old.p - root.p));
	buf_add(b, value.p, value.n);
	buf_add(b, old.p + old.n,
	    (size_t)(root.p + root.n - (old.p + old.n)));
}

/* Appends root with a field added at the end of object, which is in it. */
static void
add_field(struct buf *b, struct json_span root, struct json_span object,
    const char *name, struct json_span value)
{
	const char *close = object.p + object.n - 1;
	struct json_span key, any;
	struct json_iter it = json_each(object);

	buf_add(b, root.p, (size_t)(close - root.p));
	if (json_next(&it, &key, &any))
		buf_byte(b, ',');
	json_put_text(b, name, strlen(name));
	buf_byte(b, ':');
	buf_add(b, value.p, value.n);
	buf_add(b, close, (size_t)(root.p + root.n - close));
}

int
path_set(struct buf *b, struct json_span root, const char *path,
    struct json_span value)
{
	struct json_span old, object = root;
	struct buf parent = { 0 };
	const char *dot;

	old = path_get(root, path);
	if (old.p) {
		path_replace(b, root, old, value);
		return 0;
	}
	dot = strrchr(path, '.');
	if (dot) {
		buf_add(&parent, path, (size_t)(dot - path));
		object = path_get(root, buf_str(&parent));
		buf_release(&parent);
	}
	if (!json_is(object, JSON_OBJECT))
		return -1;
	add_field(b, root, object, dot ? dot + 1 : path, value);
	return 0;
}

/*
 * Walks over the value at *p and moves *p to its end. Recurses once for each
 * level; json_depth limits them.
 */
static int
walk(struct buf *path, const char **p,
    int (*each)(void *, const char *, struct json_span), void *arg)
{
	struct json_span key = { 0 }, string;
	struct json_iter it;
	size_t len = path->len, i;
	int r = 0, object = **p == '{';

	if (!object && **p != '[') {
		string.p = *p;
		*p = json_end(*p);
		string.n = (size_t)(*p - string.p);
		return *string.p == '"' ? each(arg, buf_str(path), string) : 0;
	}
	it.p = *p + 1;
	for (i = 0; !r && json_enter(&it, &key); i++) {
		if (len)
			buf_byte(path, '.');
		if (object)
			json_text(path, key);
		else
			buf_printf(path, "%zu", i);
		r = walk(path, &it.p, each, arg);
		path->len = len;
	}
	*p = it.p;
	return r;
}

int
path_strings(struct json_span root,
    int (*each)(void *, const char *, struct json_span), void *arg)
{
	struct buf path = { 0 };
	int r;

	r = walk(&path, &root.p, each, arg);
	buf_release(&path);
	return r;
}
