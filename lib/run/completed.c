#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "base/err.h"
#include "json/json.h"
#include "io/line.h"
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

int
completed_read(struct completed *d, const char *file, struct err *e)
{
	struct line_reader r;
	struct line l;
	int fd, got;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, 0, 0, "%s: %s", file, strerror(errno));
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
		err_set(e, 0, 0, "%s: %s", file, strerror(errno));
	line_release(&r);
	close(fd);
	if (d->n)
		qsort(d->ids, d->n, sizeof(*d->ids), by_id);
	return got;
}

void
completed_release(struct completed *d)
{
	free(d->ids);
	memset(d, 0, sizeof(*d));
}

int
completed_has(const struct completed *d, uint64_t id)
{
	return d->n && bsearch(&id, d->ids, d->n, sizeof(*d->ids), by_id);
}
