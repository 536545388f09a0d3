#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/utf8.h"
#include "base/util.h"
#include "base/visible.h"
#include "io/line.h"
#include "io/plain.h"
#include "json/json.h"
#include "recover.h"
#include "row.h"
#include "failures.h"

/*
 * The most kinds of errors that are counted separately: a limit for odd data.
 */
#define KINDS_MAX 100000

/* Bytes of an error, and of a line of a traceback, that are shown. */
#define FAILURE_SHOWN 200

/* --- counting ------------------------------------------------------------- */

struct counts {
	struct set known;	/* indexes in kinds, by hash of the error */
	struct failure *kinds;
	size_t n;
	size_t cap;
};

/* Returns a hash of an error that does not depend on numbers in it. */
static uint64_t
failure_hash(struct json_span kind, const struct buf *error)
{
	struct buf text = { 0 };
	uint64_t h;
	size_t i;

	for (i = 0; i < error->len; i++)
		if (error->p[i] < '0' || error->p[i] > '9')
			buf_byte(&text, error->p[i]);
		else if (!text.len || text.p[text.len - 1] != '0')
			buf_byte(&text, '0');
	h = hash_bytes(0, 0, text.p, text.len);
	buf_release(&text);
	return hash_bytes(h, 1, kind.p, kind.n);
}

static void
failure_count(struct counts *c, const struct json_span row[ROW_FIELDS])
{
	struct buf error = { 0 };
	size_t *index;
	int added;

	if (json_is(row[ROW_ERROR], JSON_STRING))
		json_text(&error, row[ROW_ERROR]);
	else if (json_is(row[ROW_ERROR_KIND], JSON_STRING))
		json_text(&error, row[ROW_ERROR_KIND]);
	else
		buf_puts(&error, "no error was recorded");
	if (c->n == KINDS_MAX) {
		buf_release(&error);
		return;
	}
	index = set_add(&c->known, failure_hash(row[ROW_ERROR_KIND], &error),
	    &added);
	if (added) {
		ALLOC_GROW(c->kinds, c->n + 1, c->cap);
		memset(&c->kinds[c->n], 0, sizeof(*c->kinds));
		c->kinds[c->n].error = error;
		buf_add(&c->kinds[c->n].trace_id, row[ROW_TRACE_ID].p,
		    row[ROW_TRACE_ID].n);
		memset(&error, 0, sizeof(error));
		*index = c->n++;
	}
	c->kinds[*index].runs++;
	buf_release(&error);
}

static void
release_failure(struct failure *f)
{
	buf_release(&f->error);
	buf_release(&f->trace_id);
}

/* Moves the most frequent ones, earlier ones first, out of the counts. */
static void
failures_choose(struct failures *f, struct counts *c)
{
	struct failure *best;
	size_t i;

	f->kinds = c->n;
	while (f->n < FAILURES_SHOWN && f->n < c->n) {
		best = NULL;
		for (i = 0; i < c->n; i++)
			if (c->kinds[i].runs && (!best ||
			    c->kinds[i].runs > best->runs))
				best = &c->kinds[i];
		if (!best)
			break;
		f->most[f->n++] = *best;
		memset(best, 0, sizeof(*best));
	}
	for (i = 0; i < c->n; i++)
		release_failure(&c->kinds[i]);
	free(c->kinds);
	set_release(&c->known);
}

/* Reads the rows of the folder fd. Returns 0, or -1 with errno set. */
static int
failures_count(struct failures *f, int folder)
{
	struct json_span row[ROW_FIELDS];
	struct counts c = { 0 };
	struct line_reader in;
	struct json_fault fault;
	struct line l;
	int got, fd = plain_open(folder, recover_files[RECOVER_ROWS], O_RDONLY);

	/* no run was finished */
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	line_init(&in, fd);
	while ((got = line_next(&in, &l)) > 0) {
		if (!l.n || *l.p != '{' || json_scan(l.p, l.n, JSON_LAX,
		    row_fields, row, ROW_FIELDS, &fault) < 0 ||
		    json_is_true(row[ROW_SUCCESS]))
			continue;
		f->runs++;
		failure_count(&c, row);
	}
	line_release(&in);
	close(fd);
	failures_choose(f, &c);
	return got;
}

/* --- the place ------------------------------------------------------------ */

static int
starts_with(const char *line, size_t n, const char *with)
{
	size_t len = strlen(with);

	return n >= len && !memcmp(line, with, len);
}

