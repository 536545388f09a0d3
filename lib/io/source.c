#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/util.h"
#include "source.h"

/* So many bad lines at the beginning of a file are told one by one. */
#define PATIENCE 5

char *
source_bad(struct source_tally *t, const char *file, size_t line,
    const char *why)
{
	if (!t->good)
		t->bad++;
	if (t->good || t->bad <= PATIENCE)
		return xasprintf("%s:%zu: %s", file, line, why);
	return t->bad > PATIENCE + 1 ? NULL : xasprintf("%s: no good line so "
	    "far: more bad ones are only counted", file);
}

char *
source_good(struct source_tally *t, const char *file)
{
	char *msg = t->good || t->bad <= PATIENCE ? NULL : xasprintf("%s: its "
	    "first %zu lines were passed over", file, t->bad);

	t->good = 1;
	return msg;
}

char *
source_over(const struct source_tally *t, const char *file)
{
	return t->good || t->bad <= PATIENCE ? NULL :
	    xasprintf("%s: all %zu lines were passed over", file, t->bad);
}

void
source_init(struct source *s, char *const *files, size_t nfiles,
    void (*say)(const char *msg))
{
	static char stdin_name[] = "-";
	static char *const only_stdin[] = { stdin_name };

	memset(s, 0, sizeof(*s));
	s->files = nfiles ? files : only_stdin;
	s->nfiles = nfiles ? nfiles : 1;
	s->say = say;
	s->clean = xcalloc(1, sizeof(*s->clean));
}

static void
close_file(struct source *s)
{
	if (!s->open)
		return;
	if (s->reader.fd != STDIN_FILENO)
		close(s->reader.fd);
	line_release(&s->reader);
	s->open = 0;
}

void
source_release(struct source *s)
{
	close_file(s);
	buf_release(s->clean);
	free(s->clean);
}

/* Says a message, if there is one, and frees it. */
static void
say(struct source *s, char *msg)
{
	if (msg)
		s->say(msg);
	free(msg);
}

static void
say_file(struct source *s, const char *what)
{
	say(s, xasprintf("%s: %s", s->file, what));
}

static void
fail(struct source *s, int error)
{
	say_file(s, strerror(error));
	s->failed = 1;
}

void
source_use(struct source *s)
{
	say(s, source_good(&s->tally, s->file));
	s->blameless = 0;
}

void
source_complain(struct source *s, const char *fmt, ...)
{
	struct buf what = { 0 };
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	vsnprintf(buf_room(&what, (size_t)n), (size_t)n + 1, fmt, ap);
	va_end(ap);
	say(s, source_bad(&s->tally, s->file, s->line, what.p));
	s->blameless = 0;
	s->bad++;
	buf_release(&what);
}

/* Opens the next file that can be opened; 0 when there is none. */
static int
open_next(struct source *s)
{
	struct stat st;
	int fd;

	while (s->next < s->nfiles) {
		s->file = s->files[s->next++];
		s->said = 0;
		memset(&s->tally, 0, sizeof(s->tally));
		if (!strcmp(s->file, "-")) {
			s->file = "<stdin>";
			fd = STDIN_FILENO;
		} else {
			fd = open(s->file, O_RDONLY | O_CLOEXEC);
		}
		if (fd < 0) {
			fail(s, errno);
			continue;
		}
		line_init(&s->reader, fd);
		s->reader.eager = s->eager;
		s->open = 1;
		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
			fail(s, EISDIR);
			close_file(s);
			continue;
		}
		return 1;
	}
	return 0;
}

int
source_blank(const struct line *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strchr(" \t\r", l->p[i]) || !l->p[i])
			return 0;
	return 1;
}

const char *
source_odd(int flag, int replaced)
{
	if (flag == JSON_NAN)
		return replaced ? "NaN and Infinity are no JSON: read as null" :
		    "NaN and Infinity are no JSON: shown as they are";
	return replaced ? "half surrogate pairs are no text: read as U+FFFD" :
	    "half surrogate pairs are no text: shown as they are";
}

/* Takes out what only Python writes, and finds the fields again in the rest. */
static void
clean(struct source *s, const char *const *names, struct json_span *values,
    size_t count)
{
	struct json_fault f;
	int flag;

	for (flag = JSON_NAN; flag <= JSON_LONE; flag <<= 1)
		if (s->met & flag && !(s->said & flag))
			say_file(s, source_odd(flag, 1));
	s->said |= s->met;
	s->clean->len = 0;
	json_compact(s->clean, s->record);
	s->record.p = buf_str(s->clean);
	s->record.n = s->clean->len;
	json_scan(s->record.p, s->record.n, JSON_LAX, names, values, count,
	    &f);
}

int
source_check(const struct line *l, const char *const *names,
    struct json_span *values, size_t count, struct json_span *record,
    char **why)
{
	struct json_fault f;
	int met;

	met = json_scan(l->p, l->n, JSON_LAX, names, values, count, &f);
	if (met < 0) {
		*why = xasprintf("%s%s (byte %zu)", l->whole ? "" :
		    "the last line is cut off: ", f.msg, f.at + 1);
		return -1;
	}
	record->p = l->p + strspn(l->p, " \t\r");
	record->n = l->n - (size_t)(record->p - l->p);
	while (strchr(" \t\r", record->p[record->n - 1]))
		record->n--;
	if (json_type(*record) != JSON_OBJECT) {
		*why = xasprintf("a record is an object, this is %s",
		    json_type_name(json_type(*record)));
		return -1;
	}
	return met;
}

/* Checks a line. Returns 1 when it is a record. */
static int
take_line(struct source *s, const struct line *l, const char *const *names,
    struct json_span *values, size_t count)
{
	char *why;

	s->line = s->reader.number;
	s->met = source_check(l, names, values, count, &s->record, &why);
	if (s->met < 0) {
		source_complain(s, "%s", why);
		free(why);
		return 0;
	}
	if (s->met)
		clean(s, names, values, count);
	s->blameless = 1;
	return 1;
}

int
source_next(struct source *s, const char *const *names,
    struct json_span *values, size_t count)
{
	struct line l;
	int r;

	if (s->blameless)
		source_use(s);
	while (s->open || open_next(s)) {
		r = line_next(&s->reader, &l);
		if (r == LINE_LATER)
			return -1;
		if (r > 0 && source_blank(&l))
			continue;
		if (r > 0 && take_line(s, &l, names, values, count))
			return 1;
		if (r > 0)
			continue;
		say(s, source_over(&s->tally, s->file));
		if (r < 0)
			fail(s, errno);
		close_file(s);
	}
	return 0;
}
