#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/util.h"
#include "io/line.h"
#include "io/plain.h"
#include "io/spill.h"
#include "details.h"

#define KEYS_MAX 64		/* keys of a row; fl-collect writes about
				   twenty */

struct detail {
	uint64_t id;		/* hash of the trace's id */
	uint64_t at;		/* offset in the file */
	uint32_t n;		/* bytes */
	uint32_t file;
};

static int
detail_by_id(const void *x, const void *y)
{
	const struct detail *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

static int
details_add_line(struct details *d, size_t file, const struct line *l)
{
	static const char *const names[] = { "trace_id" };
	struct detail e = { 0, l->offset, (uint32_t)l->n, (uint32_t)file };
	struct json_span id;
	struct json_fault f;

	if (!l->n || *l->p != '{' || l->n > UINT32_MAX || json_scan(l->p, l->n,
	    JSON_LAX, names, &id, 1, &f) < 0 || !json_is(id, JSON_STRING))
		return 0;
	e.id = hash_bytes(0, 0, id.p, id.n);
	return sorter_add(&d->index, &e);
}

static int
details_read_file(struct details *d, size_t file)
{
	struct line_reader in;
	struct line l;
	int got;

	line_init(&in, d->fds[file]);
	while ((got = line_next(&in, &l)) > 0)
		if (details_add_line(d, file, &l)) {
			got = -1;
			break;
		}
	line_release(&in);
	return got;
}

int
details_read(struct details *d, const struct details_file *files, size_t n,
    size_t memory, size_t *bad)
{
	d->files = files;
	sorter_init(&d->index, sizeof(struct detail), detail_by_id, memory);
	d->fds = xreallocarray(NULL, n + 1, sizeof(*d->fds));
	for (*bad = 0; *bad < n; (*bad)++) {
		d->fds[*bad] = plain_open(AT_FDCWD, files[*bad].name, O_RDONLY);
		if (d->fds[*bad] < 0)
			return -1;
		d->n++;
		if (details_read_file(d, *bad))
			return -1;
	}
	return sorter_sort(&d->index);
}

void
details_release(struct details *d)
{
	if (!d->fds)
		return;
	while (d->n)
		close(d->fds[--d->n]);
	free(d->fds);
	d->fds = NULL;
	sorter_release(&d->index);
}

/* Finds the first record of an id. Returns its number, or -1 with errno set. */
static int
details_find(const struct details *d, uint64_t id, uint64_t *number)
{
	uint64_t low = 0, high = d->index.total, mid;
	struct detail e;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (sorter_read(&d->index, mid, 1, &e))
			return -1;
		if (e.id < id)
			low = mid + 1;
		else
			high = mid;
	}
	*number = low;
	return 0;
}

/*
 * Finds the records of an id: in found[0] the first of its trace, in found[1]
 * the last verdict; n is 0 where there is none. Returns 0, or -1 with errno
 * set.
 */
static int
details_find_all(const struct details *d, uint64_t id, struct detail found[2])
{
	struct detail e;
	uint64_t i;
	int verdicts;

	memset(found, 0, 2 * sizeof(*found));
	if (details_find(d, id, &i))
		return -1;
	for (; i < d->index.total; i++) {
		if (sorter_read(&d->index, i, 1, &e))
			return -1;
		if (e.id != id)
			break;
		verdicts = d->files[e.file].verdicts;
		if (verdicts || !found[0].n)
			found[verdicts] = e;
	}
	return 0;
}

/*
 * Reads a record into scratch; *v is then its place there, or absent if there
 * is none, or its file changed after it was indexed. Returns 0, or -1 with
 * errno set.
 */
static int
details_get(const struct details *d, const struct detail *e,
    struct buf *scratch, struct json_span *v)
{
	struct json_fault f;

	v->p = NULL;
	v->n = e->n;
	if (!e->n)
		return 0;
	scratch->len = 0;
	if (spill_read(d->fds[e->file], buf_room(scratch, e->n), e->n, e->at))
		return errno ? -1 : 0;
	if (json_scan(scratch->p, e->n, JSON_LAX, NULL, NULL, 0, &f) >= 0)
		v->p = scratch->p;
	return 0;
}

/* Whether a key is among those of the row, which has n. */
static int
has_key(const struct json_span *keys, size_t n, struct json_span key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (keys[i].n == key.n && !memcmp(keys[i].p, key.p, key.n))
			return 1;
	return 0;
}

/* The fields that a newer verdict replaces. */
static const char *const verdict_fields[] = { "scores", "evaluation" };
static const char *const quoted_verdict[] = {
	"\"scores\"", "\"evaluation\""
};

/* Appends the fields of other that the row lacks; no verdict if newer is 1. */
static void
add_lacking(struct json_span row, struct json_span other, int newer,
    struct buf *b)
{
	struct json_span keys[KEYS_MAX], key, value;
	struct json_iter it;
	size_t n = 0, i;

	for (it = json_each(row); n < KEYS_MAX - LEN(verdict_fields) &&
	    json_next(&it, &key, &value); )
		keys[n++] = key;
	for (i = 0; i < LEN(verdict_fields) && newer; i++)
		keys[n++] = (struct json_span){ quoted_verdict[i],
		    strlen(quoted_verdict[i]) };
	for (it = json_each(other); json_next(&it, &key, &value); ) {
		if (has_key(keys, n, key))
			continue;
		json_comma(b);
		buf_add(b, key.p, key.n);
		buf_byte(b, ':');
		buf_add(b, value.p, value.n);
	}
}

/* Appends the fields of the row; its verdict only if there is no newer one. */
static void
add_row(struct json_span row, int newer, struct buf *b)
{
	const char *end = row.p + row.n;

	json_open(b, NULL, '{');
	if (newer) {
		json_add_others(b, row, verdict_fields,
		    LEN(verdict_fields));
		return;
	}
	while (end > row.p && *--end != '}')
		;
	b->len--;
	buf_add(b, row.p, (size_t)(end - row.p));
}

int
details_merge(const struct details *d, struct json_span row,
    struct buf *scratch, struct buf *b)
{
	struct json_span id = json_get(row, "trace_id"), more, newer;
	struct detail found[2];
	size_t i;

	if (!json_is(id, JSON_STRING))
		return 0;
	if (details_find_all(d, hash_bytes(0, 0, id.p, id.n), found))
		return -1;
	if (!found[0].n && !found[1].n)
		return 0;
	if (details_get(d, &found[1], scratch, &newer))
		return -1;
	add_row(row, newer.p != NULL, b);
	for (i = 0; i < LEN(verdict_fields) && newer.p; i++) {
		more = json_get(newer, verdict_fields[i]);
		if (more.p)
			json_add(b, verdict_fields[i], more);
	}
	if (details_get(d, &found[0], scratch, &more))
		return -1;
	if (more.p)
		add_lacking(row, more, newer.p != NULL, b);
	json_close(b, '}');
	return 1;
}
