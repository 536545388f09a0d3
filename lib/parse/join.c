#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "trace/trace.h"
#include "format/format.h"
#include "joiner.h"
#include "output.h"
#include "pool.h"
#include "join.h"

/*
 * Files to keep open at a time, but at most half of the process's limit; the
 * contents of others are spilled.
 */
#define FILES_MAX 200

/* The fewest steps of a whole trace that are kept in memory. */
#define INSIDE_LEAST 2048

static int
entry_by_trace(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int
task_by_order(const void *x, const void *y)
{
	const struct render_task *a = x, *b = y;

	return a->order < b->order ? -1 : a->order > b->order;
}

int
join_fail_file(struct join *j, const char *file, int error)
{
	pool_lock(j->pool);
	if (!j->error) {
		j->error = error;
		j->error_file = file;
	}
	pool_unlock(j->pool);
	pool_stop(j->pool);
	return -1;
}

int
join_fail(struct join *j, int error)
{
	return join_fail_file(j, NULL, error ? error : EIO);
}

int
join_odd(struct join *j)
{
	pool_lock(j->pool);
	j->odd = 1;
	pool_unlock(j->pool);
	return -1;
}

int
join_is_odd(struct join *j)
{
	int odd;

	pool_lock(j->pool);
	odd = j->odd;
	pool_unlock(j->pool);
	return odd;
}

void
join_report(const struct join *j, char *msg)
{
	if (msg && !j->quiet)
		j->report(msg);
	free(msg);
}

const char *
join_file_name(const struct join *j, size_t file)
{
	const char *name = j->chunks.files[file];

	return strcmp(name, "-") != 0 ? name : "<stdin>";
}

void
joiner_check_count(struct joiner *w)
{
	const struct trace *t = &w->t;
	double d;

	if (!t->nobs && w->j->output->format->rows)
		return;
	if (t->v[TRACE_OBSERVATION_COUNT].p &&
	    json_double(t->v[TRACE_OBSERVATION_COUNT], &d) &&
	    d != (double)t->nobs)
		w->unmatched++;
}

static void
joiner_release(struct joiner *w)
{
	w->j->unmatched += w->unmatched;
	w->j->changed += w->changed;
	/* no block of these has been read */
	if (w->j->extents)
		w->j->met[1] |= w->met;
	batch_release(&w->batch);
	trace_release(&w->t);
	buf_release(&w->text);
	buf_release(&w->step);
	buf_release(&w->detail);
	buf_release(&w->merged);
	while (w->ncomplaints)
		free(w->complaints[--w->ncomplaints].why);
	free(w->entries);
	free(w->extents);
	free(w->complaints);
	free(w->places);
}

static size_t
join_files_to_keep(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) ||
	    most.rlim_cur / 2 > FILES_MAX)
		return FILES_MAX;
	return (size_t)most.rlim_cur / 2;
}

/* Sets the state before reading. */
static void
join_begin(struct join *j)
{
	size_t i;

	j->bad = 0;
	j->failed = j->extents = j->quiet = j->hasty = 0;
	j->kept = 0;
	j->keep = join_files_to_keep();
	j->fds = xreallocarray(NULL, j->nfiles, sizeof(*j->fds));
	j->met = xcalloc(j->nfiles, sizeof(*j->met));
	for (i = 0; i < j->nfiles; i++)
		j->fds[i] = -1;
	j->records = j->next_task = j->tiled = 0;
	sorter_init(&j->index, sizeof(struct entry), entry_by_trace, j->memory
	    / 4);
	sorter_init(&j->tasks, sizeof(struct render_task), task_by_order,
	    j->memory / 8);
}

static void
join_end(struct join *j)
{
	size_t i;

	for (i = 0; i < j->nfiles; i++)
		if (j->fds[i] > STDIN_FILENO)
			close(j->fds[i]);
	free(j->fds);
	free(j->met);
	sorter_release(&j->index);
	sorter_release(&j->tasks);
}

/* Reads all files. */
static int
join_pass(struct join *j, struct joiner *ws, char *const *files, size_t nfiles)
{
	size_t size = j->memory / 32 / j->pool->n;

	size = size < 65536 ? 65536 : size > 524288 ? 524288 : size;
	chunks_init(&j->chunks, files, nfiles, size);
	if (j->again)
		chunks_read_kept(&j->chunks, &j->store, j->spilled,
		    j->pipe_error);
	pool_run(j->pool, index_run, ws, sizeof(*ws));
	/* a file that was not read to its end is closed elsewhere */
	if (j->chunks.fd >= 0)
		j->fds[j->chunks.next - 1] = -1;
	chunks_release(&j->chunks);
	return pool_stopped(j->pool) ? -1 : 0;
}

/*
 * Reads the rows of an experiment directory. Returns 1 when their extents are
 * all of the observations, which are open then, and else 0, with nothing done.
 */
static int
join_pass_extents(struct join *j, struct joiner *ws, char *const *files)
{
	struct stat st;
	int good;

	j->extents = j->quiet = 1;
	good = !join_pass(j, ws, files, 1) && !j->bad && !j->failed;
	j->fds[1] = open(files[1], O_RDONLY | O_CLOEXEC);
	if (good && j->fds[1] >= 0 && !fstat(j->fds[1], &st) &&
	    S_ISREG(st.st_mode) && j->records &&
	    (uint64_t)st.st_size == j->tiled)
		return 1;
	join_end(j);
	join_begin(j);
	return 0;
}

