#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/err.h"
#include "base/buf.h"
#include "io/readfile.h"
#include "env.h"

extern char **environ;

/* Adds a "NAME=VALUE" string, which the set frees. */
static void
add_var(struct env *e, char *var)
{
	ALLOC_GROW(e->vars, e->n + 2, e->cap);
	e->vars[e->n++] = var;
	e->vars[e->n] = NULL;
}

void
env_inherit(struct env *e)
{
	size_t i;

	for (i = 0; environ[i]; i++)
		if (strchr(environ[i], '='))
			add_var(e, xstrdup(environ[i]));
}

void
env_release(struct env *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		free(e->vars[i]);
	free(e->vars);
	memset(e, 0, sizeof(*e));
}

static char **
find_var(const struct env *e, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (!strncmp(e->vars[i], name, n) && e->vars[i][n] == '=')
			return &e->vars[i];
	return NULL;
}

const char *
env_get(const struct env *e, const char *name)
{
	char **var = find_var(e, name, strlen(name));

	return var ? *var + strlen(name) + 1 : NULL;
}

void
env_set(struct env *e, const char *name, size_t n, const char *value,
    int replace)
{
	char **old = find_var(e, name, n);

	if (old && !replace)
		return;
	if (old) {
		free(*old);
		*old = xasprintf("%.*s=%s", (int)n, name, value);
	} else {
		add_var(e, xasprintf("%.*s=%s", (int)n, name, value));
	}
}

/* A position in a file's text, which ends in a NUL. */
struct cursor {
	const char *p;
	size_t line;		/* from 1 */
};

static int
is_name_char(char c, int first)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

static void
skip_space(struct cursor *c)
{
	c->p += strspn(c->p, " \t");
}

static void
skip_line(struct cursor *c)
{
	c->p += strcspn(c->p, "\n");
}

/*
 * Expands ${NAME} or ${NAME:-default} at the cursor: appends the value and
 * moves the cursor past it. Returns 0 if the text at the cursor is neither.
 */
static int
expand_var(const struct env *e, struct cursor *c, struct buf *b)
{
	const char *p, *end, *value;
	char *name;
	size_t n = 0;

	if (strncmp(c->p, "${", 2) != 0)
		return 0;
	p = c->p + 2;
	while (is_name_char(p[n], n == 0))
		n++;
	end = p + n;
	if (!n || (*end != '}' && strncmp(end, ":-", 2) != 0))
		return 0;
	/* a default cannot contain variables */
	end += strcspn(end, "$}\n");
	if (*end != '}')
		return 0;
	name = xmemdup(p, n);
	value = env_get(e, name);
	if (!value)
		value = getenv(name);
	free(name);
	if (value)
		buf_puts(b, value);
	else if (p[n] == ':')
		buf_add(b, p + n + 2, (size_t)(end - (p + n + 2)));
	c->p = end + 1;
	return 1;
}

/* Appends a quoted value; returns 0 if the closing quote is missing. */
static int
read_quoted(const struct env *e, struct cursor *c, struct buf *b)
{
	static const char from[] = "nrt\"\\$'", to[] = "\n\r\t\"\\$'";
	char quote = *c->p++;
	const char *q;

	for (; *c->p && *c->p != quote; c->p++) {
		while (quote == '"' && expand_var(e, c, b))
			;
		if (!*c->p || *c->p == quote)
			break;
		if (*c->p == '\n')
			c->line++;
		q = quote == '"' && *c->p == '\\' && c->p[1] ?
		    strchr(from, c->p[1]) : NULL;
		if (q) {
			buf_byte(b, to[q - from]);
			c->p++;
		} else {
			buf_byte(b, *c->p);
		}
	}
	if (!*c->p)
		return 0;
	c->p++;
	return 1;
}

/* Appends a value without quotes. */
static void
read_bare(const struct env *e, struct cursor *c, struct buf *b)
{
	const char *start = c->p;

	while (*c->p && *c->p != '\n' && !(*c->p == '#' && (c->p == start ||
	    c->p[-1] == ' ' || c->p[-1] == '\t')))
		if (!expand_var(e, c, b))
			buf_byte(b, *c->p++);
	while (b->len && strchr(" \t\r", b->p[b->len - 1]))
		b->len--;
}

/* Reads a line NAME=VALUE. Returns -1 with *err filled in if it is bad. */
static int
read_assignment(struct env *e, struct cursor *c, struct err *err)
{
	struct buf value = { 0 };
	const char *name;
	size_t n, line = c->line;
	int bad = 0;

	if (!strncmp(c->p, "export ", 7))
		c->p += 7;
	skip_space(c);
	name = c->p;
	while (is_name_char(*c->p, c->p == name))
		c->p++;
	n = (size_t)(c->p - name);
	skip_space(c);
	if (!n || *c->p != '=') {
		skip_line(c);
		return err_set(err, line, 0, "expected NAME=VALUE");
	}
	c->p++;
	skip_space(c);
	if (*c->p == '"' || *c->p == '\'')
		bad = !read_quoted(e, c, &value);
	else
		read_bare(e, c, &value);
	if (bad)
		err_set(err, line, 0, "missing closing quote");
	else
		env_set(e, name, n, buf_str(&value), 1);
	skip_line(c);
	buf_release(&value);
	return bad ? -1 : 0;
}

void
env_read(struct env *e, const char *file,
    void (*report)(void *arg, const struct err *err), void *arg)
{
	struct err err = { 0 };
	struct buf b = { 0 };
	struct cursor c = { NULL, 1 };
	int bad;

	err.file = xstrdup(file);
	bad = readfile_at(AT_FDCWD, file, &b) && errno != ENOENT;
	if (bad)
		err_set(&err, 0, 0, "%s", strerror(errno));
	c.p = buf_str(&b);
	if (!bad && strlen(c.p) != b.len)
		bad = err_set(&err, 0, 0, "NUL byte");
	if (bad)
		report(arg, &err);
	while (*c.p) {
		skip_space(&c);
		if (*c.p == '#' || *c.p == '\r')
			skip_line(&c);
		else if (*c.p != '\n' && read_assignment(e, &c, &err))
			report(arg, &err);
		if (*c.p == '\n') {
			c.p++;
			c.line++;
		}
	}
	err_release(&err);
	buf_release(&b);
}