/*
 * Sets place to the line of a traceback where the error was raised: Python's
 * last "File", the first "at" of JavaScript and Java.
 */
static void
find_place(struct buf *place, struct buf *text)
{
	const char *p = buf_str(text), *end = p + text->len, *nl, *s;
	int python, other;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		for (s = p; s < nl && (*s == ' ' || *s == '\t'); s++)
			;
		python = s > p && starts_with(s, (size_t)(nl - s), "File \"");
		other = s > p && starts_with(s, (size_t)(nl - s), "at ") &&
		    !place->len;
		if (!python && !other)
			continue;
		place->len = 0;
		buf_add(place, s, (size_t)(nl - s));
	}
}

/* Appends a field of the trace's first record in a file, as text. */
static void
failures_find_text(struct buf *text, int folder, const char *file,
    const struct buf *trace_id, const char *field, const char *member)
{
	const char *const names[] = { "trace_id", field };
	struct json_span v[2];
	struct line_reader in;
	struct json_fault f;
	struct line l;
	int fd = plain_open(folder, file, O_RDONLY);

	if (fd < 0)
		return;
	line_init(&in, fd);
	while (!text->len && line_next(&in, &l) > 0) {
		if (!l.n || *l.p != '{' || json_scan(l.p, l.n, JSON_LAX, names,
		    v, 2, &f) < 0 || v[0].n != trace_id->len ||
		    memcmp(v[0].p, trace_id->p, v[0].n))
			continue;
		if (member)
			v[1] = json_get(v[1], member);
		if (json_is(v[1], JSON_STRING))
			json_text(text, v[1]);
	}
	line_release(&in);
	close(fd);
}

/* Searches the traceback of a step, else what the agent printed. */
static void
failures_find_place(struct failures *f, int folder)
{
	const struct buf *id = &f->most[0].trace_id;
	struct buf text = { 0 };

	if (!id->len)
		return;
	failures_find_text(&text, folder, recover_files[RECOVER_OBSERVATIONS],
	    id,
	    "metadata", "traceback");
	find_place(&f->place, &text);
	text.len = 0;
	if (!f->place.len)
		failures_find_text(&text, folder, recover_files[RECOVER_TRACES],
		    id,
		    "stderr", NULL);
	find_place(&f->place, &text);
	buf_release(&text);
}

int
failures_read(struct failures *f, const char *dir, struct err *e)
{
	int bad, folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	memset(f, 0, sizeof(*f));
	if (folder < 0)
		return err_set(e, 0, 0, "%s: %s", dir, strerror(errno));
	bad = failures_count(f, folder);
	if (bad)
		err_set(e, 0, 0, "%s/%s: %s", dir,
		    recover_files[RECOVER_ROWS], plain_error(errno));
	else if (f->n)
		failures_find_place(f, folder);
	close(folder);
	return bad ? -1 : 0;
}

void
failures_release(struct failures *f)
{
	while (f->n)
		release_failure(&f->most[--f->n]);
	buf_release(&f->place);
}

/* --- printing ------------------------------------------------------------- */

/* Appends the first line of a text that is not empty, cut if it is long. */
static void
failures_put_first_line(struct buf *b, const struct buf *text)
{
	const char *p = text->p, *end = p + text->len;
	size_t n = 0, shown;

	while (p < end && *p == '\n')
		p++;
	while (p + n < end && p[n] != '\n')
		n++;
	shown = utf8_cut(p, n, FAILURE_SHOWN);
	visible_put(b, p, shown);
	buf_puts(b, shown < n ? "\xe2\x80\xa6" : "");
}

void
failures_put(struct buf *b, const struct failures *f, const char *dir)
{
	size_t i;

	if (!f->runs)
		return;
	for (i = 0; i < f->n; i++) {
		buf_printf(b, "%6lld failed: ", f->most[i].runs);
		failures_put_first_line(b, &f->most[i].error);
		buf_byte(b, '\n');
		if (!i && f->place.len) {
			buf_puts(b, "               ");
			failures_put_first_line(b, &f->place);
			buf_byte(b, '\n');
		}
	}
	if (f->kinds > f->n)
		buf_printf(b, "       and %zu other error%s\n", f->kinds - f->n,
		    f->kinds - f->n == 1 ? "" : "s");
	buf_puts(b, "errors: ");
	visible_put(b, dir, strlen(dir));
	buf_puts(b, "/errors.json\n");
}