/* Reports the files with values that only Python writes. */
static void
join_report_odd(const struct join *j)
{
	size_t i;
	int flag;

	for (i = 0; i < j->nfiles; i++)
		for (flag = JSON_NAN; flag <= JSON_LONE; flag <<= 1)
			if (j->met[i] & flag)
				join_report(j, xasprintf("%s: %s",
				    join_file_name(j, i), source_odd(flag,
				    !j->output->format->as_is)));
}

static int
join_read_details(struct join *j)
{
	size_t bad;

	if (!j->ndetails || !details_read(&j->more, j->details, j->ndetails,
	    j->memory / 8, &bad))
		return 0;
	return join_fail_file(j, bad < j->ndetails ? j->details[bad].name : NULL,
	    errno);
}

/* Whole traces may be small, and are read by all threads at once. */
static size_t
join_inside(const struct join *j)
{
	size_t n = j->memory / 4 / j->pool->n / sizeof(struct observation);

	return n < INSIDE_LEAST ? INSIDE_LEAST : n;
}

static void
join_begin_joiners(struct join *j, struct joiner *ws)
{
	size_t i = 0;

	memset(ws, 0, j->pool->n * sizeof(*ws));
	do {
		ws[i].j = j;
		ws[i].batch.output = j->output;
		ws[i].t.print = j->output->format->pretty;
		ws[i].inside = join_inside(j);
	} while (++i < j->pool->n);
}

static void
join_release_joiners(struct join *j, struct joiner *ws)
{
	size_t i;

	for (i = 0; i < j->pool->n; i++)
		joiner_release(&ws[i]);
}

/* Renders the traces of all tasks. */
static int
join_render(struct join *j, struct joiner *ws)
{
	size_t i;

	if (sorter_sort(&j->tasks))
		return join_fail(j, errno);
	/* a line of the first pass may have been long */
	for (i = 0; i < j->pool->n; i++)
		buf_release(&ws[i].text);
	pool_run(j->pool, render_run, ws, sizeof(*ws));
	return pool_stopped(j->pool) || j->odd ? -1 : 0;
}

static int
join_is_stdin(char *const *files, size_t i)
{
	return !files || !strcmp(files[i], "-");
}

/*
 * Whether all files can be read again; a pipe can, if it is the only one,
 * because all of it is kept.
 */
static int
join_may_hasten(struct join *j, char *const *files)
{
	struct stat st;
	size_t i;
	int in;

	if (!output_can_restart(j->output))
		return 0;
	for (i = 0; i < j->nfiles; i++) {
		in = join_is_stdin(files, i);
		if (in ? fstat(STDIN_FILENO, &st) : stat(files[i], &st))
			return 0;
		if (in && j->nfiles == 1 && S_ISFIFO(st.st_mode))
			j->pipe = 1;
		else if (!S_ISREG(st.st_mode) || (in &&
		    lseek(STDIN_FILENO, 0, SEEK_CUR) != 0))
			return 0;
	}
	return 1;
}

/* Returns the standard input to its first offset, if it is among the files. */
static int
join_rewind(struct join *j, char *const *files)
{
	size_t i;

	for (i = 0; i < j->nfiles && !j->pipe; i++)
		if (join_is_stdin(files, i) && lseek(STDIN_FILENO, 0, SEEK_SET))
			return join_fail(j, errno);
	return 0;
}

/* Discards all that was read and written. */
static int
join_restart(struct join *j, struct joiner *ws, char *const *files)
{
	if (join_rewind(j, files))
		return -1;
	join_release_joiners(j, ws);
	join_end(j);
	join_begin(j);
	join_begin_joiners(j, ws);
	j->rowless = j->unmatched = j->changed = 0;
	j->again = j->pipe;
	j->odd = j->pipe = 0;
	pool_resume(j->pool);
	return output_restart(j->output);
}

/* Makes two passes, or more if the first ones were too hasty. */
static int
join_all(struct join *j, struct joiner *ws, char *const *files, size_t nfiles)
{
	int bad;

	j->hasty = j->quiet = join_may_hasten(j, nfiles ? files : NULL);
	bad = join_pass(j, ws, files, nfiles) || j->odd || schedule_run(j) ||
	    join_render(j, ws);
	if (!j->odd || j->error || j->output->error.msg)
		return bad;
	if (join_restart(j, ws, nfiles ? files : NULL))
		return -1;
	return join_pass(j, ws, files, nfiles) || schedule_run(j) ||
	    join_render(j, ws);
}

int
join_run(struct join *j, char *const *files, size_t nfiles, int extents)
{
	struct joiner *ws = xcalloc(j->pool->n, sizeof(*ws));
	int bad;

	pthread_mutex_init(&j->reading, NULL);
	j->nfiles = nfiles ? nfiles : 1;
	store_init(&j->store, j->memory / 8 * 3);
	join_begin(j);
	join_begin_joiners(j, ws);
	bad = join_read_details(j);
	if (!bad && extents && join_pass_extents(j, ws, files))
		bad = join_render(j, ws);
	else if (!bad)
		bad = join_all(j, ws, files, nfiles);
	join_release_joiners(j, ws);
	free(ws);
	j->quiet = 0;
	join_report_odd(j);
	details_release(&j->more);
	join_end(j);
	store_release(&j->store);
	pthread_mutex_destroy(&j->reading);
	return bad ? -1 : 0;
}
