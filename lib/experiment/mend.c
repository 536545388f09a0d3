#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "json/json.h"
#include "io/newfile.h"
#include "io/plain.h"
#include "row.h"
#include "mend.h"

/* The number of damaged lines that are reported one by one. */
#define SAID_MAX 20

static const char damaged_name[] = "damaged.jsonl";

struct mender {
	struct out *files;
	int dir;
	const char *path;
	struct recover *r;
	void (*report)(const char *msg);
	struct out damaged;	/* damaged.jsonl; opened for the first line */
	size_t said;		/* damaged lines that were reported, or
				   counted for it */
	size_t moved;		/* damaged lines before the last whole run */
	int orphan;		/* 1: the observation before has no row */
	struct newfile to;	/* the new file */
};

static int
mend_fail(const struct mender *m, const char *name, struct err *e)
{
	return err_set(e, 0, 0, "%s/%s: %s", m->path, name,
	    plain_error(errno));
}

/* Reports a message about the experiment, and frees it. */
static void
mend_say(const struct mender *m, char *msg)
{
	m->report(msg);
	free(msg);
}

/* --- taking out ---------------------------------------------------------- */

static void
report_why(struct mender *m, const struct recover_line *l)
{
	if (m->said++ < SAID_MAX)
		mend_say(m, xasprintf("%s/%s:%zu: damaged: %s", m->path,
		    recover_files[l->file], l->number, l->why));
}

static void
report_line(struct mender *m, const struct recover_line *l)
{
	int orphan = l->file == RECOVER_OBSERVATIONS && l->orphan;

	/* a trace without a row may have many observations */
	if (l->why && !(orphan && m->orphan))
		report_why(m, l);
	m->orphan = orphan;
}

static int
take_out(void *arg, const struct recover_line *l, struct err *e)
{
	struct mender *m = arg;
	int fd;

	if (l->run)
		return 0;
	if (!l->tail) {
		report_line(m, l);
		m->moved += !l->blank;
	}
	if (l->blank || recover_is_zeros(l))
		return 0;
	if (!m->damaged.b) {
		fd = plain_open(m->dir, damaged_name, O_WRONLY | O_CREAT |
		    O_APPEND);
		if (fd < 0)
			return mend_fail(m, damaged_name, e);
		out_init(&m->damaged, fd, 0);
	}
	buf_add(out_begin(&m->damaged), l->p, l->n);
	buf_byte(out_begin(&m->damaged), '\n');
	if (!out_end(&m->damaged))
		return 0;
	errno = m->damaged.error;
	return mend_fail(m, damaged_name, e);
}

/* Makes the lines that are taken out safe on the disk. */
static int
keep_damaged(struct mender *m, struct err *e)
{
	int i;

	for (i = RECOVER_FILES; i-- > 0; )
		if (recover_lines(m->r, i, !m->r->damaged, take_out, m, e))
			return -1;
	if (!m->damaged.b)
		return 0;
	if (out_flush(&m->damaged))
		errno = m->damaged.error;
	else if (!plain_sync(m->damaged.fd) && !plain_sync(m->dir))
		return 0;
	return mend_fail(m, damaged_name, e);
}

static void
mend_report_all(const struct mender *m)
{
	if (m->said > SAID_MAX)
		mend_say(m, xasprintf("%s: and %zu more damaged lines",
		    m->path, m->said - SAID_MAX));
	if (m->moved)
		mend_say(m, xasprintf("%s: %zu line%s moved to %s; runs that "
		    "lack them are to be done again", m->path, m->moved,
		    m->moved == 1 ? "" : "s", damaged_name));
	else if (m->r->damaged && !m->said)
		mend_say(m, xasprintf("%s: rows did not say where their "
		    "observations are: corrected", m->path));
	if (m->r->torn == 1)
		mend_say(m, xasprintf("%s: 1 run at the end is not whole: it "
		    "is moved to %s, to be done again", m->path,
		    damaged_name));
	else if (m->r->torn)
		mend_say(m, xasprintf("%s: %lld runs at the end are not "
		    "whole: they are moved to %s, to be done again", m->path,
		    m->r->torn, damaged_name));
}

