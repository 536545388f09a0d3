#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "base/err.h"
#include "json/json.h"
#include "io/line.h"
#include "io/plain.h"
#include "record/record.h"
#include "completed.h"

static int
by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
add_line(struct completed *d, const char *p, size_t n)
{
	static const char *const names[] = {
		"trace_id", "run_id", "error_kind"
	};
	struct json_span v[LEN(names)];
	struct json_fault f;
	uint64_t id;

	if (json_scan(p, n, JSON_LAX, names, v, LEN(names), &f) < 0 ||
	    !v[0].p || !record_id_number(v[1], &id) ||
	    (json_is_str(v[2], "cancelled")))
		return;
	ALLOC_GROW(d->ids, d->n + 1, d->cap);
	d->ids[d->n++] = id;
}

static int
read_runs(struct completed *d, int fd, const char *name, struct err *e)
{
	struct line_reader r;
	struct line l;
	int got;

	d->torn = 0;
	d->whole = 0;
	line_init(&r, fd);
	while ((got = line_next(&r, &l)) > 0) {
		d->torn = !l.whole;
		if (d->torn)
			continue;
		d->whole = l.offset + l.n + 1;
		add_line(d, l.p, l.n);
	}
	if (got < 0)
		err_set(e, 0, 0, "%s: %s", name, strerror(errno));
	line_release(&r);
	return got;
}

static int
is_jsonl(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot > name && !strcmp(dot, ".jsonl");
}

/* Reads one file of a folder, if it is a regular one. */
static int
read_entry(struct completed *d, int folder, const char *path,
    const char *name, struct err *e)
{
	int fd = plain_open(folder, name, O_RDONLY), bad;
	char *full;

	if (fd < 0)
		return errno == PLAIN_NOT ? 0 : err_set(e, 0, 0, "%s/%s: %s",
		    path, name, plain_error(errno));
	full = xasprintf("%s/%s", path, name);
	bad = read_runs(d, fd, full, e);
	free(full);
	close(fd);
	return bad;
}

static int
read_folder(struct completed *d, int fd, const char *path, struct err *e)
{
	static const char rows[] = "trace_summary.jsonl";
	struct dirent *entry;
	DIR *folder;
	int bad = 0;

	if (faccessat(fd, rows, F_OK, 0) == 0)
		return read_entry(d, fd, path, rows, e);
	folder = opendir(path);
	if (!folder)
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	while (!bad && (entry = readdir(folder)))
		bad = is_jsonl(entry->d_name) &&
		    read_entry(d, fd, path, entry->d_name, e);
	closedir(folder);
	return bad ? -1 : 0;
}

int
completed_read(struct completed *d, const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), bad;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st))
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	bad = S_ISDIR(st.st_mode) ? read_folder(d, fd, path, e) :
	    read_runs(d, fd, path, e);
	close(fd);
	return bad;
}

void
completed_release(struct completed *d)
{
	free(d->ids);
	memset(d, 0, sizeof(*d));
}

int
completed_has(struct completed *d, uint64_t id)
{
	if (d->sorted < d->n) {
		qsort(d->ids, d->n, sizeof(*d->ids), by_id);
		d->sorted = d->n;
	}
	return d->n && bsearch(&id, d->ids, d->n, sizeof(*d->ids), by_id);
}
