#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "json/path.h"
#include "json/tree.h"
#include "io/out.h"
#include "io/plain.h"
#include "io/readfile.h"
#include "yaml/yamlin.h"
#include "yaml/yamlmark.h"
#include "yaml/yamltype.h"
#include "layout.h"
#include "schema.h"
#include "configset.h"

/* The one YAML document of a file. */
struct document {
	struct yamlin_reader *reader;
	struct buf json;
	struct tree tree;		/* tree of json; empty for an empty
				   file */
	const struct yamlmark *marks;	/* marks of the tree's nodes; NULL:
				   empty */
};

/* One change of one file. */
struct change {
	const char *file;		/* path of the file, with links
				   resolved */
	const char *key;
	const char *value;		/* value as given; NULL: remove the
				   key */
	enum schema_type type;		/* type of the key */
	struct buf json;		/* value as it will be read back */
	int flow;			/* 1: value is a list or mapping */
	struct buf text;		/* contents of the file */
	struct document old;		/* the file before the change */
	struct err *e;
};

/* --- values ------------------------------------------------------------- */

static int
is_json(const char *text, size_t n)
{
	struct json_fault f;

	return json_scan(text, n, 0, NULL, NULL, 0, &f) >= 0;
}

/* Whether text is a JSON number, boolean or null that the type allows. */
static int
is_literal(const char *text, enum schema_type type)
{
	struct json_span v = { text, strlen(text) };

	if (!strcmp(text, "null"))
		return 1;
	if (type != SCHEMA_INT && type != SCHEMA_NUMBER &&
	    type != SCHEMA_BOOL && type != SCHEMA_SCALAR && type != SCHEMA_ANY)
		return 0;
	return !strpbrk(text, " \t\r\n") && is_json(text, v.n) &&
	    json_type(v) < JSON_STRING;
}

/* Whether text without quotes is one plain scalar of this type. */
static int
is_plain(const char *text, enum schema_type type)
{
	size_t n = strlen(text);

	if (is_literal(text, type))
		return 1;
	if (!n || yamltype_other_reading(text, n) || is_json(text, n))
		return 0;
	/* only characters that need no quotes anywhere, and a letter first */
	return strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") == n &&
	    strchr("-.0123456789", *text) == NULL &&
	    strcasecmp(text, "null") && strcasecmp(text, "true") &&
	    strcasecmp(text, "false");
}

/* Whether text looks like a list or mapping in brackets. */
static int
is_flow(const char *text, enum schema_type type)
{
	text += strspn(text, " \t\r\n");
	return *text == '[' ? type == SCHEMA_LIST || type == SCHEMA_STRINGS ||
	    type == SCHEMA_ANY :
	    *text == '{' && (type == SCHEMA_MAP || type == SCHEMA_ANY);
}

/* Appends the value as YAML. */
static void
put_yaml(struct buf *b, struct change *c)
{
	/* as it was typed, unless it would mean something else there */
	if (c->flow)
		buf_puts(b, strpbrk(c->value, "\r\n#&*") ?
		    buf_str(&c->json) : c->value);
	else if (is_plain(c->value, c->type))
		buf_puts(b, c->value);
	else
		json_put_text(b, c->value, strlen(c->value));
}

/* Appends a new key: "section:\n  key: value\n" for "section.key". */
static void
put_new_key(struct buf *b, const char *key, size_t indent, struct change *c)
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
	put_yaml(b, c);
	buf_byte(b, '\n');
}

/* --- documents ---------------------------------------------------------- */

/*
 * Reads the document of a file from its beginning. Returns 1, 0 for an empty
 * file, or -1 with *e filled in; d is to be released either way.
 */
static int
document_read(struct document *d, int fd, struct err *e)
{
	size_t line, n;
	int got;

	memset(d, 0, sizeof(*d));
	d->reader = yamlin_new(fd, YAMLIN_DOCUMENTS, NULL, NULL);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, 0, 0, "%s", strerror(errno));
	got = yamlin_next(d->reader, &d->json, &line, e);
	/* a file of comments only is read as null */
	if (got <= 0 || *d->json.p == 'n')
		return got < 0 ? -1 : 0;
	tree_parse(&d->tree, json_buf(&d->json));
	d->marks = yamlin_marks(d->reader, &n);
	return 1;
}

static void
document_release(struct document *d)
{
	tree_release(&d->tree);
	buf_release(&d->json);
	if (d->reader)
		yamlin_free(d->reader);
}

/* The document as JSON; an empty file is an empty object. */
static struct json_span
document_root(const struct document *d)
{
	struct json_span none = { "{}", 2 };

	return d->marks ? json_buf(&d->json) : none;
}

