#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"
#include "io/readfile.h"
#include "env.h"
#include "schema.h"
#include "dotenv.h"

static int
is_name_char(char c, int first)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

static const char *
past_name(const char *p)
{
	const char *start = p;

	while (is_name_char(*p, p == start))
		p++;
	return p;
}

static const char *
past_space(const char *p)
{
	return p + strspn(p, " \t");
}

/* The start of the line after p. */
static const char *
past_line(const char *p)
{
	p += strcspn(p, "\n");
	return p + (*p == '\n');
}

/*
 * Expands ${NAME} or ${NAME:-default} at p: appends the value and returns what
 * follows. Returns p if the text there is neither.
 */
static const char *
expand_var(const struct env *e, const char *p, struct buf *b)
{
	const char *end, *value, *word;
	char *name;

	if (strncmp(p, "${", 2) != 0)
		return p;
	word = end = past_name(p + 2);
	if (word == p + 2 || (*word != '}' && strncmp(word, ":-", 2) != 0))
		return p;
	/* a default cannot contain variables */
	end += strcspn(end, "$}\n");
	if (*end != '}')
		return p;
	name = xmemdup(p + 2, (size_t)(word - (p + 2)));
	value = env_get(e, name);
	if (!value)
		value = getenv(name);
	free(name);
	if (value)
		buf_puts(b, value);
	else if (*word == ':')
		buf_add(b, word + 2, (size_t)(end - (word + 2)));
	return end + 1;
}

/* Appends the quoted value at p; returns what follows, or NULL without end. */
static const char *
read_quoted(const struct env *e, const char *p, struct buf *b)
{
	static const char from[] = "nrt\"\\$'", to[] = "\n\r\t\"\\$'";
	const char quote = *p++, *q;

	while (*p && *p != quote) {
		if (quote == '"' && (q = expand_var(e, p, b)) != p) {
			p = q;
		} else if (quote == '"' && *p == '\\' && p[1] &&
		    (q = strchr(from, p[1]))) {
			buf_byte(b, to[q - from]);
			p += 2;
		} else {
			buf_byte(b, *p++);
		}
	}
	return *p ? p + 1 : NULL;
}

/* Appends the value at p, which has no quotes; returns its line's end. */
static const char *
read_bare(const struct env *e, const char *p, struct buf *b)
{
	const char *start = p, *q;

	while (*p && *p != '\n' && !(*p == '#' && (p == start ||
	    p[-1] == ' ' || p[-1] == '\t'))) {
		q = expand_var(e, p, b);
		if (q == p)
			buf_byte(b, *p++);
		else
			p = q;
	}
	while (b->len && strchr(" \t\r", b->p[b->len - 1]))
		b->len--;
	return p + strcspn(p, "\n");
}

/* Whether only white space and a comment follow a closing quote. */
static int
ends_line(const char *p)
{
	p = past_space(p);
	return !*p || *p == '\n' || *p == '#' || !strncmp(p, "\r\n", 2) ||
	    !strcmp(p, "\r");
}

/* The start of the name in a line: after "export ", unless that is the name. */
static const char *
find_name(const char *p)
{
	const char *after;

	if (strncmp(p, "export", 6) != 0 || (p[6] != ' ' && p[6] != '\t'))
		return p;
	after = past_space(p + 6);
	return *after == '=' ? p : after;
}

/* Reads the assignment at p; returns where reading continues. */
static const char *
read_assignment(const struct env *e, const char *p, struct dotenv_entry *entry)
{
	const char *name = find_name(p), *end = past_name(name), *q;

	p = past_space(end);
	if (end == name || *p != '=') {
		entry->error = "expected NAME=VALUE";
		return past_line(p);
	}
	p = past_space(p + 1);
	q = *p == '"' || *p == '\'' ? read_quoted(e, p, &entry->value) :
	    read_bare(e, p, &entry->value);
	if (!q) {
		entry->error = "missing closing quote";
		entry->open = 1;
		return p + strlen(p);
	}
	if ((*p == '"' || *p == '\'') && !ends_line(q)) {
		entry->error = "text after the closing quote";
		return past_line(q);
	}
	entry->name = name;
	entry->name_len = (size_t)(end - name);
	return past_line(q);
}

void
dotenv_begin(struct dotenv *d, const char *text)
{
	d->p = text + (strncmp(text, "\xef\xbb\xbf", 3) ? 0 : 3);
	d->line = 1;
}

int
dotenv_next(struct dotenv *d, const struct env *e, struct dotenv_entry *entry)
{
	const char *p = past_space(d->p), *q;

	while (*p == '#' || *p == '\r' || *p == '\n') {
		d->p = past_line(p);
		d->line += d->p[-1] == '\n';
		p = past_space(d->p);
	}
	entry->start = d->p;
	entry->line = d->line;
	entry->name = entry->error = NULL;
	entry->open = 0;
	entry->value.len = 0;
	if (!*p)
		return 0;
	entry->end = read_assignment(e, p, entry);
	for (q = p; q < entry->end; q++)
		d->line += *q == '\n';
	d->p = entry->end;
	return 1;
}

/* Warns of an unknown variable with the prefix of this project's variables. */
static void
check_variable(const char *name, size_t line, struct err *err,
    void (*report)(void *arg, int error, const struct err *err), void *arg)
{
	const char *near;

	if (strncmp(name, "FLUXLOOP_", 9) != 0 || schema_has_variable(name))
		return;
	near = schema_nearest_variable(name);
	err_set(err, line, 0, "unknown variable '%s'%s%s%s", name,
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	report(arg, 0, err);
}

/* Moves an assignment into e. */
static void
take_entry(struct env *e, struct dotenv_entry *entry, struct err *err,
    void (*report)(void *arg, int error, const struct err *err), void *arg)
{
	char *name = xmemdup(entry->name, entry->name_len);

	env_set(e, name, entry->name_len, buf_str(&entry->value), 1);
	check_variable(name, entry->line, err, report, arg);
	free(name);
}

int
dotenv_read(struct env *e, const char *file,
    void (*report)(void *arg, int error, const struct err *err), void *arg)
{
	struct dotenv_entry entry = { .name = NULL };
	struct err err = { 0 };
	struct buf b = { 0 };
	struct dotenv d;
	int bad, failed;

	err.file = xstrdup(file);
	bad = readfile_at(AT_FDCWD, file, &b) && errno != ENOENT;
	failed = bad && errno != EACCES && errno != EISDIR;
	if (bad)
		err_set(&err, 0, 0, "%s", strerror(errno));
	else if (b.len && memchr(b.p, '\0', b.len))
		bad = err_set(&err, 1, 0, "NUL byte");
	if (bad) {
		report(arg, failed, &err);
		b.len = 0;
	}
	dotenv_begin(&d, buf_str(&b));
	while (dotenv_next(&d, e, &entry)) {
		if (entry.name) {
			take_entry(e, &entry, &err, report, arg);
		} else {
			err_set(&err, entry.line, 0, "%s", entry.error);
			report(arg, 0, &err);
		}
	}
	buf_release(&entry.value);
	err_release(&err);
	buf_release(&b);
	return failed ? -1 : 0;
}
