#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "io/line.h"
#include "io/plain.h"
#include "io/readfile.h"
#include "io/spill.h"
#include "experiment/row.h"
#include "trace/trace.h"
#include "annex.h"

static struct annex_entry *
entry_of(struct annex *a, struct json_span trace_id)
{
	size_t *place;
	int added;

	place = set_add(&a->known, hash_bytes(0, 0, trace_id.p, trace_id.n),
	    &added);
	if (added) {
		ALLOC_GROW(a->v, a->n + 1, a->cap);
		a->v[a->n] = (struct annex_entry){ 0, 0, 0, 0 };
		*place = ++a->n;
	}
	return &a->v[*place - 1];
}

/* Adds a line of the rows, or of traces.jsonl. */
static void
annex_add_line(struct annex *a, const struct line *l, int is_row)
{
	struct json_span v[ROW_FIELDS];
	struct annex_entry *e;
	struct json_fault f;

	if (!l->n || *l->p != '{' || json_scan(l->p, l->n, JSON_LAX,
	    row_fields, v, ROW_FIELDS, &f) < 0 ||
	    !json_is(v[ROW_TRACE_ID], JSON_STRING))
		return;
	e = entry_of(a, v[ROW_TRACE_ID]);
	if (is_row) {
		if (row_extent(v, &e->steps_at, &e->steps_bytes) ||
		    e->steps_at + e->steps_bytes > a->size)
			e->steps_bytes = 0;
	} else {
		e->at = l->offset;
		e->n = l->n;
	}
}

static int
read_lines(struct annex *a, int fd, int is_row)
{
	struct line_reader in;
	struct line l;
	int got;

	if (fd < 0)
		return 0;
	line_init(&in, fd);
	while ((got = line_next(&in, &l)) > 0)
		annex_add_line(a, &l, is_row);
	line_release(&in);
	return got;
}

/* Opens a file of the folder, which may be missing: *fd is -1 then. */
static int
annex_open_part(int folder, const char *name, int *fd)
{
	*fd = plain_open(folder, name, O_RDONLY);
	return *fd < 0 && errno != ENOENT ? -1 : 0;
}

int
annex_open(struct annex *a, const char *dir)
{
	struct stat st;
	int folder, rows = -1, bad;

	memset(a, 0, sizeof(*a));
	a->traces = a->steps = -1;
	if (!dir)
		return 0;
	folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -1;
	bad = annex_open_part(folder, "traces.jsonl", &a->traces) ||
	    annex_open_part(folder, "observations.jsonl", &a->steps) ||
	    annex_open_part(folder, "trace_summary.jsonl", &rows);
	if (a->steps >= 0 && !fstat(a->steps, &st))
		a->size = (uint64_t)st.st_size;
	bad = bad || read_lines(a, a->traces, 0) || read_lines(a, rows, 1);
	if (rows >= 0)
		close(rows);
	close(folder);
	return bad ? -1 : 0;
}

void
annex_release(struct annex *a)
{
	if (a->traces >= 0)
		close(a->traces);
	if (a->steps >= 0)
		close(a->steps);
	set_release(&a->known);
	free(a->v);
}

const struct annex_entry *
annex_find(struct annex *a, struct json_span trace_id)
{
	const struct annex_entry *e;

	if (!a->n || !json_is(trace_id, JSON_STRING))
		return NULL;
	e = entry_of(a, trace_id);
	return e->n || e->steps_bytes ? e : NULL;
}

int
annex_metadata(const struct annex *a, const struct annex_entry *e,
    struct buf *text, struct json_span *metadata)
{
	static const char *const names[] = { "metadata" };
	struct json_fault f;

	*metadata = (struct json_span){ NULL, 0 };
	if (!e || !e->n)
		return 0;
	text->len = 0;
	if (spill_read(a->traces, buf_room(text, e->n), e->n, e->at))
		return -1;
	text->len = e->n;
	if (json_scan(text->p, text->len, JSON_LAX, names, metadata, 1, &f) <
	    0)
		*metadata = (struct json_span){ NULL, 0 };
	return 0;
}

int
annex_steps(const struct annex *a, const struct annex_entry *e,
    struct buf *text, struct trace *t)
{
	char *line, *end;
	size_t n;

	if (!e || !e->steps_bytes)
		return 0;
	text->len = 0;
	if (spill_read(a->steps, buf_room(text, e->steps_bytes),
	    e->steps_bytes, e->steps_at))
		return -1;
	text->len = e->steps_bytes;
	buf_str(text);
	for (line = text->p; line < text->p + text->len; line = end + 1) {
		n = text->len - (size_t)(line - text->p);
		end = memchr(line, '\n', n);
		if (!end)
			end = text->p + text->len;
		trace_add(t, (struct json_span){ line, (size_t)(end - line) });
	}
	return 0;
}

/* Opens the folder of the evaluation; -1 with errno set. */
static int
open_evaluation(const char *dir)
{
	int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), found;
	int error;

	if (folder < 0)
		return -1;
	found = plain_open_folder(folder, "evaluation");
	error = errno;
	close(folder);
	errno = error;
	return found;
}

int
annex_summary(const char *dir, struct buf *text)
{
	int folder = open_evaluation(dir), fd, bad;

	if (folder < 0)
		return errno == ENOENT ? 0 : -1;
	bad = annex_open_part(folder, "summary.json", &fd) ||
	    (fd >= 0 && readfile_fd(fd, text));
	if (fd >= 0)
		close(fd);
	close(folder);
	return bad ? -1 : 0;
}