/* The child of a node by its name or index; 0: none, or added by "<<". */
static size_t
document_child(const struct document *d, size_t node, const char *name)
{
	const struct tree_node *nodes = d->tree.nodes;
	size_t child, i;

	if (nodes[node].type != JSON_ARRAY) {
		child = tree_get(&d->tree, node, name);
		return child && d->marks[child - 1].style != YAMLMARK_ALIAS ?
		    child : 0;
	}
	if (!*name || strspn(name, "0123456789") < strlen(name) ||
	    strtoull(name, NULL, 10) >= nodes[node].count)
		return 0;
	child = node + 1;
	for (i = strtoull(name, NULL, 10); i; i--)
		child = nodes[child].next;
	return child;
}

/*
 * Follows a path as far as it is written in the file, not added by "<<".
 * Returns the last node found, and sets *rest to the remainder of the path.
 */
static size_t
document_find(const struct document *d, const char *path, const char **rest)
{
	size_t node = 0, child, n;
	char *name;

	for (*rest = path; d->tree.n && **rest; ) {
		n = strcspn(*rest, ".");
		name = xmemdup(*rest, n);
		child = document_child(d, node, name);
		free(name);
		if (!child)
			break;
		node = child;
		*rest += n + ((*rest)[n] == '.');
	}
	return node;
}

/* --- edits of the text -------------------------------------------------- */

/* The offset after the line that the byte before at is in. */
static size_t
line_end(const struct change *c, size_t at)
{
	if (at && c->text.p[at - 1] == '\n')
		return at;
	at += strcspn(c->text.p + at, "\n");
	return at + (at < c->text.len);
}

/* The offset after the last scalar in a node's value. */
static size_t
value_end(const struct change *c, size_t node)
{
	const struct tree *t = &c->old.tree;
	size_t i, end = c->old.marks[node].end;

	if (c->old.marks[node].style != YAMLMARK_BLOCK)
		return end;
	/* the end of a block is where the next token begins */
	for (end = 0, i = node + 1; i < t->nodes[node].next; i++)
		if (c->old.marks[i].style != YAMLMARK_BLOCK &&
		    c->old.marks[i].end > end)
			end = c->old.marks[i].end;
	return end;
}

/* The list or mapping, written by indentation, that has the node at path. */
static size_t
section_around(const struct change *c, const char *path)
{
	char *part = xstrdup(path), *dot = strrchr(part, '.');
	const char *rest;
	size_t section = 0;

	if (dot) {
		*dot = '\0';
		section = document_find(&c->old, part, &rest);
	}
	free(part);
	return section;
}

/* The offset after the colon of the key of a node. */
static size_t
after_colon(const struct change *c, size_t node)
{
	size_t at = c->old.marks[node - 1].end;

	at += strcspn(c->text.p + at, ":\n");
	return at + (c->text.p[at] == ':');
}

/* Puts the value in the place of another. */
static int
replace_value(struct change *c, size_t node)
{
	const struct yamlmark *m = &c->old.marks[node];
	struct buf b = { 0 };
	size_t at = m->start, end = m->end;
	int lines = m->style == YAMLMARK_BLOCK || m->style == YAMLMARK_TEXT;

	if (m->style == YAMLMARK_ALIAS || (lines && (!node || c->old.tree.nodes[
	    section_around(c, c->key)].type != JSON_OBJECT)))
		return err_set(c->e, m->line, m->col, "'%s' is not on one "
		    "line; edit the file", c->key);
	/* an empty value goes after its key, and so does one in place of lines */
	if (lines || at == end) {
		at = after_colon(c, node);
		end = lines ? line_end(c, value_end(c, node)) : at;
		while (end > at && c->text.p[end - 1] == '\n')
			end--;
		buf_byte(&b, ' ');
	}
	put_yaml(&b, c);
	buf_splice(&c->text, at, end - at, b.p, b.len);
	buf_release(&b);
	return 0;
}

/* The first key written in a section, not added by "<<"; 0: there is none. */
static size_t
first_key(const struct document *d, size_t section)
{
	size_t i, end = d->tree.nodes[section].next;

	for (i = section + 1; i < end; i = d->tree.nodes[i].next)
		if (d->marks[i].style != YAMLMARK_ALIAS)
			return i;
	return 0;
}

/*
 * The offset at which a section's next key is inserted: after the section's
 * first key if that has a scalar, else before it.
 */
