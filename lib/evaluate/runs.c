#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/util.h"
#include "experiment/row.h"
#include "io/line.h"
#include "io/plain.h"
#include "io/spill.h"
#include "runs.h"
#include "text.h"

enum {
	HAS_RUN_ID, HAS_INPUT_ID, HAS_INPUT, HAS_PERSONA, HAS_OUTPUT,
	HAS_SUCCESS, HAS_ERROR_KIND, HAS_DURATION, HAS_TOKENS, HAS_ATTEMPTS,
	HAS_SCORES, HAS_EVALUATION, HAS_STRATEGY, HAS_METADATA, HAS_FIELDS
};

static const char *const names[HAS_FIELDS] = {
	[HAS_RUN_ID] = "run_id",
	[HAS_INPUT_ID] = "input_id",
	[HAS_INPUT] = "input",
	[HAS_PERSONA] = "persona",
	[HAS_OUTPUT] = "output",
	[HAS_SUCCESS] = "success",
	[HAS_ERROR_KIND] = "error_kind",
	[HAS_DURATION] = "duration_ms",
	[HAS_TOKENS] = "token_usage",
	[HAS_ATTEMPTS] = "attempts",
	[HAS_SCORES] = "scores",
	[HAS_EVALUATION] = "evaluation",
	[HAS_STRATEGY] = "strategy",
	[HAS_METADATA] = "metadata"
};

uint64_t
runs_hash_of(struct json_span v)
{
	return v.p ? hash_bytes(0, 0, v.p, v.n) : 0;
}

/* Whether a failure is one of the system, not of the answer. */
static int
runs_is_error(struct json_span kind)
{
	return json_is_str(kind, "timeout") || json_is_str(kind, "crash") ||
	    json_is_str(kind, "protocol") || json_is_str(kind, "cancelled");
}

enum runs_outcome
runs_outcome_of(struct json_span success, struct json_span error_kind,
    struct json_span evaluation)
{
	struct json_span pass;

	if (runs_is_error(error_kind))
		return RUNS_ERROR;
	if (!json_is(evaluation, JSON_OBJECT))
		return json_is_true(success) ? RUNS_PASS : RUNS_FAIL;
	pass = json_get(evaluation, "pass");
	if (!json_is(pass, JSON_BOOL))
		return RUNS_ERROR;
	return json_is_true(pass) ? RUNS_PASS : RUNS_FAIL;
}

uint64_t
runs_unit_of(struct json_span input_id, struct json_span input,
    struct json_span persona)
{
	uint64_t unit[2] = {
		runs_hash_of(json_is_null(input_id) ? input : input_id),
		json_is_null(persona) ? 0 : runs_hash_of(persona)
	};

	return hash_words(0, 0, unit, LEN(unit));
}

static double
number_in(struct json_span object, const char *name)
{
	double d = (double)NAN;

	if (json_is(object, JSON_OBJECT))
		value_number(json_get(object, name), &d);
	return d;
}

static void
note_config(struct runs *r, uint64_t config)
{
	r->mixed |= r->n > 0 && config != r->config;
	r->config = config;
}

/* Returns the number of a name; 0 for a value that is not one. */
static uint32_t
runs_name(struct runs *r, struct json_span v)
{
	struct buf text = { 0 };
	size_t *place;
	int added;

	if (!json_is(v, JSON_STRING))
		return 0;
	place = set_add(&r->names_known, runs_hash_of(v), &added);
	if (added) {
		if (!r->nnames)
			r->nnames = 1;
		ALLOC_GROW(r->names, r->nnames + 1, r->names_cap);
		r->names[0] = NULL;
		json_text(&text, v);
		r->names[r->nnames] = buf_detach(&text, NULL);
		*place = r->nnames++;
	}
	return (uint32_t)*place;
}

static void
runs_add_run(struct runs *r, const struct json_span v[HAS_FIELDS],
    const struct line *l, const char *metric)
{
	struct runs_run *run;
	size_t *place;
	double attempts = 1;
	int added;

	place = set_add(&r->known, runs_hash_of(v[HAS_RUN_ID]), &added);
	if (!added) {
		r->twice++;
		return;
	}
	*place = r->n + 1;
	ALLOC_GROW(r->v, r->n + 1, r->cap);
	run = &r->v[r->n];
	run->id = runs_hash_of(v[HAS_RUN_ID]);
	run->unit = runs_unit_of(v[HAS_INPUT_ID], v[HAS_INPUT],
	    v[HAS_PERSONA]);
	run->output = runs_hash_of(v[HAS_OUTPUT]);
	run->config = json_is(v[HAS_EVALUATION], JSON_OBJECT) ?
	    runs_hash_of(json_get(v[HAS_EVALUATION], "config_hash")) : 0;
	run->ms = (double)NAN;
	if (v[HAS_DURATION].p)
		json_double(v[HAS_DURATION], &run->ms);
	run->tokens = number_in(v[HAS_TOKENS], "total_tokens");
	run->metric = metric ? number_in(v[HAS_SCORES], metric) :
	    (double)NAN;
	if (v[HAS_ATTEMPTS].p)
		json_double(v[HAS_ATTEMPTS], &attempts);
	run->retried = attempts > 1;
	run->persona = runs_name(r, v[HAS_PERSONA]);
	run->strategy = runs_name(r, row_strategy(v[HAS_STRATEGY],
	    v[HAS_METADATA]));
	run->at = l->offset;
	run->n = (uint32_t)l->n;
	run->outcome = runs_outcome_of(v[HAS_SUCCESS], v[HAS_ERROR_KIND],
	    v[HAS_EVALUATION]);
	note_config(r, run->config);
	r->n++;
}

