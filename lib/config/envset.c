#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "io/newfile.h"
#include "io/out.h"
#include "io/readfile.h"
#include "envset.h"

static const char name_chars[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/* Appends the value in the quotes that it needs. */
static int
put_env_value(struct buf *b, const char *value, struct err *e)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,-";

	if (!value[strspn(value, bare)]) {
		buf_puts(b, value);
		return 0;
	}
	if (!strchr(value, '\'')) {
		buf_printf(b, "'%s'", value);
		return 0;
	}
	/* some readers expand "${" everywhere but in single quotes */
	if (strstr(value, "${"))
		return err_set(e, 0, 0, "'%s': a .env file cannot hold a "
		    "value with both ' and ${", value);
	buf_byte(b, '"');
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			buf_byte(b, '\\');
		buf_byte(b, *value);
	}
	buf_byte(b, '"');
	return 0;
}

/* Whether a line sets the variable: "export NAME =..." or the like. */
static int
sets_variable(const char *line, const char *name)
{
	size_t n;

	line += strspn(line, " \t");
	if (!strncmp(line, "export", 6) && (line[6] == ' ' || line[6] == '\t'))
		line += 7 + strspn(line + 7, " \t");
	n = strspn(line, name_chars);
	if (n != strlen(name) || memcmp(line, name, n))
		return 0;
	line += n + strspn(line + n, " \t");
	return *line == '=';
}

/* Copies the lines of text, with setting in place of the variable's. */
static void
put_lines(struct buf *b, struct buf *text, const char *name,
    const char *setting)
{
	const char *line = buf_str(text), *end = line + text->len, *newline;
	size_t n;
	int written = 0;

	for (; line < end; line += n + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		n = (size_t)((newline ? newline : end) - line);
		if (!sets_variable(line, name)) {
			buf_add(b, line, n);
			buf_byte(b, '\n');
		} else if (!written++) {
			buf_printf(b, "%s\n", setting);
		}
	}
	if (!written)
		buf_printf(b, "%s\n", setting);
}

/* Replaces the file. */
static int
write_lines(const char *file, const struct buf *text)
{
	const char *slash = strrchr(file, '/');
	char *folder = !slash ? xstrdup(".") : slash == file ? xstrdup("/") :
	    xmemdup(file, (size_t)(slash - file));
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), bad;
	struct newfile f = { 0 };

	bad = dir < 0 || newfile_begin(&f, dir, slash ? slash + 1 : file);
	if (!bad) {
		out_put(&f.out, text->p, text->len);
		bad = newfile_commit(&f);
		newfile_release(&f);
	}
	if (dir >= 0)
		close(dir);
	free(folder);
	return bad ? -1 : 0;
}

int
envset_put(const char *file, const char *name, const char *value,
    struct err *e)
{
	struct buf setting = { 0 }, old = { 0 }, new = { 0 };
	char *real = realpath(file, NULL);
	int bad = -1;

	if (!*name || name[strspn(name, name_chars)] ||
	    (*name >= '0' && *name <= '9')) {
		err_set(e, 0, 0, "'%s' is not the name of a variable", name);
	} else {
		buf_printf(&setting, "%s=", name);
		bad = put_env_value(&setting, value, e);
	}
	if (!bad) {
		bad = readfile_at(AT_FDCWD, real ? real : file, &old) &&
		    errno != ENOENT;
		put_lines(&new, &old, name, buf_str(&setting));
		if (bad || write_lines(real ? real : file, &new))
			bad = err_set(e, 0, 0, "%s: %s", file,
			    strerror(errno));
	}
	free(real);
	buf_release(&setting);
	buf_release(&old);
	buf_release(&new);
	return bad;
}