static size_t
insertion_point(const struct change *c, size_t key)
{
	const struct yamlmark *first = &c->old.marks[key];
	size_t at = first[1].end;

	if (c->old.tree.nodes[key + 1].type >= JSON_ARRAY)
		return first->start - (first->col - 1);
	at += strcspn(c->text.p + at, "\n");
	return at + (at < c->text.len);
}

/* Adds the rest of the key, which is missing, to a mapping in brackets. */
static int
add_flow_key(struct change *c, size_t section, const char *rest)
{
	size_t at = c->old.marks[section].start + 1, n, depth = 0;
	struct buf b = { 0 };

	for (; ; rest += n + 1) {
		n = strcspn(rest, ".");
		buf_add(&b, rest, n);
		buf_puts(&b, ": ");
		if (!rest[n])
			break;
		buf_byte(&b, '{');
		depth++;
	}
	put_yaml(&b, c);
	buf_fill(&b, '}', depth);
	if (c->old.tree.nodes[section].count)
		buf_puts(&b, ", ");
	buf_splice(&c->text, at, 0, b.p, b.len);
	buf_release(&b);
	return 0;
}

/* Adds the rest of the key, which is missing, to a section (0: root). */
static int
add_key(struct change *c, size_t section, const char *rest)
{
	const struct yamlmark *marks = c->old.marks;
	const struct tree *t = &c->old.tree;
	struct buf b = { 0 };
	size_t at = c->text.len, indent = 0, first;

	if (strchr("0123456789", *rest) || strstr(rest, ".0"))
		return err_set(c->e, 0, 0, "'%s' is in a list that does not "
		    "exist; edit the file", c->key);
	if (marks && t->nodes[section].type == JSON_OBJECT &&
	    marks[section].style == YAMLMARK_FLOW)
		return add_flow_key(c, section, rest);
	if (marks && t->nodes[section].count) {
		first = t->nodes[section].type == JSON_OBJECT &&
		    marks[section].style == YAMLMARK_BLOCK ?
		    first_key(&c->old, section) : 0;
		if (!first)
			return err_set(c->e, marks[section].line,
			    marks[section].col, "cannot add '%s' here; edit "
			    "the file", c->key);
		indent = marks[first].col - 1;
		if (section)
			at = insertion_point(c, first);
	}
	if (at && c->text.p[at - 1] != '\n')
		buf_byte(&b, '\n');
	put_new_key(&b, rest, indent, c);
	buf_splice(&c->text, at, 0, b.p, b.len);
	buf_release(&b);
	return 0;
}

/*
 * Removes the lines of the key, and of the sections around it that have no
 * other key.
 */
static int
remove_key(struct change *c, size_t node)
{
	const struct yamlmark *key;
	const struct tree *t = &c->old.tree;
	char *path = xstrdup(c->key), *dot;
	size_t start, end, section;

	for (;;) {
		section = section_around(c, path);
		dot = strrchr(path, '.');
		if (!dot || t->nodes[section].count > 1)
			break;
		*dot = '\0';
		node = section;
	}
	free(path);
	key = &c->old.marks[node - 1];
	if (t->nodes[section].type != JSON_OBJECT ||
	    c->old.marks[section].style != YAMLMARK_BLOCK)
		return err_set(c->e, key->line, key->col, "cannot remove '%s' "
		    "here; edit the file", c->key);
	start = key->start - (key->col - 1);
	end = line_end(c, value_end(c, node));
	buf_splice(&c->text, start, end - start, "", 0);
	return 0;
}

static int
edit_text(struct change *c)
{
	const char *rest;
	size_t node = document_find(&c->old, c->key, &rest);

	if (!c->value)
		return *rest || !c->old.marks ? err_set(c->e, 0, 0, "'%s' is "
		    "not set", c->key) : remove_key(c, node);
	if (c->old.marks && !*rest)
		return replace_value(c, node);
	return add_key(c, node, rest);
}

/* --- verification ------------------------------------------------------- */

/* Appends the canonical form of a document with null at path. */
static void
put_without(struct buf *b, struct json_span root, const char *path)
{
	struct json_span null = { "null", 4 };
	struct buf changed = { 0 };
	struct tree t = { 0 };

	if (!path_set(&changed, root, path, null) &&
	    !tree_parse(&t, json_buf(&changed)))
		tree_canonical(&t, 0, b);
	tree_release(&t);
	buf_release(&changed);
}

/* The part of a path, to be freed, up to the first name that root lacks. */
static char *
existing_part(struct json_span root, const char *key)
{
	char *path = xstrdup(key);
	size_t n = 0;
	char *dot;

	while ((dot = strchr(path + n, '.'))) {
		*dot = '\0';
		if (!path_get(root, path).p)
			return path;
		*dot = '.';
		n = (size_t)(dot - path) + 1;
	}
	return path;
}

