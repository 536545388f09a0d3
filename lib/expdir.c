#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "hash.h"
#include "json.h"
#include "out.h"
#include "isotime.h"
#include "cli.h"
#include "set.h"
#include "record.h"
#include "secret.h"
#include "environ.h"
#include "config.h"
#include "newfile.h"
#include "row.h"
#include "summary.h"
#include "expdir.h"

static int
file_error(const struct expdir *x, const char *name, int error, struct err *e)
{
	return err_set(e, 0, 0, "%s/%s: %s", x->path, name, strerror(error));
}

static int
open_file(struct expdir *x, struct out *o, const char *name, struct err *e)
{
	int fd;

	fd = openat(x->fd, name, O_RDWR | O_CREAT | O_EXCL | O_APPEND |
	    O_CLOEXEC, 0600);
	if (fd < 0)
		return file_error(x, name, errno, e);
	out_init(o, fd, 0);
	return 0;
}

/* Appends the JSON in compact, as people like to read it, and a newline. */
static void
put_pretty(struct buf *b, const struct buf *compact)
{
	json_pretty(b, (struct json_span){ compact->p, compact->len }, 0);
	buf_byte(b, '\n');
}

/* SipHash-2-4 (key 0) of a file's bytes, as JSON; null when there is none. */
static void
put_file_hash(struct buf *b, const char *key, const char *file)
{
	struct buf text = { 0 };
	char hex[24];
	ssize_t n = -1;
	int fd;

	fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	while (fd >= 0 && (n = read(fd, buf_room(&text, 65536), 65536)) > 0)
		text.len += (size_t)n;
	if (fd >= 0)
		close(fd);
	snprintf(hex, sizeof(hex), "%016llx",
	    (unsigned long long)hash_bytes(0, 0, text.p, text.len));
	json_add_str(b, key, n == 0 ? hex : NULL);
	buf_release(&text);
}

static int
put_manifest(struct expdir *x, const struct config *c, const char *inputs,
    long long runs, struct err *e)
{
	struct buf b = { 0 };
	struct newfile f;
	char hex[24];
	int bad;

	json_open(&b, NULL, '{');
	json_add_int(&b, "format", 1);
	isotime_add(&b, "created", isotime_now());
	if (runs >= 0)
		json_add_int(&b, "runs", runs);
	else
		json_add_null(&b, "runs");
	json_add_str(&b, "inputs_file", inputs);
	put_file_hash(&b, "inputs_hash", inputs);
	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)
	    hash_bytes(0, 0, c->root.p, c->root.n));
	json_add_str(&b, "config_hash", hex);
	json_add_str(&b, "version", cli_version());
	json_close(&b, '}');
	bad = newfile_begin(&f, x->fd, "manifest.json");
	if (!bad) {
		put_pretty(out_begin(&f.out), &b);
		bad = newfile_commit(&f);
	}
	buf_release(&b);
	return bad ? file_error(x, "manifest.json", errno, e) : 0;
}

int
expdir_make(struct expdir *x, const char *path, const struct config *c,
    const char *inputs, long long runs, struct err *e)
{
	memset(x, 0, sizeof(*x));
	x->path = xstrdup(path);
	x->fd = -1;
	if (mkdir(path, 0700) && errno != EEXIST)
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	x->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->fd < 0)
		return err_set(e, 0, 0, "%s: %s", path, strerror(errno));
	/* the folder itself is locked, until x->fd is closed */
	if (flock(x->fd, LOCK_EX | LOCK_NB))
		return err_set(e, 0, 0, "%s: another program is writing to "
		    "it", path);
	if (faccessat(x->fd, "manifest.json", F_OK, 0) == 0 ||
	    faccessat(x->fd, "trace_summary.jsonl", F_OK, 0) == 0)
		return err_set(e, 0, 0, "%s: holds an experiment already",
		    path);
	if (put_manifest(x, c, inputs, runs, e) ||
	    open_file(x, &x->observations, "observations.jsonl", e) ||
	    open_file(x, &x->traces, "traces.jsonl", e) ||
	    open_file(x, &x->rows, "trace_summary.jsonl", e))
		return -1;
	return 0;
}

/* Writes the observations; sets where they are. */
static void
add_observations(struct expdir *x, const struct json_span *v, uint64_t *at,
    uint64_t *bytes)
{
	struct buf *b = out_begin(&x->observations);
	struct json_span key, o;
	struct json_iter it;

	*at = x->observations.written + b->len;
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

/* The trace without its observations. */
static void
add_trace(struct expdir *x, struct json_span trace)
{
	struct buf *b = out_begin(&x->traces);
	struct json_span key, value;
	struct json_iter it;

	json_open(b, NULL, '{');
	for (it = json_each(trace); json_next(&it, &key, &value); ) {
		if (json_equal(key, "observations", 12))
			continue;
		json_add(b, NULL, key);
		buf_byte(b, ':');
		buf_add(b, value.p, value.n);
	}
	json_close(b, '}');
	buf_byte(b, '\n');
}

/* Writes out in the order that makes a row the commit. */
static int
flush(struct expdir *x, struct err *e)
{
	if (out_flush(&x->observations))
		return file_error(x, "observations.jsonl",
		    x->observations.error, e);
	if (out_flush(&x->traces))
		return file_error(x, "traces.jsonl", x->traces.error, e);
	if (out_flush(&x->rows))
		return file_error(x, "trace_summary.jsonl", x->rows.error, e);
	return 0;
}

int
expdir_add(struct expdir *x, struct json_span trace, struct err *e)
{
	struct json_span v[ROW_FIELDS];
	struct json_fault f;
	uint64_t at, bytes;
	int added;

	if (json_scan(trace.p, trace.n, JSON_LAX, row_fields, v, ROW_FIELDS,
	    &f) < 0)
		return err_set(e, 0, 0, "%s", f.msg);
	set_add(&x->ids, hash_bytes(0, 0, v[ROW_TRACE_ID].p,
	    v[ROW_TRACE_ID].n),
	    &added);
	if (!added)
		return 1;
	add_observations(x, v, &at, &bytes);
	add_trace(x, trace);
	row_put(out_begin(&x->rows), v, at, bytes);
	return flush(x, e);
}

int
expdir_finish(struct expdir *x, const struct config *c, const char *name,
    struct summary_totals *totals, struct err *e)
{
	struct out *const files[] = { &x->observations, &x->traces, &x->rows };
	struct buf head = { 0 };
	char *own = name ? NULL : config_name(c);
	size_t i;
	int bad;

	if (flush(x, e))
		return -1;
	for (i = 0; i < LEN(files); i++)
		if (fsync(files[i]->fd))
			return file_error(x, "", errno, e);
	json_open(&head, NULL, '{');
	json_add_str(&head, "name", name ? name : own);
	json_key(&head, "config");
	secret_mask(&head, c->root);
	json_close(&head, '}');
	bad = summary_write(x->fd, x->path, x->rows.fd,
	    (struct json_span){ head.p, head.len }, totals, e);
	free(own);
	buf_release(&head);
	return bad;
}

void
expdir_release(struct expdir *x)
{
	struct out *const files[] = { &x->observations, &x->traces, &x->rows };
	size_t i;

	for (i = 0; i < LEN(files); i++)
		if (files[i]->b)
			out_close(files[i]);
	if (x->fd >= 0)
		close(x->fd);
	set_release(&x->ids);
	free(x->path);
	memset(x, 0, sizeof(*x));
}
