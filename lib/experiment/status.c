#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/util.h"
#include "base/visible.h"
#include "io/line.h"
#include "io/plain.h"
#include "io/readfile.h"
#include "recover.h"
#include "status.h"

/* --- reading -------------------------------------------------------------- */

/* Fails for a file that cannot be read, unless it is missing. */
static int
status_fail(const struct status *s, const char *name, struct err *e)
{
	if (errno == ENOENT || errno == PLAIN_NOT)
		return 0;
	return err_set(e, 0, 0, "%s/%s: %s", s->dir, name, strerror(errno));
}

/*
 * Reads a file of the folder dir by a function that returns 0, or -1 with errno
 * set. Returns 1; 0 if there is no file; -1 with *e filled in.
 */
static int
status_read_by(int (*by)(int fd, struct buf *text), const struct status *s,
    int dir, const char *name, struct buf *text, struct err *e)
{
	int fd = plain_open(dir, name, O_RDONLY), bad;

	if (fd < 0)
		return status_fail(s, name, e);
	bad = by(fd, text) ? status_fail(s, name, e) : 1;
	close(fd);
	return bad;
}

static int
status_read_file(const struct status *s, int dir, const char *name,
    struct buf *text, struct err *e)
{
	return status_read_by(readfile_fd, s, dir, name, text, e);
}

static int
is_object(struct buf *text)
{
	struct json_fault f;

	return text->len && *text->p == '{' &&
	    json_scan(buf_str(text), text->len, 0, NULL, NULL, 0, &f) >= 0;
}

static int
status_read_manifest(struct status *s, int dir, struct err *e)
{
	int got = status_read_file(s, dir, "manifest.json", &s->manifest, e);
	struct json_span runs;
	double d;

	if (got <= 0)
		return got;
	if (!is_object(&s->manifest)) {
		s->manifest.len = 0;
		s->broken = 1;
	} else {
		runs = json_get(json_buf(&s->manifest), "runs");
		if (json_double(runs, &d) && d > 0 && d < 1e18)
			s->of = (long long)d;
	}
	return 0;
}

/* A number in an object of an object, or NaN. */
static double
figure_at(struct json_span root, const char *section, const char *name)
{
	struct json_span v = json_get(root, section);
	double d = (double)NAN;

	if (json_is(v, JSON_OBJECT))
		json_double(json_get(v, name), &d);
	return d;
}

/* Reads the verdicts of an evaluation during the run. */
static void
read_verdicts(struct status *s, struct json_span root)
{
	double passed = figure_at(root, "verdicts", "pass");
	double failed = figure_at(root, "verdicts", "fail");
	double none = figure_at(root, "verdicts", "not_judged");

	if (!(passed >= 0 && passed < 1e18))
		return;
	s->passed = (long long)passed;
	s->judged = s->passed + (failed >= 0 && failed < 1e18 ?
	    (long long)failed : 0) + (none >= 0 && none < 1e18 ?
	    (long long)none : 0);
}

/* Reads the later verdicts, in the folder "evaluation" of the experiment. */
static int
read_evaluation(struct status *s, int dir, struct err *e)
{
	int folder = plain_open_folder(dir, "evaluation"), got;
	struct buf text = { 0 };
	double passed, all;

	/* something other than a folder is not an evaluation */
	if (folder < 0)
		return 0;
	got = status_read_file(s, folder, "summary.json", &text, e);
	if (got > 0 && is_object(&text) &&
	    json_double(json_get(json_buf(&text), "passed_traces"), &passed) &&
	    json_double(json_get(json_buf(&text), "total_traces"), &all) &&
	    passed >= 0 && passed <= all && all < 1e18) {
		s->passed = (long long)passed;
		s->judged = (long long)all;
	}
	buf_release(&text);
	close(folder);
	return got < 0 ? -1 : 0;
}

static int
is_line(const struct line *l, const char *text)
{
	return l->n == strlen(text) && !memcmp(l->p, text, l->n);
}

/*
 * Reads a summary without the list of inputs that earlier versions wrote into
 * it, one per line: it may be far longer than the rest. Returns 0, or -1 with
 * errno set.
 */
static int
read_without_inputs(int fd, struct buf *text)
{
	struct line_reader in;
	struct line l;
	int got, within = 0;

	line_init(&in, fd);
	while ((got = line_next(&in, &l)) > 0) {
		if (is_line(&l, "  \"inputs\": [")) {
			within = 1;
		} else if (within && is_line(&l, "  ],")) {
			within = 0;
		} else if (!within) {
			buf_add(text, l.p, l.n);
			buf_byte(text, '\n');
		}
	}
	line_release(&in);
	return got;
}

