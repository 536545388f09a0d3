#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "base/err.h"
#include "base/buf.h"
#include "json/json.h"
#include "io/out.h"
#include "json/tree.h"
#include "json/path.h"
#include "yaml/yamlin.h"
#include "schema.h"
#include "configset.h"

/* Whether text is one plain scalar that a key of this type takes. */
static int
fits_plain(const char *text, enum schema_want want)
{
	struct json_span v = { text, strlen(text) };
	struct json_fault f;
	size_t i;

	if (want == SCHEMA_INT || want == SCHEMA_NUMBER || want == SCHEMA_BOOL
	    || want == SCHEMA_SCALAR || want == SCHEMA_ANY)
		if (json_scan(text, v.n, 0, NULL, NULL, 0, &f) >= 0 &&
		    json_type(v) < JSON_STRING)
			return 1;
	if (!*text || yamlin_other_reading(text, v.n) ||
	    json_scan(text, v.n, 0, NULL, NULL, 0, &f) >= 0)
		return 0;
	/* letters, digits and a few marks, beginning with a letter or so */
	for (i = 0; i < v.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./", text[i]))
			return 0;
	return strchr("-.0123456789", *text) == NULL &&
	    strcasecmp(text, "null") && strcasecmp(text, "true") &&
	    strcasecmp(text, "false");
}

static void
put_scalar(struct buf *b, const char *value, enum schema_want want)
{
	if (fits_plain(value, want))
		buf_puts(b, value);
	else
		json_put_text(b, value, strlen(value));
}

/* Appends "section:\n  key: value\n" for the names of key from at on. */
static void
put_new(struct buf *b, const char *key, size_t indent, const char *value,
    enum schema_want want)
{
	size_t n;

	for (;;) {
		n = strcspn(key, ".");
		buf_fill(b, ' ', indent);
		buf_add(b, key, n);
		buf_puts(b, key[n] ? ":\n" : ": ");
		if (!key[n])
			break;
		key += n + 1;
		indent += 2;
	}
	put_scalar(b, value, want);
	buf_byte(b, '\n');
}

/* The end of the line that offset at is on, its newline included. */
static size_t
line_end(const struct buf *text, size_t at)
{
	while (at < text->len && text->p[at] != '\n')
		at++;
	return at < text->len ? at + 1 : at;
}

/*
 * Goes down the path as far as it leads; returns the node and sets *rest to
 * what is left of the path.
 */
static size_t
descend(const struct tree *t, const char *key, const char **rest)
{
	size_t node = 0, down, n;
	char *name;

	for (*rest = key; **rest; ) {
		n = strcspn(*rest, ".");
		name = xmemdup(*rest, n);
		down = tree_get(t, node, name);
		free(name);
		if (!down)
			break;
		node = down;
		*rest += n + ((*rest)[n] == '.');
	}
	return node;
}

/* Puts the value in the place of a scalar. */
static int
replace_value(struct buf *text, const struct yamlin_mark *m, const char *key,
    const char *value, enum schema_want want, struct err *e)
{
	struct buf b = { 0 };
	size_t at = m->start, n = m->end - m->start;

	if (m->style != 'p' && m->style != 'q')
		return err_set(e, m->line, m->col, "'%s' is not in one line: "
		    "edit the file", key);
	/* nothing is there yet: behind the key's colon, m[-1] being the key */
	if (!n) {
		at = m[-1].end;
		at += strcspn(text->p + at, ":\n");
		at += text->p[at] == ':';
		buf_byte(&b, ' ');
	}
	put_scalar(&b, value, want);
	buf_splice(text, at, n, b.p, b.len);
	buf_release(&b);
	return 0;
}

/* Where a section's next key goes: behind its first one, if that is short. */
static size_t
place_in(const struct buf *text, const struct tree *t,
    const struct yamlin_mark *marks, size_t section)
{
	if (t->nodes[section + 2].type >= JSON_ARRAY)
		return marks[section + 1].start - (marks[section + 1].col - 1);
	return line_end(text, marks[section + 2].end);
}

/* Adds a key that is missing, to a section or, for 0, at the end. */
static int
add_key(struct buf *text, const struct tree *t,
    const struct yamlin_mark *marks, size_t section, const char *key,
    const char *rest, const char *value, enum schema_want want, struct err *e)
{
	struct buf b = { 0 };
	size_t at = text->len, indent = 0;

	if (strchr("0123456789", *rest) || strstr(rest, ".0"))
		return err_set(e, 0, 0, "'%s' is in a list that is not "
		    "there: edit the file", key);
	if (marks && t->n && t->nodes[section].count) {
		if (t->nodes[section].type != JSON_OBJECT ||
		    marks[section].style != '-')
			return err_set(e, marks[section].line,
			    marks[section].col, "'%s' cannot be added here: "
			    "edit the file", key);
		indent = marks[section + 1].col - 1;
		if (section)
			at = place_in(text, t, marks, section);
	}
	if (at && text->p[at - 1] != '\n')
		buf_byte(&b, '\n');
	put_new(&b, rest, indent, value, want);
	buf_splice(text, at, 0, b.p, b.len);
	buf_release(&b);
	return 0;
}

/* Splices the value into text. */
static int
edit(struct buf *text, const struct tree *t, const struct yamlin_mark *marks,
    const char *key, const char *value, enum schema_want want, struct err *e)
{
	const char *rest = key;
	size_t node = t->n ? descend(t, key, &rest) : 0;

	if (marks && !*rest)
		return replace_value(text, &marks[node], key, value, want, e);
	return add_key(text, t, marks, node, key, rest, value, want, e);
}

/* The value as JSON, as it will be read back. */
static void
put_json(struct buf *b, const char *value, enum schema_want want)
{
	if (fits_plain(value, want) && strchr("-0123456789tfn", *value) &&
	    want != SCHEMA_TEXT && want != SCHEMA_TEXTS)
		buf_puts(b, value);
	else
		json_put_text(b, value, strlen(value));
}

static int
read_whole(int fd, struct buf *text, struct err *e)
{
	ssize_t n;

	do {
		n = read(fd, buf_room(text, 65536), 65536);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? err_set(e, 0, 0, "%s", strerror(errno)) : 0;
}

/*
 * Reads a file's one document. Returns 1 when there is one, 0 for an empty
 * file, -1 with *e filled in. marks are the reader's.
 */
static int
parse(int fd, struct yamlin_reader **r, struct buf *json, struct tree *t,
    struct err *e)
{
	size_t line;
	int got;

	*r = yamlin_new(fd, YAMLIN_DOCUMENTS);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, 0, 0, "%s", strerror(errno));
	got = yamlin_next(*r, json, &line, e);
	buf_str(json);
	if (got > 0)
		tree_parse(t, json_buf(json));
	return got;
}

/* Appends the canonical form of a document with null at key. */
static void
put_without(struct buf *b, struct json_span root, const char *key)
{
	struct json_span null = { "null", 4 };
	struct buf changed = { 0 };
	struct tree t = { 0 };

	if (!path_set(&changed, root, key, null) &&
	    !tree_parse(&t, json_buf(&changed)))
		tree_canonical(&t, 0, b);
	tree_release(&t);
	buf_release(&changed);
}

/* Cuts the path to the part of it that before has, and one name more. */
static char *
known_part(struct json_span before, const char *key)
{
	char *path = xstrdup(key);
	size_t n = 0;
	char *dot;

	while ((dot = strchr(path + n, '.'))) {
		*dot = '\0';
		if (!path_get(before, path).p)
			return path;
		*dot = '.';
		n = (size_t)(dot - path) + 1;
	}
	return path;
}

/*
 * Whether the file that fd is of has the value at key now, and is what it was
 * in everything else.
 */
static int
verify(int fd, struct json_span before, const char *key, const char *value,
    struct err *e)
{
	struct json_span root, v;
	struct yamlin_reader *r;
	struct buf json = { 0 }, was = { 0 }, is = { 0 };
	struct tree t = { 0 };
	char *part = known_part(before, key);
	int ok = 0;

	if (parse(fd, &r, &json, &t, e) > 0) {
		root.p = json.p;
		root.n = json.len;
		v = path_get(root, key);
		put_without(&was, before, part);
		put_without(&is, root, part);
		ok = v.p && v.n == strlen(value) &&
		    !memcmp(v.p, value, v.n) && was.len == is.len &&
		    !memcmp(buf_str(&was), buf_str(&is), is.len);
	}
	tree_release(&t);
	yamlin_free(r);
	buf_release(&json);
	buf_release(&was);
	buf_release(&is);
	free(part);
	return ok ? 0 : err_set(e, 0, 0, "'%s' cannot be put into a file of "
	    "this shape: edit the file", key);
}

/*
 * Writes a file anew beside its place, then, if the key has the value in it,
 * puts it there.
 */
static int
write_whole(const char *file, const struct buf *text,
    struct json_span before, const char *key, const char *value,
    struct err *e)
{
	struct stat st;
	char *temp = xasprintf("%s.new", file);
	int fd, bad;

	fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bad = fd < 0 || out_write_all(fd, text->p, text->len) ||
	    (stat(file, &st) == 0 && fchmod(fd, st.st_mode & 07777)) ||
	    fsync(fd);
	if (bad)
		err_set(e, 0, 0, "%s", strerror(errno));
	else
		bad = verify(fd, before, key, value, e);
	if (fd >= 0 && close(fd) && !bad)
		bad = err_set(e, 0, 0, "%s", strerror(errno));
	if (!bad && rename(temp, file))
		bad = err_set(e, 0, 0, "%s", strerror(errno));
	if (bad)
		unlink(temp);
	free(temp);
	return bad ? -1 : 0;
}

/* Changes the file that fd is of. */
static int
change(int fd, const char *file, const struct schema_key *k, const char *key,
    const char *value, const char *as_json, struct err *e)
{
	struct json_span before = { "{}", 2 };
	struct yamlin_reader *r;
	struct buf text = { 0 }, json = { 0 };
	struct tree t = { 0 };
	size_t n;
	int got, bad;

	if (read_whole(fd, &text, e))
		return -1;
	got = parse(fd, &r, &json, &t, e);
	/* a file of comments only is read as null */
	if (got > 0 && json.p && *json.p == 'n')
		t.n = (size_t)(got = 0);
	if (got > 0)
		before = json_buf(&json);
	buf_str(&text);
	bad = got < 0 || edit(&text, &t, got > 0 ? yamlin_marks(r, &n) : NULL,
	    key, value, k->want, e) ||
	    write_whole(file, &text, before, key, as_json, e);
	tree_release(&t);
	yamlin_free(r);
	buf_release(&json);
	buf_release(&text);
	return bad ? -1 : 0;
}

int
configset_put(const char *file, const char *key, const char *value,
    struct err *e)
{
	const struct schema_key *k = schema_find(key);
	const char *near = schema_nearest(key);
	struct buf json = { 0 };
	char *real;
	int fd = -1, bad;

	if (!k)
		return err_set(e, 0, 0, "unknown key '%s'%s%s%s", key,
		    near ? ": is '" : "", near ? near : "",
		    near ? "' meant?" : "");
	put_json(&json, value, k->want);
	buf_str(&json);
	bad = schema_check_value(k, key, json_buf(&json), e);
	/* what a link leads to is changed, not the link */
	real = bad ? NULL : realpath(file, NULL);
	if (real) {
		fd = open(real, O_RDONLY | O_CLOEXEC);
		bad = fd < 0 ? err_set(e, 0, 0, "%s", strerror(errno)) :
		    change(fd, real, k, key, value, json.p, e);
	} else if (!bad) {
		bad = err_set(e, 0, 0, "%s", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	free(real);
	buf_release(&json);
	return bad ? -1 : 0;
}
