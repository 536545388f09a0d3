#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/util.h"
#include "json/isotime.h"
#include "io/line.h"
#include "io/newfile.h"
#include "io/plain.h"
#include "io/spill.h"
#include "record/record.h"
#include "config/env.h"
#include "manifest.h"
#include "mend.h"
#include "row.h"
#include "expdir.h"

/* Bytes of a file after which traces are written unasked. */
#define COMMIT_AT ((size_t)1 << 16)

/* Bytes of memory for the table of ids. */
#define IDS_MEMORY ((size_t)2 << 20)

static int
file_error(const struct expdir *x, const char *name, struct err *e)
{
	return err_set(e, 0, 0, "%s/%s: %s", x->path, name,
	    plain_error(errno));
}

/* --- opening -------------------------------------------------------------- */

/*
 * A lock belongs to all descriptors that were made from one: with the caller's
 * the lock lasts as long as the caller has it, too.
 */
static int
use_lock(struct expdir *x, int lock, struct err *e)
{
	struct stat ours, theirs;
	int fd;

	if (fstat(lock, &theirs) || fstat(x->fd, &ours) ||
	    ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
		return err_set(e, 0, 0, "%s: descriptor %d is not of this "
		    "directory", x->path, lock);
	fd = fcntl(lock, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, 0, 0, "%s: %s", x->path, strerror(errno));
	close(x->fd);
	x->fd = fd;
	return 0;
}

static int
open_folder(struct expdir *x, int lock, struct err *e)
{
	if (mkdir(x->path, 0700) && errno != EEXIST)
		return err_set(e, 0, 0, "%s: %s", x->path, strerror(errno));
	x->fd = open(x->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->fd < 0)
		return err_set(e, 0, 0, "%s: %s", x->path, strerror(errno));
	if (lock >= 0 && use_lock(x, lock, e))
		return -1;
	/* the folder itself is locked, until x->fd is closed */
	if (flock(x->fd, LOCK_EX | LOCK_NB))
		return err_set(e, 0, 0, "%s: %s", x->path,
		    errno == EWOULDBLOCK ? "another program is writing to it" :
		    strerror(errno));
	return 0;
}

static int
report_removed(const struct expdir *x, int file, struct err *e)
{
	return err_set(e, 0, 0, "%s/%s: missing, although there are runs: "
	    "it was removed, or fl-collect did not write this directory", x->path,
	    recover_files[file]);
}

/* The rows are made first: without them there are no other files. */
static int
check_rows(const struct expdir *x, struct err *e)
{
	struct stat st;
	int i;

	if (!fstatat(x->fd, recover_files[RECOVER_ROWS], &st,
	    AT_SYMLINK_NOFOLLOW))
		return 0;
	for (i = 0; i < RECOVER_ROWS; i++)
		if (!fstatat(x->fd, recover_files[i], &st,
		    AT_SYMLINK_NOFOLLOW) && st.st_size > 0)
			return report_removed(x, RECOVER_ROWS, e);
	return 0;
}

/*
 * Opens the files, the rows first: if there are rows, the other files must
 * exist.
 */
static int
open_files(struct expdir *x, int flags, struct err *e)
{
	struct stat st;
	int fd, i;

	for (i = RECOVER_FILES; i-- > 0; ) {
		fd = plain_open(x->fd, recover_files[i], O_RDWR | O_APPEND |
		    flags);
		if (fd < 0 && errno == ENOENT)
			return report_removed(x, i, e);
		if (fd < 0)
			return file_error(x, recover_files[i], e);
		out_init(&x->files[i], fd, 0);
		if (i == RECOVER_ROWS && !fstat(fd, &st) && st.st_size > 0)
			flags &= ~O_CREAT;
	}
	/* from here on the files survive a crash of the machine */
	return plain_sync(x->fd) ? err_set(e, 0, 0, "%s: %s", x->path,
	    strerror(errno)) : 0;
}

/* Writes text as manifest.json, before the runs that it describes. */
static int
put_manifest(struct expdir *x, struct buf *text, struct err *e)
{
	struct newfile f;

	if (newfile_begin(&f, x->fd, "manifest.json"))
		return file_error(x, "manifest.json", e);
	buf_add(out_begin(&f.out), text->p, text->len);
	if (newfile_commit(&f))
		return file_error(x, "manifest.json", e);
	buf_release(&x->manifest);
	x->manifest = *text;
	memset(text, 0, sizeof(*text));
	return 0;
}

static int
expdir_begin(struct expdir *x, const struct manifest *m, struct err *e)
{
	struct json_span none = { 0 };

	manifest_put(&x->next, m, none, 0);
	return put_manifest(x, &x->next, e) ||
	    open_files(x, O_CREAT | O_EXCL, e) ? -1 : 0;
}

/*
 * --- continuing an experiment -----------------------------------------------
 */

/* Reads manifest.json. Returns 0, or -1 with *e filled in. */
static int
expdir_read_manifest(struct expdir *x, struct err *e)
{
	double d;

	if (manifest_read(&x->manifest, x->fd))
		return file_error(x, "manifest.json", e);
	if (x->manifest.len && json_double(json_get(json_buf(&x->manifest),
	    "format"), &d) && d > 1)
		return err_set(e, 0, 0, "%s/manifest.json: written by a newer "
		    "version", x->path);
	return 0;
}

static uint64_t
key_of(struct json_span v, enum expdir_fate what)
{
	return hash_bytes(0, what, v.p, v.n);
}

/*
 * Adds an id of a run or of a trace. Returns 1 if it was known, else 0, or -1
 * with errno set.
 */
static int
add_id(struct expdir *x, struct json_span id, enum expdir_fate what)
{
	uint64_t value = 0;

	return keymap_add(&x->ids, key_of(id, what), &value);
}

/* Counts and remembers runs from the first one on, in the open folder. */
static void
begin_counting(struct expdir *x)
{
	keymap_release(&x->ids);
	summary_release(&x->summary);
	keymap_init(&x->ids, x->fd, IDS_MEMORY);
	summary_init(&x->summary, x->fd, x->path);
}

/*
 * Counts a row that is kept, and adds its ids. Returns 0; 1 if its trace is
 * known; or -1 with *e filled in.
 */
static int
count_row(void *arg, const struct json_span row[ROW_FIELDS], struct err *e)
{
	struct expdir *x = arg;
	int there = add_id(x, row[ROW_TRACE_ID], EXPDIR_TWICE);

	if (there > 0)
		return 1;
	if (there < 0 || (json_is(row[ROW_RUN_ID], JSON_STRING) &&
	    add_id(x, row[ROW_RUN_ID], EXPDIR_THERE) < 0) ||
	    summary_add(&x->summary, row))
		return err_set(e, 0, 0, "%s: %s", SPILL_NAME,
		    strerror(errno));
	return 0;
}

/* Removes the files that are out of date. */
static int
remove_stale(struct expdir *x, struct err *e)
{
	static const char *const stale[] = {
		"summary.json", "inputs_summary.jsonl", "errors.json",
		"cancelled.jsonl",
		"observations.jsonl.new", "traces.jsonl.new",
		"trace_summary.jsonl.new"
	};
	size_t i;

	for (i = 0; i < LEN(stale); i++)
		if (unlinkat(x->fd, stale[i], 0) && errno != ENOENT)
			return file_error(x, stale[i], e);
	return 0;
}

static int
find_whole(struct expdir *x, struct recover *r, int fd[RECOVER_FILES],
    struct err *e)
{
	struct err inner = { 0 };
	int i, got;

	for (i = 0; i < RECOVER_FILES; i++)
		fd[i] = x->files[i].fd;
	got = recover_in_order(r, fd, count_row, x, &inner);
	if (!got) {
		recover_release(r);
		begin_counting(x);
		got = !recover_find(r, fd, &inner) &&
		    !recover_each(r, count_row, x, &inner);
	}
	if (got > 0)
		return 0;
	err_set(e, 0, 0, "%s/%s", x->path, inner.msg);
	err_release(&inner);
	return -1;
}

/*
 * Writes manifest.json if it is wrong or missing. A correct one is written with
 * the time of resumption when the first run is added.
 */
static int
repair_manifest(struct expdir *x, const struct manifest *m, int wrong,
    long long runs, struct err *e)
{
	struct buf text = { 0 };
	int bad;

	if (!x->manifest.len && !runs)
		buf_release(&x->next);
	if (x->manifest.len && !wrong)
		return 0;
	manifest_put(&text, m, json_buf(&x->manifest), 0);
	bad = put_manifest(x, &text, e);
	buf_release(&text);
	return bad;
}

/* Compares the manifests, and reduces the files to complete runs. */
static int
recover_files_of(struct expdir *x, struct recover *r, const struct manifest *m,
    int how, void (*report)(const char *msg), struct err *e)
{
	int wrong, fd[RECOVER_FILES];

	wrong = x->manifest.len && manifest_compare(json_buf(&x->manifest),
	    json_buf(&x->next), report);
	if (wrong && !(how & EXPDIR_ANYWAY))
		return err_set(e, 0, 0, "%s: not continued: the changes may "
		    "add, remove or alter runs; --anyway continues",
		    x->path);
	if (check_rows(x, e) || open_files(x, O_CREAT, e) ||
	    find_whole(x, r, fd, e))
		return -1;
	if (!x->manifest.len && r->runs && !(how & EXPDIR_ANYWAY))
		return err_set(e, 0, 0, "%s/manifest.json: missing or "
		    "incomplete, so the settings of the runs are unknown; "
		    "--anyway continues", x->path);
	if (repair_manifest(x, m, wrong, r->runs, e))
		return -1;
	return mend(x->files, x->fd, x->path, r, report, e) ||
	    remove_stale(x, e) ? -1 : 0;
}

static int
expdir_continue(struct expdir *x, const struct manifest *m, int how,
    void (*report)(const char *msg), struct err *e)
{
	struct recover r = { 0 };
	int bad;

	if (expdir_read_manifest(x, e))
		return -1;
	manifest_put(&x->next, m, json_buf(&x->manifest), isotime_now());
	bad = recover_files_of(x, &r, m, how, report, e);
	recover_release(&r);
	return bad;
}

int
expdir_open(struct expdir *x, const char *path, const struct manifest *m,
    int how, int lock, void (*report)(const char *msg), struct err *e)
{
	memset(x, 0, sizeof(*x));
	x->path = xstrdup(path);
	x->fd = -1;
	x->continued = (how & EXPDIR_CONTINUE) != 0;
	keymap_init(&x->ids, -1, IDS_MEMORY);
	summary_init(&x->summary, -1, x->path);
	if (open_folder(x, lock, e))
		return -1;
	begin_counting(x);
	if (x->continued)
		return expdir_continue(x, m, how, report, e);
	if (faccessat(x->fd, "manifest.json", F_OK, 0) == 0 ||
	    faccessat(x->fd, "trace_summary.jsonl", F_OK, 0) == 0)
		return err_set(e, 0, 0, "%s: already holds an experiment; "
		    "--continue resumes it", path);
	return expdir_begin(x, m, e);
}

/* --- adding --------------------------------------------------------------- */

/* Writes the observations, and sets their extent in the file. */
static void
add_observations(struct expdir *x, const struct json_span *v, uint64_t *at,
    uint64_t *bytes)
{
	struct out *to = &x->files[RECOVER_OBSERVATIONS];
	struct buf *b = out_begin(to);
	struct json_span key, o;
	struct json_iter it;

	*at = to->written + b->len;
	*bytes = 0;
	if (!json_is(v[ROW_OBSERVATIONS], JSON_ARRAY))
		return;
	for (it = json_each(v[ROW_OBSERVATIONS]); json_next(&it, &key, &o); ) {
		if (json_type(o) != JSON_OBJECT)
			continue;
		*bytes -= b->len;
		record_put_observation(b, o, v[ROW_TRACE_ID], 0);
		buf_byte(b, '\n');
		*bytes += b->len;
	}
}

/* Whether a text has the key "observations", or a string that looks like it. */
static int
names_observations(const char *p, size_t n)
{
	static const char key[] = "\"observations\"";
	const size_t len = sizeof(key) - 1, v = 6;
	const char *end = p + n, *at = p;

	/* this letter is far rarer than quotes */
	while (at < end && (at = memchr(at, key[v], (size_t)(end - at)))) {
		if ((size_t)(at - p) >= v && (size_t)(end - at) >= len - v &&
		    !memcmp(at - v, key, len))
			return 1;
		at++;
	}
	return 0;
}

/*
 * The bytes of a trace before its observations if these are its last field, as
 * fl-run writes it, else 0.
 */
static size_t
before_observations(struct json_span trace, struct json_span observations)
{
	static const char key[] = "\"observations\":";
	size_t n = sizeof(key) - 1, at;

	if (!observations.p || observations.p + observations.n + 1 !=
	    trace.p + trace.n)
		return 0;
	at = (size_t)(observations.p - trace.p);
	if (at <= n + 1 || memcmp(observations.p - n, key, n) ||
	    observations.p[-(ptrdiff_t)n - 1] != ',')
		return 0;
	at -= n + 1;
	/* not if the key occurs again */
	return names_observations(trace.p, at) ? 0 : at;
}

/* Writes the trace without its observations. */
static void
add_trace(struct expdir *x, struct json_span trace,
    struct json_span observations)
{
	static const char *const not[] = { "observations" };
	struct buf *b = out_begin(&x->files[RECOVER_TRACES]);
	size_t n = before_observations(trace, observations);

	if (n) {
		buf_add(b, trace.p, n);
		buf_puts(b, "}\n");
		return;
	}
	json_open(b, NULL, '{');
	json_copy_others(b, trace, not, LEN(not));
	json_close(b, '}');
	buf_byte(b, '\n');
}

/* Writes the rows last, since a row commits its trace. */
int
expdir_commit(struct expdir *x, struct err *e)
{
	int i;

	for (i = 0; i < RECOVER_FILES; i++)
		if (out_flush(&x->files[i])) {
			errno = x->files[i].error;
			return file_error(x, recover_files[i], e);
		}
	return 0;
}

/* Keeps the whole trace of a cancelled run. */
static int
put_cancelled(struct expdir *x, struct json_span trace, struct err *e)
{
	static const char name[] = "cancelled.jsonl";
	int fd;

	if (!x->cancelled.b) {
		fd = plain_open(x->fd, name, O_WRONLY | O_CREAT | O_APPEND);
		if (fd < 0)
			return file_error(x, name, e);
		out_init(&x->cancelled, fd, 0);
	}
	x->cancels++;
	buf_add(out_begin(&x->cancelled), trace.p, trace.n);
	buf_byte(out_begin(&x->cancelled), '\n');
	if (!out_flush(&x->cancelled))
		return 0;
	errno = x->cancelled.error;
	return file_error(x, name, e);
}

/*
 * Sets the fate of a trace, and adds its ids. run_id identifies a run; a trace
 * without one is a run of its own. Returns 0, or -1 with errno set.
 */
static int
choose_fate(struct expdir *x, const struct json_span *v,
    enum expdir_fate *fate)
{
	int named = json_is(v[ROW_RUN_ID], JSON_STRING), got = 0;

	*fate = EXPDIR_CANCELLED;
	if (json_is_str(v[ROW_ERROR_KIND], "cancelled"))
		return 0;
	*fate = EXPDIR_THERE;
	if (named)
		got = add_id(x, v[ROW_RUN_ID], EXPDIR_THERE);
	if (got)
		return got < 0 ? -1 : 0;
	got = add_id(x, v[ROW_TRACE_ID], EXPDIR_TWICE);
	if (!got)
		*fate = EXPDIR_KEPT;
	else if (!x->continued || named)
		*fate = EXPDIR_TWICE;
	return got < 0 ? -1 : 0;
}

static int
is_positive(struct json_span count)
{
	double d;

	return count.p && json_double(count, &d) && d > 0;
}

int
expdir_add(struct expdir *x, struct json_span trace,
    const struct json_span v[ROW_FIELDS], enum expdir_fate *fate,
    struct err *e)
{
	uint64_t at, bytes;

	if (choose_fate(x, v, fate))
		return file_error(x, SPILL_NAME, e);
	if (*fate == EXPDIR_CANCELLED)
		return put_cancelled(x, trace, e);
	if (*fate != EXPDIR_KEPT)
		return 0;
	if (x->next.len && put_manifest(x, &x->next, e))
		return -1;
	add_observations(x, v, &at, &bytes);
	x->lacking += !bytes && is_positive(v[ROW_OBSERVATION_COUNT]);
	add_trace(x, trace, v[ROW_OBSERVATIONS]);
	row_put(out_begin(&x->files[RECOVER_ROWS]), v, at, bytes);
	if (summary_add(&x->summary, v))
		return file_error(x, SPILL_NAME, e);
	return x->files[RECOVER_OBSERVATIONS].b->len > COMMIT_AT ||
	    x->files[RECOVER_TRACES].b->len > COMMIT_AT ?
	    expdir_commit(x, e) : 0;
}

/* --- the end -------------------------------------------------------------- */

/*
 * Whether the experiment has the run of a cancelled trace. Returns 1 or 0, or
 * -1 with errno set.
 */
static int
is_run_there(const struct expdir *x, const struct line *l)
{
	static const char *const names[] = { "run_id" };
	struct json_span id;
	struct json_fault f;
	uint64_t value;

	if (json_scan(l->p, l->n, JSON_LAX, names, &id, 1, &f) < 0 ||
	    !json_is(id, JSON_STRING))
		return 0;
	return keymap_find(&x->ids, key_of(id, EXPDIR_THERE), &value);
}

/*
 * Removes from cancelled.jsonl the runs that the experiment has: another
 * attempt may have finished one.
 */
static int
sift_cancelled(struct expdir *x, struct err *e)
{
	static const char name[] = "cancelled.jsonl";
	struct newfile f = { 0 };
	struct line_reader r;
	struct line l;
	long long left = 0;
	int fd = plain_open(x->fd, name, O_RDONLY), bad, there;

	bad = fd < 0 || newfile_begin(&f, x->fd, name);
	if (bad) {
		file_error(x, name, e);
		goto out;
	}
	line_init(&r, fd);
	while (!bad && line_next(&r, &l) > 0) {
		there = is_run_there(x, &l);
		bad = there < 0;
		if (there)
			continue;
		left++;
		buf_add(out_begin(&f.out), l.p, l.n);
		buf_byte(f.out.b, '\n');
		out_end(&f.out);
	}
	if (bad)
		file_error(x, SPILL_NAME, e);
	line_release(&r);
	if (!bad && left != x->cancels) {
		bad = left ? newfile_commit(&f) : unlinkat(x->fd, name, 0);
		if (bad)
			file_error(x, name, e);
	}
	x->cancels = left;
out:
	newfile_release(&f);
	if (fd >= 0)
		close(fd);
	return bad ? -1 : 0;
}

int
expdir_finish(struct expdir *x, struct summary_totals *totals, struct err *e)
{
	int i;

	if (expdir_commit(x, e) || (x->cancels && sift_cancelled(x, e)))
		return -1;
	keymap_release(&x->ids);
	for (i = 0; i < RECOVER_FILES; i++)
		if (plain_sync(x->files[i].fd))
			return file_error(x, recover_files[i], e);
	return summary_write(&x->summary, json_buf(&x->manifest), totals, e);
}

struct json_span
expdir_manifest(const struct expdir *x)
{
	return json_buf(x->next.len ? &x->next : &x->manifest);
}

long long
expdir_planned(const struct expdir *x)
{
	double d;

	return json_double(json_get(expdir_manifest(x), "runs"), &d) &&
	    d >= 0 && d < 1e18 ? (long long)d : -1;
}

void
expdir_release(struct expdir *x)
{
	int i;

	for (i = 0; i < RECOVER_FILES; i++)
		if (x->files[i].b)
			out_close(&x->files[i]);
	if (x->cancelled.b)
		out_close(&x->cancelled);
	if (x->fd >= 0)
		close(x->fd);
	keymap_release(&x->ids);
	summary_release(&x->summary);
	buf_release(&x->manifest);
	buf_release(&x->next);
	free(x->path);
	memset(x, 0, sizeof(*x));
}