static void
read_line(struct runs *r, const struct line *l, const char *metric)
{
	struct json_span v[HAS_FIELDS];
	struct json_fault f;

	if (!l->n)
		return;
	if (*l->p != '{' || l->n > UINT32_MAX || json_scan(l->p, l->n,
	    JSON_LAX, names, v, HAS_FIELDS, &f) < 0)
		r->bad++;
	else if (!json_is(v[HAS_RUN_ID], JSON_STRING))
		r->unnamed++;
	else
		runs_add_run(r, v, l, metric);
}

/* Copies an input that cannot be read twice. Returns a descriptor, or -1. */
static int
copy(int from)
{
	struct buf b = { 0 };
	uint64_t at = 0;
	ssize_t n = -1;
	int fd = spill_open();

	while (fd >= 0 && ((n = read(from, buf_room(&b, 65536), 65536)) > 0 ||
	    (n < 0 && errno == EINTR))) {
		if (n > 0 && spill_write(fd, b.p, (size_t)n, at)) {
			n = -1;
			break;
		}
		at += n > 0 ? (uint64_t)n : 0;
	}
	buf_release(&b);
	if (fd >= 0 && n < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Opens the rows of a directory: those with the verdicts of its evaluation, if
 * it was evaluated when it was finished.
 */
static int
open_in(int dir)
{
	int evaluation = plain_open_folder(dir, "evaluation"), fd = -1, error;

	if (evaluation >= 0) {
		fd = plain_open(evaluation, "trace_summary.jsonl", O_RDONLY);
		error = errno;
		close(evaluation);
		errno = error;
	}
	return fd >= 0 || errno != ENOENT ? fd : plain_open(dir,
	    "trace_summary.jsonl", O_RDONLY);
}

int
runs_open(const char *name)
{
	struct stat st;
	int fd, whole, error;

	whole = !strcmp(name, "-") ? dup(STDIN_FILENO) : open(name, O_RDONLY |
	    O_CLOEXEC);
	if (whole < 0)
		return -1;
	if (fstat(whole, &st))
		fd = -1;
	else if (S_ISREG(st.st_mode) && lseek(whole, 0, SEEK_CUR) == 0)
		return whole;
	else
		fd = S_ISDIR(st.st_mode) ? open_in(whole) : copy(whole);
	error = errno;
	close(whole);
	errno = error;
	return fd;
}

int
runs_read(struct runs *r, const char *name, const char *metric,
    struct err *e)
{
	struct line_reader in;
	struct line l;
	int got = -1;

	memset(r, 0, sizeof(*r));
	r->name = !strcmp(name, "-") ? "<stdin>" : name;
	r->fd = runs_open(name);
	if (r->fd >= 0 && !lseek(r->fd, 0, SEEK_SET)) {
		line_init(&in, r->fd);
		while ((got = line_next(&in, &l)) > 0)
			read_line(r, &l, metric);
		line_release(&in);
	}
	return got < 0 ? err_set(e, 0, 0, "%s: %s", r->name,
	    plain_error(errno)) : 0;
}

void
runs_release(struct runs *r)
{
	size_t i;

	for (i = 1; i < r->nnames; i++)
		free(r->names[i]);
	free(r->names);
	set_release(&r->names_known);
	if (r->fd >= 0)
		close(r->fd);
	free(r->v);
	set_release(&r->known);
}

const struct runs_run *
runs_find(struct runs *r, uint64_t id)
{
	size_t *place;
	int added;

	place = set_add(&r->known, id, &added);
	return *place ? &r->v[*place - 1] : NULL;
}

int
runs_row(const struct runs *r, const struct runs_run *run, struct buf *row)
{
	row->len = 0;
	if (spill_read(r->fd, buf_room(row, run->n), run->n, run->at))
		return -1;
	row->len = run->n;
	buf_str(row);
	return 0;
}
