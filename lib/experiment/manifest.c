#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/hash.h"
#include "base/util.h"
#include "json/isotime.h"
#include "json/tree.h"
#include "io/plain.h"
#include "io/readfile.h"
#include "record/excerpt.h"
#include "record/secret.h"
#include "config/config.h"
#include "config/env.h"
#include "config/schema.h"
#include "manifest.h"

/* The number of differences that are reported one by one. */
#define SAID_MAX 20

/* Values are cut to about this many bytes in messages. */
#define SHOWN_MAX 60

/* --- leaves: the values of a tree, by their dotted paths ------------------ */

struct leaf {
	const char *path;
	size_t len;
	size_t at;		/* offset of path in the text while that
				   grows */
	struct json_span value;	/* a scalar, or an empty list or mapping */
};

struct leaves {
	struct leaf *leaf;
	size_t n;
	size_t cap;
	struct buf paths;
};

/* A container that the walk is in. */
struct level {
	size_t path;		/* the length of its path */
	size_t index;		/* index of the next element */
};

struct levels {
	struct level *level;
	size_t n;
	size_t cap;
};

static void
descend(struct levels *l, size_t path)
{
	ALLOC_GROW(l->level, l->n + 1, l->cap);
	l->level[l->n].path = path;
	l->level[l->n++].index = 0;
}

static void
add_leaf(struct leaves *all, const struct buf *path, struct json_span value)
{
	struct leaf *l;

	ALLOC_GROW(all->leaf, all->n + 1, all->cap);
	l = &all->leaf[all->n++];
	l->at = all->paths.len;
	l->len = path->len;
	l->value = value;
	buf_add(&all->paths, path->p, path->len);
}

static int
manifest_by_path(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;
	int order = memcmp(x->path, y->path, x->len < y->len ? x->len :
	    y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void
sort_leaves(struct leaves *all)
{
	size_t i;

	buf_str(&all->paths);
	for (i = 0; i < all->n; i++)
		all->leaf[i].path = all->paths.p + all->leaf[i].at;
	if (all->n)
		qsort(all->leaf, all->n, sizeof(*all->leaf), manifest_by_path);
}

static int
manifest_is_empty(struct json_span v)
{
	struct json_span key = { 0 };
	struct json_iter it = json_each(v);

	return !json_enter(&it, &key);
}

/* Appends the current member's name to its parent's path. */
static void
manifest_put_step(struct buf *path, struct level *parent, struct json_span key)
{
	path->len = parent->path;
	if (path->len)
		buf_byte(path, '.');
	if (key.p)
		json_text(path, key);
	else
		buf_uint(path, parent->index++);
}

/* The leaves of a checked object, sorted by their paths. */
static void
leaves_of(struct leaves *all, struct json_span root)
{
	struct json_iter it = json_each(root);
	struct levels up = { 0 };
	struct buf path = { 0 };
	struct json_span key, v;

	descend(&up, 0);
	while (up.n) {
		key.p = NULL;
		if (!json_enter(&it, &key)) {
			up.n--;
			continue;
		}
		manifest_put_step(&path, &up.level[up.n - 1], key);
		v.p = it.p;
		v.n = 0;
		if (json_type(v) >= JSON_ARRAY && !manifest_is_empty(v)) {
			descend(&up, path.len);
			it = json_each(v);
			continue;
		}
		it.p = json_end(v.p);
		v.n = (size_t)(it.p - v.p);
		add_leaf(all, &path, v);
	}
	sort_leaves(all);
	free(up.level);
	buf_release(&path);
}

static void
leaves_release(struct leaves *all)
{
	free(all->leaf);
	buf_release(&all->paths);
}

/* --- what changes no run -------------------------------------------------- */

/* --- making one ----------------------------------------------------------- */

static void
put_hash(struct buf *b, const char *key, const struct buf *text)
{
	char hex[HASH_TEXT];

	hash_text(hash_bytes(0, 0, text->p, text->len), hex);
	json_add_str(b, key, hex);
}

/* Reads a whole file. Returns 0, or -1. */
static int
manifest_read_file(const char *file, struct buf *text)
{
	ssize_t n = -1;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, buf_room(text, 65536), 65536)) > 0)
		text->len += (size_t)n;
	if (fd >= 0)
		close(fd);
	return (int)n;
}