/* --- writing anew -------------------------------------------------------- */

/* Puts a row with the extent of its observations in their new file. */
static void
put_row(struct mender *m, const struct recover_line *l)
{
	const struct recover_run *run = l->run;
	struct json_span v[ROW_FIELDS];
	struct json_fault f;
	uint64_t at, bytes;

	if (json_scan(l->p, l->n, JSON_LAX, row_fields, v, ROW_FIELDS, &f) < 0)
		return;
	if (!row_extent(v, &at, &bytes) && at == run->first &&
	    bytes == run->sum) {
		buf_add(out_begin(&m->to.out), l->p, l->n);
		buf_byte(out_begin(&m->to.out), '\n');
	} else {
		row_put(out_begin(&m->to.out), v, run->first, run->sum);
	}
}

static int
keep_line(void *arg, const struct recover_line *l, struct err *e)
{
	struct mender *m = arg;
	struct out *o = &m->to.out;

	if (!l->run)
		return 0;
	if (l->file == RECOVER_ROWS) {
		put_row(m, l);
	} else {
		/* the first one of a run: its new place */
		if (l->file == RECOVER_OBSERVATIONS && !l->run->moved) {
			l->run->first = o->written + out_begin(o)->len;
			l->run->moved = 1;
		}
		buf_add(out_begin(o), l->p, l->n);
		buf_byte(out_begin(o), '\n');
	}
	if (!out_end(o))
		return 0;
	errno = o->error;
	return mend_fail(m, recover_files[l->file], e);
}

/* Sets the place of missing observations: the end of the earlier run's. */
static void
place_empty(struct recover *r)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (!r->run[i].whole)
			continue;
		if (!r->run[i].n)
			r->run[i].first = end;
		end = r->run[i].first + r->run[i].sum;
	}
}

static int
rewrite_file(struct mender *m, int file, struct err *e)
{
	const char *name = recover_files[file];
	uint64_t size;
	int fd;

	if (newfile_begin(&m->to, m->dir, name))
		return mend_fail(m, name, e);
	if (recover_lines(m->r, file, 0, keep_line, m, e))
		return -1;
	if (out_flush(&m->to.out)) {
		errno = m->to.out.error;
		return mend_fail(m, name, e);
	}
	size = m->to.out.written;
	if (newfile_commit(&m->to))
		return mend_fail(m, name, e);
	fd = plain_open(m->dir, name, O_RDWR | O_APPEND);
	if (fd < 0)
		return mend_fail(m, name, e);
	out_close(&m->files[file]);
	out_init(&m->files[file], fd, 0);
	m->files[file].written = size;
	return 0;
}

/*
 * Writes the rows last, since they commit the runs. Old rows and new
 * observations belong together by their trace_id.
 */
static int
rewrite_files(struct mender *m, struct err *e)
{
	int file;

	for (file = 0; file < RECOVER_FILES; file++) {
		if (file == RECOVER_ROWS)
			place_empty(m->r);
		if (rewrite_file(m, file, e))
			return -1;
	}
	return 0;
}

static int
cut_files(struct mender *m, struct err *e)
{
	int i;

	for (i = 0; i < RECOVER_FILES; i++) {
		if (ftruncate(m->files[i].fd, (off_t)m->r->size[i]))
			return mend_fail(m, recover_files[i], e);
		m->files[i].written = m->r->size[i];
	}
	return 0;
}

int
mend(struct out *files, int dir, const char *path,
    struct recover *r, void (*report)(const char *msg), struct err *e)
{
	struct mender m = { .files = files, .dir = dir, .path = path, .r = r,
		.report = report };
	int bad;

	bad = keep_damaged(&m, e);
	if (!bad) {
		mend_report_all(&m);
		bad = r->damaged ? rewrite_files(&m, e) : cut_files(&m, e);
	}
	newfile_release(&m.to);
	if (m.damaged.b)
		out_close(&m.damaged);
	return bad;
}
