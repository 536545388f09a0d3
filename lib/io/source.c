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

/* Bad lines at the beginning of a file that are reported one by one. */
#define SOURCE_REPORTED 5

/* A line of a file as messages show it, to be freed. */
static char *
source_place(const char *file, size_t line)
{
	size_t n = strlen(file);

	return xasprintf("%s%s%zu", file, n && file[n - 1] == ' ' ? "" : ":",
	    line);
}

char *
source_bad(struct source_tally *t, const char *file, size_t line,
    const char *why)
{
	char *place, *msg;

	if (!t->good)
		t->bad++;
	if (t->good || t->bad <= SOURCE_REPORTED) {
		place = source_place(file, line);
		msg = xasprintf("%s: %s", place, why);
		free(place);
		return msg;
	}
	if (t->bad > SOURCE_REPORTED + 1)
		return NULL;
	return xasprintf("%s: no good line so far; further bad lines are "
	    "only counted", file);
}

char *
source_good(struct source_tally *t, const char *file)
{
	char *msg = NULL;

	if (!t->good && t->bad > SOURCE_REPORTED)
		msg = xasprintf("%s: skipped its first %zu lines", file,
		    t->bad);
	t->good = 1;
	return msg;
}

char *
source_end(const struct source_tally *t, const char *file)
{
	if (t->good || t->bad <= SOURCE_REPORTED)
		return NULL;
	return xasprintf("%s: skipped all %zu lines", file, t->bad);
}

void
source_init(struct source *s, char *const *files, size_t nfiles,
    void (*report)(const char *msg))
{
	static char stdin_name[] = "-";
	static char *const only_stdin[] = { stdin_name };

	memset(s, 0, sizeof(*s));
	s->files = nfiles ? files : only_stdin;
	s->nfiles = nfiles ? nfiles : 1;
	s->report = report;
	s->stdin_name = "<stdin>";
	s->clean = xcalloc(1, sizeof(*s->clean));
	s->text = xcalloc(1, sizeof(*s->text));
}

void
source_close(struct source *s)
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
	source_close(s);
	buf_release(s->clean);
	free(s->clean);
	buf_release(s->text);
	free(s->text);
}

/* Reports a message, unless it is NULL, and frees it. */
static void
report_source(struct source *s, char *msg)
{
	if (msg)
		s->report(msg);
	free(msg);
}

static void
report_file(struct source *s, const char *what)
{
	report_source(s, xasprintf("%s: %s", s->file, what));
}

void
source_fail(struct source *s, int error)
{
	report_file(s, strerror(error));
	s->failed = 1;
}

void
source_use(struct source *s)
{
	report_source(s, source_good(&s->tally, s->file));
	s->pending = 0;
}

void
source_complain(struct source *s, const char *fmt, ...)
{
	struct buf what = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&what, fmt, ap);
	va_end(ap);
	report_source(s, source_bad(&s->tally, s->file, s->line,
	    buf_str(&what)));
	s->pending = 0;
	s->bad++;
	buf_release(&what);
}

void
source_finish(struct source *s)
{
	report_source(s, source_end(&s->tally, s->file));
}

void
source_note(struct source *s, const char *what)
{
	report_file(s, what);
}

void
source_reject(struct source *s, const char *what)
{
	report_file(s, what);
	s->bad++;
}

int
source_open(struct source *s)
{
	struct stat st;
	int fd;

	while (s->next < s->nfiles) {
		s->file = s->files[s->next++];
		s->reported = 0;
		memset(&s->tally, 0, sizeof(s->tally));
		if (!strcmp(s->file, "-")) {
			s->file = s->stdin_name;
			fd = STDIN_FILENO;
		} else {
			fd = open(s->file, O_RDONLY | O_CLOEXEC);
		}
		if (fd < 0) {
			source_fail(s, errno);
			continue;
		}
		line_init(&s->reader, fd);
		s->reader.eager = s->eager;
		s->open = 1;
		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
			source_fail(s, EISDIR);
			source_close(s);
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
		return replaced ?
		    "NaN and Infinity are not JSON; read as null" :
		    "NaN and Infinity are not JSON; shown unchanged";
	return replaced ? "lone surrogates are not text; read as U+FFFD" :
	    "lone surrogates are not text; shown unchanged";
}

void
source_replaced(struct source *s, int met)
{
	int flag;

	for (flag = JSON_NAN; flag <= JSON_LONE; flag <<= 1)
		if (met & flag && !(s->reported & flag))
			report_file(s, source_odd(flag, 1));
	s->reported |= met;
}

/* Copies the record without values that JSON lacks; finds the fields there. */
static void
clean_record(struct source *s, const char *const *names,
    struct json_span *values, size_t count)
{
	struct json_fault f;

	source_replaced(s, s->met);
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
	const struct json_wanted w = {
		.take = JSON_LAX, .names = names, .values = values,
		.count = count
	};

	return source_check_wanted(l, &w, record, why);
}

int
source_check_wanted(const struct line *l, const struct json_wanted *w,
    struct json_span *record, char **why)
{
	struct json_fault f;
	int met;

	met = json_scan_record(l->p, l->n, w, NULL, &f);
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
		*why = xasprintf("expected an object, got %s",
		    json_type_name(json_type(*record)));
		return -1;
	}
	return met;
}

/* Puts the record of a text in the place of its line, if the line has one. */
static void
take_text(struct source *s, struct line *l)
{
	struct json_span v = { l->p, l->n };
	struct json_fault f;
	size_t n = l->n;

	s->text->len = 0;
	if (s->lines == SOURCE_TEXTS) {
		if (n && l->p[n - 1] == '\r')
			n--;
		json_open(s->text, NULL, '{');
		json_add_text(s->text, "input", l->p, n);
	} else {
		while (v.n && strchr(" \t\r", *v.p) && *v.p)
			v = (struct json_span){ v.p + 1, v.n - 1 };
		while (v.n && strchr(" \t\r", v.p[v.n - 1]))
			v.n--;
		if (!v.n || *v.p != '"' || json_scan(v.p, v.n, JSON_LAX, NULL,
		    NULL, 0, &f) < 0)
			return;
		json_open(s->text, NULL, '{');
		json_add(s->text, "input", v);
	}
	json_close(s->text, '}');
	l->p = buf_str(s->text);
	l->n = s->text->len;
}

/* Checks a line. Returns 1 if it is a record, else 0. */
static int
check_line(struct source *s, struct line *l, const char *const *names,
    struct json_span *values, size_t count)
{
	char *why;

	s->line = s->reader.number;
	if (s->lines)
		take_text(s, l);
	s->met = source_check(l, names, values, count, &s->record, &why);
	if (s->met < 0) {
		source_complain(s, "%s", why);
		free(why);
		return 0;
	}
	if (s->met)
		clean_record(s, names, values, count);
	s->pending = 1;
	return 1;
}

int
source_next(struct source *s, const char *const *names,
    struct json_span *values, size_t count)
{
	struct line l;
	int r;

	if (s->pending)
		source_use(s);
	while (s->open || source_open(s)) {
		r = line_next(&s->reader, &l);
		if (r == LINE_LATER)
			return -1;
		if (r > 0 && source_blank(&l))
			continue;
		if (r > 0 && check_line(s, &l, names, values, count))
			return 1;
		if (r > 0)
			continue;
		source_finish(s);
		if (r < 0)
			source_fail(s, errno);
		source_close(s);
	}
	return 0;
}