static void
put_inputs(struct buf *b, const struct manifest *m, struct json_span older,
    const struct buf *text)
{
	const char *file = m->inputs && *m->inputs ? m->inputs : NULL;

	if (!m->inputs && older.p) {
		json_add(b, "inputs_file", json_get(older, "inputs_file"));
		json_add(b, "inputs_hash", json_get(older, "inputs_hash"));
		return;
	}
	json_add_str(b, "inputs_file", file);
	if (text->p)
		put_hash(b, "inputs_hash", text);
	else
		json_add_null(b, "inputs_hash");
}

static void
put_inputs_size(struct buf *b, const struct manifest *m,
    struct json_span older, const struct buf *text)
{
	if (!m->inputs && older.p)
		json_add(b, "inputs_bytes", json_get(older, "inputs_bytes"));
	else if (text->p)
		json_add_int(b, "inputs_bytes", (long long)text->len);
	else
		json_add_null(b, "inputs_bytes");
}

/* Adds a hash of the values that a run depends on, in any order. */
static void
put_config_hash(struct buf *b, struct json_span root)
{
	struct leaves all = { 0 };
	struct buf text = { 0 };
	size_t i;

	leaves_of(&all, root);
	for (i = 0; i < all.n; i++) {
		if (schema_neutral(all.leaf[i].path, all.leaf[i].len))
			continue;
		buf_add(&text, all.leaf[i].path, all.leaf[i].len);
		buf_byte(&text, '\0');
		buf_add(&text, all.leaf[i].value.p, all.leaf[i].value.n);
		buf_byte(&text, '\n');
	}
	put_hash(b, "config_hash", &text);
	buf_release(&text);
	leaves_release(&all);
}

static void
put_config(struct buf *b, const struct manifest *m, struct json_span older)
{
	char *file;

	if (!m->configured && older.p) {
		json_add(b, "config_file", json_get(older, "config_file"));
		json_add(b, "config", json_get(older, "config"));
		return;
	}
	file = m->config->file ? realpath(m->config->file, NULL) : NULL;
	json_add_str(b, "config_file", file);
	free(file);
	json_key(b, "config");
	secret_mask(b, m->config->root, NULL);
}

static void
manifest_put_name(struct buf *b, const struct manifest *m, struct json_span
    older)
{
	char *name;

	if (m->name) {
		json_add_str(b, "name", m->name);
	} else if (older.p) {
		json_add(b, "name", json_get(older, "name"));
	} else {
		name = config_name(m->config);
		json_add_str(b, "name", name);
		free(name);
	}
}

/* Whether the option of a key, which has its quotes, is given now. */
static int
is_given(const struct manifest *m, size_t n, struct json_span key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (json_equal(key, m->options[i],
		    strcspn(m->options[i], "=")))
			return 1;
	return 0;
}

/* Adds the older options that are not given now, then those given now. */
static void
put_options(struct buf *b, const struct manifest *m, struct json_span older)
{
	struct json_span options = { 0 }, key = { 0 }, v;
	struct json_iter it;
	const char *value;
	size_t i;

	if (older.p)
		options = json_get(older, "options");
	json_open(b, "options", '{');
	if (json_is(options, JSON_OBJECT))
		for (it = json_each(options); json_next(&it, &key, &v); ) {
			if (is_given(m, m->noptions, key))
				continue;
			json_add(b, NULL, key);
			buf_byte(b, ':');
			buf_add(b, v.p, v.n);
		}
	for (i = 0; i < m->noptions; i++) {
		value = strchr(m->options[i], '=');
		json_comma(b);
		json_put_text(b, m->options[i],
		    (size_t)(value - m->options[i]));
		buf_byte(b, ':');
		json_put_text(b, value + 1, strlen(value + 1));
	}
	json_close(b, '}');
}

/* Adds the times of resumption. */
static void
put_continued(struct buf *b, struct json_span older, int64_t now)
{
	struct json_span times = { 0 }, key, v;
	struct json_iter it;

	if (older.p)
		times = json_get(older, "continued");
	if (!json_is(times, JSON_ARRAY) && !now)
		return;
	json_open(b, "continued", '[');
	if (json_is(times, JSON_ARRAY))
		for (it = json_each(times); json_next(&it, &key, &v); )
			json_add(b, NULL, v);
	if (now)
		isotime_add(b, NULL, now);
	json_close(b, ']');
}

static void
put_runs(struct buf *b, const struct manifest *m, struct json_span older)
{
	if (m->runs >= 0)
		json_add_int(b, "runs", m->runs);
	else if (older.p)
		json_add(b, "runs", json_get(older, "runs"));
	else
		json_add_null(b, "runs");
}

