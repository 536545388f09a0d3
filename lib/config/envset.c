#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/newfile.h"
#include "io/out.h"
#include "io/plain.h"
#include "io/readfile.h"
#include "dotenv.h"
#include "env.h"
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

/*
 * Copies text with setting in place of the assignments of name. Returns 0, or
 * -1 with *e filled in when a quote is open, where nothing can be added.
 */
static int
put_lines(struct buf *b, struct buf *text, const char *name,
    const char *setting, struct err *e)
{
	struct dotenv_entry entry = { .name = NULL };
	struct env none = { 0 };
	const char *copied = buf_str(text);
	struct dotenv d;
	int written = 0, bad = 0;

	dotenv_begin(&d, copied);
	while (dotenv_next(&d, &none, &entry)) {
		if (entry.error && entry.open)
			bad = err_set(e, entry.line, 0, "%s", entry.error);
		if (!entry.name || entry.name_len != strlen(name) ||
		    memcmp(entry.name, name, entry.name_len) != 0)
			continue;
		buf_add(b, copied, (size_t)(entry.start - copied));
		if (!written++)
			buf_printf(b, "%s\n", setting);
		copied = entry.end;
	}
	buf_puts(b, copied);
	if (b->len && b->p[b->len - 1] != '\n')
		buf_byte(b, '\n');
	if (!written)
		buf_printf(b, "%s\n", setting);
	buf_release(&entry.value);
	return bad;
}

/* Replaces the file, whose mode is kept. */
static int
write_lines(const char *file, const struct buf *text)
{
	struct newfile f;
	struct stat st;
	int error;

	if (newfile_begin_path(&f, file))
		return -1;
	if (!stat(file, &st) && fchmod(f.out.fd, st.st_mode & 07777)) {
		error = errno;
		newfile_release(&f);
		errno = error;
		return -1;
	}
	out_put(&f.out, text->p, text->len);
	return newfile_commit(&f);
}

/* Changes the file while its folder is locked. */
static int
replace_locked(const char *file, const char *name, const char *setting,
    struct err *e)
{
	struct buf old = { 0 }, new = { 0 };
	int bad = readfile_at(AT_FDCWD, file, &old) && errno != ENOENT;

	if (bad)
		err_set(e, 0, 0, "%s", strerror(errno));
	else if (old.len && memchr(old.p, '\0', old.len))
		bad = err_set(e, 0, 0, "NUL byte");
	else
		bad = put_lines(&new, &old, name, setting, e);
	if (!bad && write_lines(file, &new))
		bad = err_set(e, 0, 0, "%s", plain_error(errno));
	buf_release(&old);
	buf_release(&new);
	return bad;
}

/* Reads the file, changes the variable, and writes the file. */
static int
replace(const char *file, const char *name, const char *setting, struct err *e)
{
	int lock = plain_lock_parent(file);
	int bad = replace_locked(file, name, setting, e);

	if (lock >= 0)
		close(lock);
	return bad;
}

int
envset_put(const char *file, const char *name, const char *value,
    struct err *e)
{
	struct buf setting = { 0 };
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
		bad = replace(real ? real : file, name, buf_str(&setting), e);
	}
	free(real);
	buf_release(&setting);
	return bad;
}
