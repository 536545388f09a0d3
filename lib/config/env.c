#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "base/err.h"
#include "base/buf.h"
#include "env.h"

extern char **environ;

static void
add(struct env *e, char *var)
{
	if (e->n + 2 > e->cap) {
		e->cap = grow(e->cap, e->n + 2);
		e->vars = xreallocarray(e->vars, e->cap, sizeof(*e->vars));
	}
	e->vars[e->n++] = var;
	e->vars[e->n] = NULL;
}

void
env_inherit(struct env *e)
{
	size_t i;

	for (i = 0; environ[i]; i++)
		if (strchr(environ[i], '='))
			add(e, xstrdup(environ[i]));
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
find(const struct env *e, const char *name, size_t n)
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
	char **var = find(e, name, strlen(name));

	return var ? *var + strlen(name) + 1 : NULL;
}

void
env_set(struct env *e, const char *name, size_t n, const char *value,
    int replace)
{
	char **old = find(e, name, n);

	if (old && !replace)
		return;
	if (old) {
		free(*old);
		*old = xasprintf("%.*s=%s", (int)n, name, value);
	} else {
		add(e, xasprintf("%.*s=%s", (int)n, name, value));
	}
}

/* Where reading stands in a file's text. */
struct cursor {
	const char *p;
	size_t line;
};

static int
is_name(char c, int first)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

static void
blanks(struct cursor *c)
{
	c->p += strspn(c->p, " \t");
}

static void
end_of_line(struct cursor *c)
{
	c->p += strcspn(c->p, "\n");
}

/*
 * Appends what ${NAME} or ${NAME:-default} at the cursor stands for: a variable
 * that was read before, or one of this process. Returns 0 when it is neither.
 */
static int
expand(const struct env *e, struct cursor *c, struct buf *b)
{
	const char *p, *end, *value;
	char *name;
	size_t n = 0;

	if (strncmp(c->p, "${", 2) != 0)
		return 0;
	p = c->p + 2;
	while (is_name(p[n], n == 0))
		n++;
	end = p + n;
	if (!n || (*end != '}' && strncmp(end, ":-", 2) != 0))
		return 0;
	/* a default has no variables in it */
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

/* Reads a value in quotes; 0 when they are not closed. */
static int
quoted(const struct env *e, struct cursor *c, struct buf *b)
{
	static const char from[] = "nrt\"\\$'", to[] = "\n\r\t\"\\$'";
	char quote = *c->p++;
	const char *q;

	for (; *c->p && *c->p != quote; c->p++) {
		while (quote == '"' && expand(e, c, b))
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

static void
bare(const struct env *e, struct cursor *c, struct buf *b)
{
	const char *start = c->p;

	while (*c->p && *c->p != '\n' && !(*c->p == '#' && (c->p == start ||
	    c->p[-1] == ' ' || c->p[-1] == '\t')))
		if (!expand(e, c, b))
			buf_byte(b, *c->p++);
	while (b->len && strchr(" \t\r", b->p[b->len - 1]))
		b->len--;
}

static int
assignment(struct env *e, struct cursor *c, struct err *err)
{
	struct buf value = { 0 };
	const char *name;
	size_t n, line = c->line;
	int bad = 0;

	if (!strncmp(c->p, "export ", 7))
		c->p += 7;
	blanks(c);
	name = c->p;
	while (is_name(*c->p, c->p == name))
		c->p++;
	n = (size_t)(c->p - name);
	blanks(c);
	if (!n || *c->p != '=') {
		end_of_line(c);
		return err_set(err, line, 0, "not NAME=VALUE");
	}
	c->p++;
	blanks(c);
	if (*c->p == '"' || *c->p == '\'')
		bad = !quoted(e, c, &value);
	else
		bare(e, c, &value);
	if (bad)
		err_set(err, line, 0, "the value's quotes are not closed");
	else
		env_set(e, name, n, buf_str(&value), 1);
	end_of_line(c);
	buf_release(&value);
	return bad ? -1 : 0;
}

static int
read_text(const char *file, struct buf *b, struct err *err)
{
	ssize_t n;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(err, 0, 0, "%s", strerror(errno));
	do {
		n = read(fd, buf_room(b, 4096), 4096);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		err_set(err, 0, 0, "%s", strerror(errno));
	close(fd);
	return n < 0 ? -1 : 1;
}

void
env_read(struct env *e, const char *file,
    void (*say)(void *arg, const struct err *err), void *arg)
{
	struct err err = { 0 };
	struct buf b = { 0 };
	struct cursor c = { NULL, 1 };
	int bad;

	err.file = xstrdup(file);
	bad = read_text(file, &b, &err) < 0;
	c.p = buf_str(&b);
	if (!bad && strlen(c.p) != b.len)
		bad = err_set(&err, 0, 0, "a NUL byte");
	if (bad)
		say(arg, &err);
	while (*c.p) {
		blanks(&c);
		if (*c.p == '#' || *c.p == '\r')
			end_of_line(&c);
		else if (*c.p != '\n' && assignment(e, &c, &err))
			say(arg, &err);
		if (*c.p == '\n') {
			c.p++;
			c.line++;
		}
	}
	err_release(&err);
	buf_release(&b);
}
