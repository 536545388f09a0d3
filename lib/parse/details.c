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

#define KEYS_MAX 64		/* of a row; fl-collect writes about twenty */

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
details_read(struct details *d, char *const *files, size_t n, size_t memory,
    size_t *bad)
{
	sorter_init(&d->index, sizeof(struct detail), detail_by_id, memory);
	d->fds = xreallocarray(NULL, n + 1, sizeof(*d->fds));
	for (*bad = 0; *bad < n; (*bad)++) {
		d->fds[*bad] = plain_open(AT_FDCWD, files[*bad], O_RDONLY);
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

/* Finds the first record of an id. Returns 1, 0, or -1 with errno set. */
static int
details_find(const struct details *d, uint64_t id, struct detail *e)
{
	uint64_t low = 0, high = d->index.total, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (sorter_read(&d->index, mid, 1, e))
			return -1;
		if (e->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == d->index.total)
		return 0;
	if (sorter_read(&d->index, low, 1, e))
		return -1;
	return e->id == id;
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

/* Appends the fields of other that the row lacks. */
static void
add_lacking(struct json_span row, struct json_span other, struct buf *b)
{
	struct json_span keys[KEYS_MAX], key, value;
	struct json_iter it;
	size_t n = 0;

	for (it = json_each(row); n < KEYS_MAX &&
	    json_next(&it, &key, &value); )
		keys[n++] = key;
	for (it = json_each(other); json_next(&it, &key, &value); ) {
		if (has_key(keys, n, key))
			continue;
		json_comma(b);
		buf_add(b, key.p, key.n);
		buf_byte(b, ':');
		buf_add(b, value.p, value.n);
	}
}

int
details_merge(const struct details *d, struct json_span row,
    struct buf *scratch, struct buf *b)
{
	struct json_span id = json_get(row, "trace_id"), other;
	struct json_fault f;
	struct detail e;
	const char *end = row.p + row.n;
	int got;

	if (!json_is(id, JSON_STRING))
		return 0;
	got = details_find(d, hash_bytes(0, 0, id.p, id.n), &e);
	if (got <= 0)
		return got;
	scratch->len = 0;
	if (spill_read(d->fds[e.file], buf_room(scratch, e.n), e.n, e.at))
		return errno ? -1 : 0;
	other.p = scratch->p;
	other.n = e.n;
	/* the file changed after it was indexed */
	if (json_scan(other.p, other.n, JSON_LAX, NULL, NULL, 0, &f) < 0)
		return 0;
	while (end > row.p && *--end != '}')
		;
	buf_add(b, row.p, (size_t)(end - row.p));
	add_lacking(row, other, b);
	buf_byte(b, '}');
	return 1;
}