void
manifest_put(struct buf *b, const struct manifest *m, struct json_span older,
    int64_t now)
{
	struct buf text = { 0 }, compact = { 0 };
	struct buf *c = &compact;

	if (m->inputs && *m->inputs && manifest_read_file(m->inputs, &text))
		buf_release(&text);
	json_open(c, NULL, '{');
	json_add_int(c, "format", 1);
	if (older.p)
		json_add(c, "created", json_get(older, "created"));
	else
		isotime_add(c, "created", isotime_now());
	put_runs(c, m, older);
	put_inputs(c, m, older, &text);
	if (!m->configured && older.p)
		json_add(c, "config_hash", json_get(older, "config_hash"));
	else
		put_config_hash(c, m->config->root);
	json_add_str(c, "version", cli_version());
	put_inputs_size(c, m, older, &text);
	manifest_put_name(c, m, older);
	put_options(c, m, older);
	put_continued(c, older, now);
	put_config(c, m, older);
	json_close(c, '}');
	json_pretty(b, json_buf(c), 0);
	buf_byte(b, '\n');
	buf_release(&text);
	buf_release(&compact);
}

/* --- comparing two -------------------------------------------------------- */

struct comparison {
	struct json_span then, now;
	void (*report)(const char *msg);
	size_t found;
	size_t in_config;	/* differences in the configuration */
	struct buf msg;
};

static void
manifest_report(struct comparison *c)
{
	if (++c->found <= SAID_MAX)
		c->report(buf_str(&c->msg));
	c->msg.len = 0;
}

/* Appends the beginning of a value, safe for a terminal. */
static void
put_shown(struct buf *b, struct json_span v)
{
	struct buf text = { 0 };

	excerpt_put(&text, v, SHOWN_MAX);
	if (json_is(v, JSON_STRING))
		json_put_text(b, text.p, text.len);
	else
		buf_add(b, text.p, text.len);
	buf_release(&text);
}

/* Appends a number of bytes with commas: 12,345. */
static void
put_size(struct buf *b, struct json_span v)
{
	size_t i;

	for (i = 0; i < v.n; i++) {
		buf_byte(b, v.p[i]);
		if (i + 1 < v.n && (v.n - i - 1) % 3 == 0)
			buf_byte(b, ',');
	}
}

static void
put_file(struct buf *b, struct json_span file)
{
	if (json_is(file, JSON_STRING))
		json_text(b, file);
	else
		buf_puts(b, "no file");
}

static int
is_same(struct json_span a, struct json_span b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static void
compare_inputs(struct comparison *c)
{
	struct json_span file = json_get(c->now, "inputs_file"),
	    before = json_get(c->then, "inputs_file"),
	    size = json_get(c->now, "inputs_bytes"),
	    old_size = json_get(c->then, "inputs_bytes");

	if (!is_same(file, before)) {
		buf_puts(&c->msg, "the inputs were from ");
		put_file(&c->msg, before);
		buf_puts(&c->msg, ", are from ");
		put_file(&c->msg, file);
	} else if (json_is(size, JSON_NUMBER) &&
	    json_is(old_size, JSON_NUMBER)) {
		put_file(&c->msg, file);
		buf_puts(&c->msg, " has changed since: ");
		if (is_same(size, old_size)) {
			buf_puts(&c->msg, "as long as then, but other text");
		} else {
			put_size(&c->msg, old_size);
			buf_puts(&c->msg, " bytes then, ");
			put_size(&c->msg, size);
			buf_puts(&c->msg, " now");
		}
	} else {
		put_file(&c->msg, file);
		buf_puts(&c->msg, " could be read only then, or only now");
	}
	manifest_report(c);
}

/* Appends the user's name of a path of the manifest. */
static void
manifest_put_label(struct buf *b, const struct leaf *l)
{
	static const struct {
		const char *path, *label;
	} labels[] = {
		{ "runs", "the number of runs" },
		{ "name", "the experiment's name" },
	};
	size_t i;

	for (i = 0; i < LEN(labels); i++)
		if (l->len == strlen(labels[i].path) &&
		    !memcmp(l->path, labels[i].path, l->len)) {
			buf_puts(b, labels[i].label);
			return;
		}
	i = strlen("config.");
	if (*l->path == 'o') {
		i = strlen("options.");
		buf_puts(b, "--");
	}
	buf_add(b, l->path + i, l->len - i);
}

/* Appends a leaf's value, or `none`. */
static void
manifest_put_value(struct buf *b, const struct leaf *l, const char *none)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,-";
	size_t at = b->len;

	if (!l) {
		buf_puts(b, none);
		return;
	}
	put_shown(b, l->value);
	/* options have no types: drop the quotes */
	if (*l->path == 'o' && json_is(l->value, JSON_STRING) &&
	    b->len - at > 2 && strspn(buf_str(b) + at + 1, plain) ==
	    b->len - at - 2) {
		buf_splice(b, at, 1, NULL, 0);
		b->len--;
	}
}