/* Whether a document lacks the key, and otherwise equals the old one. */
static int
is_removed_only(const struct change *c, const struct document *new)
{
	struct json_span before = document_root(&c->old);
	struct json_span after = document_root(new), v;
	struct buf was = { 0 }, is = { 0 };
	char *part = existing_part(after, c->key);
	int ok;

	v = path_get(after, c->key);
	put_without(&was, before, part);
	put_without(&is, after, part);
	ok = !v.p && was.len == is.len &&
	    !memcmp(buf_str(&was), buf_str(&is), is.len);
	buf_release(&was);
	buf_release(&is);
	free(part);
	return ok;
}

/* Whether a document has the new value, and otherwise equals the old one. */
static int
is_changed_only(const struct change *c, const struct document *new)
{
	struct json_span before = document_root(&c->old);
	struct json_span v = path_get(document_root(new), c->key);
	struct buf was = { 0 }, is = { 0 };
	char *part = existing_part(before, c->key);
	int ok;

	put_without(&was, before, part);
	put_without(&is, document_root(new), part);
	ok = v.p && v.n == c->json.len && !memcmp(v.p, c->json.p, v.n) &&
	    was.len == is.len && !memcmp(buf_str(&was), buf_str(&is), is.len);
	buf_release(&was);
	buf_release(&is);
	free(part);
	return ok;
}

/* Reads the new file back and checks it. */
static int
verify(struct change *c, int fd)
{
	struct document new;
	int ok;

	if (c->value)
		ok = document_read(&new, fd, c->e) > 0 &&
		    is_changed_only(c, &new);
	else
		ok = document_read(&new, fd, c->e) >= 0 &&
		    is_removed_only(c, &new);
	document_release(&new);
	return ok ? 0 : err_set(c->e, 0, 0, "cannot %s '%s' in a file of this "
	    "form; edit the file", c->value ? "set" : "remove", c->key);
}

/* --- files -------------------------------------------------------------- */

/* Writes the text to FILE.new, verifies that, and renames it to FILE. */
static int
configset_replace_file(struct change *c)
{
	struct stat st;
	char *temp = xasprintf("%s.new", c->file);
	int fd, bad;

	/* a repository may hold a link of that name to any file */
	fd = plain_open(AT_FDCWD, temp, O_RDWR | O_CREAT | O_TRUNC);
	bad = fd < 0 || out_write_all(fd, c->text.p, c->text.len) ||
	    (stat(c->file, &st) == 0 && fchmod(fd, st.st_mode & 07777)) ||
	    plain_sync(fd);
	if (bad)
		err_set(c->e, 0, 0, "%s", plain_error(errno));
	else
		bad = verify(c, fd);
	if (fd >= 0 && close(fd) && !bad)
		bad = err_set(c->e, 0, 0, "%s", strerror(errno));
	if (!bad && rename(temp, c->file))
		bad = err_set(c->e, 0, 0, "%s", strerror(errno));
	if (bad && fd >= 0)
		unlink(temp);
	free(temp);
	return bad ? -1 : 0;
}

/* Opens a file, but not a pipe, which may never have a writer. */
static int
configset_open(const char *file)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISFIFO(st.st_mode))
		return fd;
	close(fd);
	errno = PLAIN_NOT;
	return -1;
}

/* Changes the file while its folder is locked. */
static int
change_locked(struct change *c)
{
	int fd = configset_open(c->file), bad;

	if (fd < 0)
		return err_set(c->e, 0, 0, "%s", plain_error(errno));
	bad = readfile_fd(fd, &c->text);
	buf_str(&c->text);
	if (bad) {
		err_set(c->e, 0, 0, "%s", strerror(errno));
	} else {
		bad = document_read(&c->old, fd, c->e) < 0 || edit_text(c) ||
		    configset_replace_file(c);
		document_release(&c->old);
	}
	close(fd);
	return bad ? -1 : 0;
}

static int
change_file(struct change *c)
{
	int lock = plain_lock_parent(c->file), bad = change_locked(c);

	if (lock >= 0)
		close(lock);
	return bad;
}

static int
unknown_key(const char *key, struct err *e)
{
	const char *near = schema_nearest(key);

	if (near)
		return err_set(e, 0, 0, "unknown key '%s'; did you mean "
		    "'%s'?", key, near);
	return err_set(e, 0, 0, "unknown key '%s'", key);
}