static int
read_summary(struct status *s, int dir, struct err *e)
{
	struct buf text = { 0 };
	struct json_span root;
	double runs, failed;
	int got = status_read_by(read_without_inputs, s, dir, "summary.json",
	    &text, e);

	if (got > 0 && is_object(&text)) {
		root = json_buf(&text);
		runs = figure_at(root, "results", "total_runs");
		failed = figure_at(root, "results", "failed");
		s->summarized = runs >= 0 && runs < 1e18;
		if (s->summarized) {
			s->runs = (long long)runs;
			s->failed = failed >= 0 ? (long long)failed : 0;
			read_verdicts(s, root);
			s->p50 = figure_at(root, "latency_ms", "p50");
			s->p95 = figure_at(root, "latency_ms", "p95");
		}
	}
	buf_release(&text);
	return got < 0 ? -1 : 0;
}

/* Counts the rows written so far. */
static int
count_rows(struct status *s, int dir, struct err *e)
{
	const char *name = recover_files[RECOVER_ROWS];
	int fd = plain_open(dir, name, O_RDONLY), bad;
	char chunk[65536];
	const char *p;
	ssize_t n = 0;
	char before = '\n';

	/* an empty line is not a row */
	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0) {
		for (p = chunk; (p = memchr(p, '\n', (size_t)(chunk + n - p)));
		    p++)
			s->runs += (p > chunk ? p[-1] : before) != '\n';
		before = chunk[n - 1];
	}
	bad = fd < 0 || n < 0 ? status_fail(s, name, e) : 0;
	if (fd >= 0)
		close(fd);
	return bad;
}

static int
has_bytes(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_size > 0;
}

/* Whether a bare directory may hold a file of that name. */
static int
is_early(const char *name)
{
	size_t i;

	for (i = 0; i < RECOVER_FILES; i++)
		if (!strcmp(name, recover_files[i]))
			return 1;
	return *name == '.' || !strcmp(name, "stderr") ||
	    !strcmp(name, "manifest.json.new");
}

/* Finds out whether no run was started: the experiment was killed at once. */
static int
find_bare(struct status *s, int dir, struct err *e)
{
	struct dirent *entry;
	DIR *d;

	if (has_bytes(dir, recover_files[RECOVER_ROWS]))
		return 0;
	d = opendir(s->dir);
	if (!d)
		return err_set(e, 0, 0, "%s: %s", s->dir, strerror(errno));
	s->bare = 1;
	while (s->bare && (entry = readdir(d)))
		s->bare = is_early(entry->d_name);
	closedir(d);
	return 0;
}

int
status_read(struct status *s, const char *dir, struct err *e)
{
	int fd, bad;

	memset(s, 0, sizeof(*s));
	s->dir = xstrdup(dir);
	s->of = s->failed = s->judged = s->passed = -1;
	s->p50 = s->p95 = (double)NAN;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, 0, 0, "%s: %s", dir, strerror(errno));
	bad = status_read_manifest(s, fd, e) || read_summary(s, fd, e) ||
	    read_evaluation(s, fd, e) ||
	    (!s->summarized && count_rows(s, fd, e)) || find_bare(s, fd, e);
	s->cancelled = has_bytes(fd, "cancelled.jsonl");
	close(fd);
	return bad ? -1 : 0;
}

void
status_release(struct status *s)
{
	free(s->dir);
	buf_release(&s->manifest);
	memset(s, 0, sizeof(*s));
}

const char *
status_obstacle(const struct status *s)
{
	if (s->manifest.len || s->bare)
		return NULL;
	return s->broken ? "manifest.json is not whole JSON" :
	    "there is no manifest.json in it";
}

/* --- printing ------------------------------------------------------------- */

static void
put_count(struct buf *b, const char *key, long long n)
{
	if (n < 0)
		json_add_null(b, key);
	else
		json_add_int(b, key, n);
}

void
status_put_json(struct buf *b, const struct status *s)
{
	static const char *const recorded[] = {
		"config_file", "inputs_file", "options"
	};
	struct json_span manifest = json_buf(&s->manifest), none = { 0 }, v;
	const char *obstacle = status_obstacle(s);
	size_t i;

	json_open(b, NULL, '{');
	json_add_str(b, "dir", s->dir);
	json_add(b, "name", manifest.p ? json_get(manifest, "name") : none);
	json_add_int(b, "runs", s->runs);
	put_count(b, "of", s->of);
	put_count(b, "failed", s->failed);
	put_count(b, "evaluated", s->judged);
	put_count(b, "passed", s->passed);
	if (s->failed >= 0 && s->runs)
		json_add_double(b, "success_rate",
		    (double)(s->runs - s->failed) / (double)s->runs);
	else
		json_add_null(b, "success_rate");
	json_add_double(b, "p50_ms", s->p50);
	json_add_double(b, "p95_ms", s->p95);
	json_add_bool(b, "summarized", s->summarized);
	json_add_bool(b, "unfinished", s->cancelled || s->runs < s->of);
	json_add_bool(b, "resumable", !obstacle);
	json_add_str(b, "obstacle", obstacle);
	for (i = 0; i < LEN(recorded); i++) {
		v = manifest.p ? json_get(manifest, recorded[i]) : none;
		json_key(b, recorded[i]);
		if (v.p)
			json_compact(b, v);
		else
			buf_puts(b, "null");
	}
	json_close(b, '}');
}

