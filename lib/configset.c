#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "json.h"
#include "out.h"
#include "tree.h"
#include "yamlin.h"
#include "schema.h"
#include "configset.h"

/* Whether text is one plain scalar that a key of this type takes. */
static int
fits_plain(const char *text, enum schema_want want)
{
	struct json_span v = { text, strlen(text) };
	struct json_fault f;
	size_t i;

	if (want == W_INT || want == W_NUMBER || want == W_BOOL ||
	    want == W_SCALAR || want == W_ANY)
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

	if (m->style != 'p' && m->style != 'q')
		return err_set(e, m->line, m->col, "'%s' is not in one line: "
		    "edit the file", key);
	/* "key:" without a value has no space behind it */
	if (m->start == m->end && m->start && text->p[m->start - 1] != ' ')
		buf_byte(&b, ' ');
	put_scalar(&b, value, want);
	buf_splice(text, m->start, m->end - m->start, b.p, b.len);
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
	if (section && marks) {
		if (t->nodes[section].type != JSON_OBJECT ||
		    marks[section].style != '-')
			return err_set(e, marks[section].line,
			    marks[section].col, "'%s' cannot be added here: "
			    "edit the file", key);
		indent = marks[section + 1].col - 1;
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

/* Whether the key takes the value that will be written. */
static int
check(const struct schema_key *k, const char *key, const char *value,
    struct err *e)
{
	struct json_span v;
	struct buf json = { 0 };
	int bad;

	if (fits_plain(value, k->want) && strchr("-0123456789tfn", *value) &&
	    k->want != W_TEXT && k->want != W_TEXTS)
		buf_puts(&json, value);
	else
		json_put_text(&json, value, strlen(value));
	v.p = buf_str(&json);
	v.n = json.len;
	bad = schema_check_value(k, key, v, e);
	buf_release(&json);
	return bad;
}

static int
read_whole(const char *file, struct buf *text, struct err *e)
{
	ssize_t n;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, 0, 0, "%s", strerror(errno));
	do {
		n = read(fd, buf_room(text, 65536), 65536);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		err_set(e, 0, 0, "%s", strerror(errno));
	close(fd);
	return n < 0 ? -1 : 0;
}

/* Writes a file anew beside its place, then puts it there. */
static int
write_whole(const char *file, const struct buf *text, struct err *e)
{
	struct stat st;
	char *temp = xasprintf("%s.new", file);
	int fd, bad;

	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bad = fd < 0 || out_write_all(fd, text->p, text->len) ||
	    (stat(file, &st) == 0 && fchmod(fd, st.st_mode & 07777)) ||
	    fsync(fd);
	if (fd >= 0 && close(fd))
		bad = 1;
	if (!bad)
		bad = rename(temp, file) != 0;
	if (bad) {
		err_set(e, 0, 0, "%s", strerror(errno));
		unlink(temp);
	}
	free(temp);
	return bad ? -1 : 0;
}

int
configset_put(const char *file, const char *key, const char *value,
    struct err *e)
{
	const struct schema_key *k = schema_find(key);
	const struct yamlin_mark *marks;
	struct yamlin_reader *r;
	struct buf text = { 0 }, json = { 0 };
	struct tree t = { 0 };
	size_t line, n;
	int fd, got, bad;

	if (!k)
		return err_set(e, 0, 0, "unknown key '%s'%s%s%s", key,
		    schema_nearest(key) ? ": is '" : "",
		    schema_nearest(key) ? schema_nearest(key) : "",
		    schema_nearest(key) ? "' meant?" : "");
	if (check(k, key, value, e) || read_whole(file, &text, e))
		return -1;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	r = yamlin_new(fd, YAMLIN_DOCUMENTS);
	got = yamlin_next(r, &json, &line, e);
	marks = got > 0 ? yamlin_marks(r, &n) : NULL;
	if (got > 0)
		tree_parse(&t, (struct json_span){ json.p, json.len });
	buf_str(&text);
	bad = got < 0 || edit(&text, &t, marks, key, value, k->want, e) ||
	    write_whole(file, &text, e);
	tree_release(&t);
	yamlin_free(r);
	close(fd);
	buf_release(&json);
	buf_release(&text);
	return bad ? -1 : 0;
}