/* Opens a file and reads the document in it. Returns as document_read does. */
static int
document_open(struct document *d, const char *file, struct err *e)
{
	int fd = configset_open(file), got;

	memset(d, 0, sizeof(*d));
	if (fd < 0)
		return err_set(e, 0, 0, "%s", plain_error(errno));
	got = document_read(d, fd, e);
	close(fd);
	return got;
}

/* Reads a value, a list or mapping in brackets, as one YAML document. */
static int
read_flow(const char *value, struct buf *json, struct err *e)
{
	FILE *f = tmpfile();
	struct yamlin_reader *r;
	struct buf more = { 0 };
	size_t line;
	int bad;

	if (!f)
		return err_set(e, 0, 0, "%s", strerror(errno));
	bad = fputs(value, f) == EOF || fflush(f) ||
	    lseek(fileno(f), 0, SEEK_SET);
	if (bad) {
		err_set(e, 0, 0, "%s", strerror(errno));
	} else {
		r = yamlin_new(fileno(f), YAMLIN_DOCUMENTS, NULL, NULL);
		bad = yamlin_next(r, json, &line, e) < 0 ||
		    yamlin_next(r, &more, &line, e) < 0;
		if (!bad && more.len)
			bad = err_set(e, line, 1, "a second document");
		yamlin_free(r);
	}
	fclose(f);
	buf_release(&more);
	return bad ? -1 : 0;
}

/* Reads the value as the file will have it. */
static int
read_value(struct change *c)
{
	struct err e = { 0 };
	int bad = c->flow && read_flow(c->value, &c->json, &e);

	if (bad)
		err_set(c->e, 0, 0, "the value of '%s', column %zu: %s",
		    c->key, e.col, e.msg);
	err_release(&e);
	if (bad || c->flow)
		return bad ? -1 : 0;
	if (is_literal(c->value, c->type))
		buf_puts(&c->json, c->value);
	else
		json_put_text(&c->json, c->value, strlen(c->value));
	return 0;
}

/*
 * Returns the index of the last file that has the most of a key's names; the
 * number of files if none has any.
 */
static size_t
file_with(const struct layout *l, const char *key)
{
	struct document d;
	struct err e = { 0 };
	const char *rest;
	size_t i, found = l->n, least = strlen(key);

	for (i = 0; i < l->n; i++) {
		if (document_open(&d, l->files[i], &e) > 0) {
			document_find(&d, key, &rest);
			if (strlen(rest) < strlen(key) &&
			    strlen(rest) <= least) {
				least = strlen(rest);
				found = i;
			}
		}
		document_release(&d);
	}
	err_release(&e);
	return found;
}

/* Makes the change in the file of the layout that it belongs in. */
static int
change_layout(struct change *c, const char *path)
{
	struct layout l;
	size_t i;
	char *real;
	int bad;

	layout_find(&l, path);
	i = file_with(&l, c->key);
	if (i == l.n)
		i = layout_home(&l, c->key);
	c->e->file = xstrdup(l.files[i]);
	c->file = real = realpath(l.files[i], NULL);
	bad = real ? change_file(c) :
	    err_set(c->e, 0, 0, "%s", strerror(errno));
	free(real);
	layout_release(&l);
	return bad ? -1 : 0;
}

int
configset_put(const char *file, const char *key, const char *value,
    struct err *e)
{
	const struct schema_key *k = schema_find(key);
	struct change c = { .key = key, .value = value, .e = e };
	int bad;

	if (!k)
		return unknown_key(key, e);
	c.type = k->type;
	c.flow = is_flow(value, c.type);
	bad = read_value(&c) ||
	    schema_check_value(k, key, json_buf(&c.json), e) ||
	    change_layout(&c, file);
	buf_release(&c.text);
	buf_release(&c.json);
	return bad ? -1 : 0;
}

int
configset_remove(const char *file, const char *key, struct err *e)
{
	struct change c = { .key = key, .e = e };
	int bad = change_layout(&c, file);

	buf_release(&c.text);
	return bad;
}

void
configset_locate(const char *path, const char *key, struct err *e)
{
	struct err ignored = { 0 };
	struct document d;
	struct layout l;
	const char *rest;
	size_t i, node;

	layout_find(&l, path);
	i = file_with(&l, key);
	if (i < l.n && document_open(&d, l.files[i], &ignored) > 0 &&
	    d.marks) {
		node = document_find(&d, key, &rest);
		e->line = d.marks[node].line;
		e->col = d.marks[node].col;
		free(e->file);
		e->file = xstrdup(l.files[i]);
	}
	if (i < l.n)
		document_release(&d);
	err_release(&ignored);
	layout_release(&l);
}
