#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/util.h"
#include "io/out.h"
#include "io/plain.h"
#include "io/readfile.h"
#include "json/json.h"
#include "manifest.h"
#include "row.h"
#include "part.h"

static int
part_error(const struct part *p, const char *name, struct err *e)
{
	return err_set(e, 0, 0, "%s/%s: %s", p->path, name,
	    plain_error(errno));
}

/* --- opening -------------------------------------------------------------- */

int
part_is(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int
part_open(struct part *p, const char *path, struct err *e)
{
	size_t n = strlen(path), start;
	int i;

	memset(p, 0, sizeof(*p));
	p->path = path;
	for (i = 0; i < RECOVER_FILES; i++)
		p->fd[i] = -1;
	while (n && path[n - 1] == '/')
		n--;
	for (start = n; start && path[start - 1] != '/'; )
		start--;
	p->name = xmemdup(path + start, n - start);
	p->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	for (i = 0; i < RECOVER_FILES; i++) {
		p->fd[i] = plain_open(p->dir, recover_files[i], O_RDONLY);
		if (p->fd[i] < 0 && errno == ENOENT)
			return err_set(e, 0, 0, "%s: not an experiment: it "
			    "has no %s", path, recover_files[i]);
		if (p->fd[i] < 0)
			return part_error(p, recover_files[i], e);
	}
	line_init(&p->rows, p->fd[RECOVER_ROWS]);
	line_init(&p->traces, p->fd[RECOVER_TRACES]);
	return manifest_read(&p->manifest, p->dir) ?
	    part_error(p, "manifest.json", e) : 0;
}

void
part_release(struct part *p)
{
	int i;

	line_release(&p->rows);
	line_release(&p->traces);
	for (i = 0; i < RECOVER_FILES; i++)
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	if (p->dir >= 0)
		close(p->dir);
	free(p->name);
	buf_release(&p->manifest);
	buf_release(&p->trace);
}

/* --- traces --------------------------------------------------------------- */

/* A line of traces.jsonl. */
struct part_trace {
	struct json_span text;
	struct json_span id;
	struct json_span part;	/* the part that it names already, or absent */
};

/* Whether a whole line is a trace; finds its fields. */
static int
is_trace(const struct line *l, struct part_trace *t)
{
	static const char *const names[] = { "trace_id", "part" };
	struct json_span v[LEN(names)];
	struct json_fault f;

	if (!l->whole || *l->p != '{' || json_scan(l->p, l->n, JSON_LAX,
	    names, v, LEN(names), &f) < 0)
		return 0;
	t->text = (struct json_span){ l->p, l->n };
	t->id = v[0];
	t->part = v[1];
	return json_is(t->id, JSON_STRING);
}

/*
 * Finds the line of a trace. Traces are in the order of the rows; those without
 * a row are skipped. Returns 1, 0 if there is none, or -1 with errno set.
 */
static int
find_trace(struct part *p, struct json_span wanted, struct part_trace *t)
{
	struct line l;
	int got;

	while ((got = line_next(&p->traces, &l)) > 0)
		if (is_trace(&l, t) && t->id.n == wanted.n &&
		    !memcmp(t->id.p, wanted.p, wanted.n))
			return 1;
	return got;
}

/* Appends the observations in an extent. Returns -1 if it has others. */
static int
put_part_observations(struct part *p, uint64_t at, uint64_t bytes)
{
	struct json_fault f;
	struct buf text = { 0 };
	const char *line, *end;
	ssize_t n;
	int bad;

	json_open(&p->trace, "observations", '[');
	buf_room(&text, bytes + 1);
	n = !bytes ? 0 : pread(p->fd[RECOVER_OBSERVATIONS], text.p, bytes,
	    (off_t)at);
	bad = n < 0 || (uint64_t)n < bytes || (bytes && text.p[bytes - 1] !=
	    '\n');
	for (line = text.p; !bad && line < text.p + bytes; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text.p + bytes - line));
		bad = *line != '{' || json_scan(line, (size_t)(end - line),
		    JSON_LAX, NULL, NULL, 0, &f) < 0;
		json_comma(&p->trace);
		buf_add(&p->trace, line, (size_t)(end - line));
	}
	json_close(&p->trace, ']');
	buf_release(&text);
	return bad ? -1 : 0;
}

/* Appends a whole trace. Returns 0, or -1 if it is incomplete. */
static int
put_part_trace(struct part *p, const struct part_trace *t, uint64_t at,
    uint64_t bytes)
{
	size_t n = t->text.n;

	/* all but its bracket */
	while (t->text.p[n - 1] != '}')
		n--;
	p->trace.len = 0;
	buf_add(&p->trace, t->text.p, n - 1);
	if (*p->name && !t->part.p)
		json_add_str(&p->trace, "part", p->name);
	if (put_part_observations(p, at, bytes))
		return -1;
	json_close(&p->trace, '}');
	return 0;
}

int
part_next(struct part *p, struct err *e)
{
	struct json_span v[ROW_FIELDS];
	struct json_fault f;
	struct part_trace trace = { 0 };
	struct line row;
	uint64_t at, bytes;
	int got, found;

	while ((got = line_next(&p->rows, &row)) > 0) {
		if (!row.whole || json_scan(row.p, row.n, JSON_LAX, row_fields,
		    v, ROW_FIELDS, &f) < 0 || !v[ROW_TRACE_ID].p ||
		    row_extent(v, &at, &bytes)) {
			p->skipped++;
			continue;
		}
		found = find_trace(p, v[ROW_TRACE_ID], &trace);
		if (found < 0)
			return part_error(p, recover_files[RECOVER_TRACES], e);
		if (found && !put_part_trace(p, &trace, at, bytes))
			return 1;
		p->skipped++;
	}
	return got < 0 ? part_error(p, recover_files[RECOVER_ROWS], e) : 0;
}

/* --- logs ----------------------------------------------------------------- */

static int
copy_log(int from, int to, const char *name)
{
	struct buf text = { 0 };
	int in = plain_open(from, name, O_RDONLY), out, bad;

	if (in < 0)
		return errno == PLAIN_NOT ? 0 : -1;
	out = plain_open(to, name, O_WRONLY | O_CREAT | O_TRUNC);
	bad = out < 0 || readfile_fd(in, &text) ||
	    out_write_all(out, text.p, text.len);
	buf_release(&text);
	close(in);
	if (out >= 0 && close(out))
		bad = 1;
	return bad ? -1 : 0;
}

/* Opens the folder NAME in a folder, made if it is missing. */
static int
make_folder(int in, const char *name)
{
	if (mkdirat(in, name, 0700) && errno != EEXIST)
		return -1;
	return plain_open_folder(in, name);
}

int
part_copy_logs(const struct part *p, int to, struct err *e)
{
	int from = plain_open_folder(p->dir, "stderr"), all = -1, own = -1;
	struct dirent *entry;
	DIR *folder;
	int bad = 0;

	if (from < 0)
		return errno == ENOENT ? 0 : part_error(p, "stderr", e);
	folder = fdopendir(from);
	if (folder)
		all = make_folder(to, "stderr");
	if (all >= 0)
		own = make_folder(all, p->name);
	bad = own < 0;
	while (!bad && (entry = readdir(folder)))
		if (*entry->d_name != '.')
			bad = copy_log(from, own, entry->d_name);
	if (bad)
		part_error(p, "stderr", e);
	if (own >= 0)
		close(own);
	if (all >= 0)
		close(all);
	if (folder)
		closedir(folder);
	else
		close(from);
	return bad ? -1 : 0;
}