static void
compare_values(struct comparison *c, const struct leaf *then,
    const struct leaf *now)
{
	struct buf old = { 0 }, new = { 0 };
	const char *none = *(then ? then : now)->path == 'o' ? "not given" :
	    "not set";

	manifest_put_label(&c->msg, then ? then : now);
	manifest_put_value(&old, then, none);
	manifest_put_value(&new, now, none);
	/* the shown parts of long values may be equal */
	if (strcmp(buf_str(&old), buf_str(&new)) == 0)
		buf_puts(&c->msg, " has changed");
	else
		buf_printf(&c->msg, " was %s, is %s", old.p, new.p);
	manifest_report(c);
	buf_release(&old);
	buf_release(&new);
}

static int
begins(const struct leaf *l, const char *s)
{
	return l->len >= strlen(s) && !memcmp(l->path, s, strlen(s));
}

static int
is_path(const struct leaf *l, const char *path)
{
	return l->len == strlen(path) && begins(l, path);
}

static int
is_null(const struct leaf *l)
{
	return !l || json_is(l->value, JSON_NULL);
}

/* Compares the values of a path. One may be NULL: that manifest lacks it. */
static void
compare_leaf(struct comparison *c, const struct leaf *then,
    const struct leaf *now)
{
	const struct leaf *any = then ? then : now;

	if (then && now && is_same(then->value, now->value))
		return;
	if (is_path(any, "inputs_hash")) {
		compare_inputs(c);
	} else if (is_path(any, "config_hash")) {
		if (c->in_config)
			return;
		buf_puts(&c->msg, "a secret in the configuration has changed");
		manifest_report(c);
	} else if (begins(any, "config.")) {
		if (schema_neutral(any->path + 7, any->len - 7))
			return;
		c->in_config++;
		compare_values(c, then, now);
	} else if (is_path(any, "runs") || is_path(any, "name")) {
		if (!is_null(then) && !is_null(now))
			compare_values(c, then, now);
	} else if (begins(any, "options.")) {
		compare_values(c, then, now);
	}
}

size_t
manifest_compare(struct json_span older, struct json_span newer,
    void (*report)(const char *msg))
{
	struct comparison c = { .then = older, .now = newer, .report = report };
	struct leaves a = { 0 }, b = { 0 };
	size_t i = 0, j = 0;
	int order;

	leaves_of(&a, older);
	leaves_of(&b, newer);
	while (i < a.n || j < b.n) {
		if (i == a.n || j == b.n)
			order = i == a.n ? 1 : -1;
		else
			order = manifest_by_path(&a.leaf[i], &b.leaf[j]);
		compare_leaf(&c, order <= 0 ? &a.leaf[i] : NULL,
		    order >= 0 ? &b.leaf[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	if (c.found > SAID_MAX) {
		buf_printf(&c.msg, "and %zu more have changed",
		    c.found - SAID_MAX);
		report(buf_str(&c.msg));
	}
	leaves_release(&a);
	leaves_release(&b);
	buf_release(&c.msg);
	return c.found;
}

int
manifest_read(struct buf *b, int dir)
{
	int fd = plain_open(dir, "manifest.json", O_RDONLY), bad, error;
	struct json_fault f;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	bad = readfile_fd(fd, b);
	error = errno;
	close(fd);
	errno = error;
	if (!bad && (!b->len || *b->p != '{' || json_scan(buf_str(b), b->len,
	    0, NULL, NULL, 0, &f) < 0))
		b->len = 0;
	return bad;
}

size_t
manifest_compare_part(struct json_span whole, struct json_span part,
    const char *name, void (*report)(const char *msg))
{
	static const struct {
		const char *key, *what;
	} hashes[] = {
		{ "config_hash", "configuration" }, { "inputs_hash", "inputs" }
	};
	struct json_span a, b;
	size_t i, n = 0;
	char *msg;

	for (i = 0; i < LEN(hashes); i++) {
		a = json_get(whole, hashes[i].key);
		b = json_get(part, hashes[i].key);
		if (!json_is(a, JSON_STRING) || !json_is(b, JSON_STRING) ||
		    (a.n == b.n && !memcmp(a.p, b.p, a.n)))
			continue;
		msg = xasprintf("%s: its %s: not the experiment's", name,
		    hashes[i].what);
		report(msg);
		free(msg);
		n++;
	}
	return n;
}