void
status_put_text(struct buf *b, const struct status *s)
{
	long long tenths;

	visible_put(b, s->dir, strlen(s->dir));
	buf_printf(b, ": %lld", s->runs);
	if (s->summarized && s->runs < s->of)
		buf_printf(b, " of %lld", s->of);
	buf_puts(b, " runs");
	if (!s->summarized) {
		buf_puts(b, ", no summary: running or interrupted");
		return;
	}
	buf_printf(b, ", %lld failed", s->failed);
	if (s->runs) {
		tenths = ((s->runs - s->failed) * 2000 + s->runs) /
		    (2 * s->runs);
		buf_printf(b, ", %lld.%lld %% succeeded", tenths / 10,
		    tenths % 10);
	}
	if (s->judged >= 0)
		buf_printf(b, ", %lld of %lld pass the evaluation", s->passed,
		    s->judged);
	if (!isnan(s->p50))
		buf_printf(b, ", p50 %.2f ms, p95 %.2f ms", s->p50,
		    isnan(s->p95) ? 0 : s->p95);
}

/* Appends --NAME=VALUE and a NUL, unless the value is not a string. */
static void
put_option(struct buf *b, const char *name, size_t n, struct json_span value)
{
	if (!json_is(value, JSON_STRING))
		return;
	buf_puts(b, "--");
	buf_add(b, name, n);
	buf_byte(b, '=');
	json_text(b, value);
	buf_byte(b, '\0');
}

void
status_put_options(struct buf *b, const struct status *s)
{
	struct json_span manifest = json_buf(&s->manifest), key = { 0 }, v;
	struct json_span options;
	struct json_iter it;
	struct buf name = { 0 };

	if (!manifest.p)
		return;
	put_option(b, "config", 6, json_get(manifest, "config_file"));
	put_option(b, "name", 4, json_get(manifest, "name"));
	options = json_get(manifest, "options");
	if (!json_is(options, JSON_OBJECT))
		return;
	for (it = json_each(options); json_next(&it, &key, &v); ) {
		name.len = 0;
		json_text(&name, key);
		put_option(b, buf_str(&name), name.len, v);
	}
	buf_release(&name);
}

/* --- listing -------------------------------------------------------------- */

struct found {
	char *path;
	char time[16];		/* YYYYMMDD_HHMMSS */
	unsigned long number;	/* the N of -N after the time; 0: none */
};

/* Whether text starts with the pattern, in which 'd' is any digit. */
static int
starts_like(const char *text, const char *pattern)
{
	for (; *pattern; pattern++, text++)
		if (*pattern == 'd' ? *text < '0' || *text > '9' :
		    *text != *pattern)
			return 0;
	return 1;
}

/* Finds the time at the end of a name. Returns 0 when there is none. */
static int
parse_name(const char *name, struct found *f)
{
	const char *time, *end;
	size_t digits;

	for (time = strchr(name, '_'); time; time = strchr(time + 1, '_')) {
		if (!starts_like(time, "_dddddddd_dddddd"))
			continue;
		end = time + 16;
		digits = *end == '-' ? strspn(end + 1, "0123456789") : 0;
		if (*end && (!digits || digits > 9 || end[1 + digits]))
			continue;
		memcpy(f->time, time + 1, 15);
		f->time[15] = '\0';
		f->number = digits ? strtoul(end + 1, NULL, 10) : 0;
		return 1;
	}
	return 0;
}

static int
newest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = strcmp(y->time, x->time);

	if (!order)
		order = (y->number > x->number) - (y->number < x->number);
	return order ? order : strcmp(y->path, x->path);
}

static int
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char **
status_list(const char *folder, size_t *n)
{
	struct found *all = NULL, f;
	struct dirent *entry;
	size_t cap = 0, i;
	char **paths;
	DIR *d = opendir(folder);

	*n = 0;
	while (d && (entry = readdir(d))) {
		if (*entry->d_name == '.' || !parse_name(entry->d_name, &f))
			continue;
		f.path = xasprintf("%s/%s", folder, entry->d_name);
		if (!is_directory(f.path)) {
			free(f.path);
			continue;
		}
		ALLOC_GROW(all, *n + 1, cap);
		all[(*n)++] = f;
	}
	if (d)
		closedir(d);
	if (*n)
		qsort(all, *n, sizeof(*all), newest_first);
	paths = xreallocarray(NULL, *n + 1, sizeof(*paths));
	for (i = 0; i < *n; i++)
		paths[i] = all[i].path;
	free(all);
	return paths;
}
