#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "buf.h"
#include "hash.h"
#include "json.h"
#include "line.h"
#include "out.h"
#include "set.h"
#include "source.h"
#include "record.h"
#include "trace.h"
#include "join.h"

/* Files that are kept open at a time; what is in others is spilled. */
#define FILES_MAX 200

/* Where a record is. */
struct place {
	uint64_t at;
	uint64_t n;
	int fd;
};

/* What has one trace id. */
struct join_group {
	size_t items;		/* how many observations */
	size_t first;		/* after sorting: the first of them */
	int has_row;
	int whole;		/* it came as a whole trace */
};

struct join_row {
	struct place place;
	size_t group;
};

struct join_item {
	struct place place;
	size_t group;
};

void
join_init(struct join *j, struct source *s, join_each *each, void *arg)
{
	memset(j, 0, sizeof(*j));
	j->source = s;
	j->each = each;
	j->arg = arg;
	j->spill = -1;
	s->raw = 1;
}

void
join_release(struct join *j)
{
	size_t i;

	for (i = 0; i < j->nfds; i++)
		if (j->fds[i] >= 0)
			close(j->fds[i]);
	if (j->spill >= 0)
		close(j->spill);
	set_release(&j->ids);
	set_release(&j->row_hashes);
	free(j->fds);
	free(j->groups);
	free(j->rows);
	free(j->items);
}

static int
open_spill(struct join *j)
{
	const char *dir = getenv("TMPDIR");
	char *name;

	name = xasprintf("%s/fl-parse.XXXXXX", dir && *dir ? dir : "/tmp");
	j->spill = mkstemp(name);
	if (j->spill < 0)
		j->error = errno;
	else
		unlink(name);
	free(name);
	return j->spill < 0 ? -1 : 0;
}

/* A descriptor that the current file can be read again from, or -1. */
static int
again(struct join *j)
{
	struct stat st;
	int fd;

	if (j->files_seen == j->source->next)
		return j->fds[j->nfds - 1];
	fd = j->source->reader.fd;
	/* a file that is read from its start, and no pipe; not too many */
	if (j->nfds >= FILES_MAX || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    lseek(fd, 0, SEEK_CUR) != (off_t)(j->source->reader.offset +
	    (j->source->reader.end - j->source->reader.start)))
		fd = -1;
	else
		fd = dup(fd);
	j->fds = xreallocarray(j->fds, j->nfds + 1, sizeof(*j->fds));
	j->fds[j->nfds++] = fd;
	j->files_seen = j->source->next;
	return fd;
}

/* Where the current record can be found later. */
static int
keep(struct join *j, struct place *p)
{
	struct json_span r = j->source->record;

	p->n = r.n;
	p->at = j->source->offset;
	p->fd = again(j);
	if (p->fd >= 0)
		return 0;
	if (j->spill < 0 && open_spill(j))
		return -1;
	p->fd = j->spill;
	p->at = j->spilled;
	if (out_write_all(j->spill, r.p, r.n)) {
		j->error = errno;
		return -1;
	}
	j->spilled += r.n;
	return 0;
}

static size_t
group_of(struct join *j, struct json_span id)
{
	struct buf text = { 0 };
	size_t *number;
	int added;

	if (json_is(id, JSON_STRING))
		json_text(&text, id);
	else if (json_type(id) != JSON_NULL)
		buf_add(&text, id.p, id.n);
	number = set_add(&j->ids, hash_bytes(0, 0, text.p, text.len), &added);
	buf_release(&text);
	if (!added)
		return *number;
	if (j->ngroups == j->groups_cap) {
		j->groups_cap = grow(j->groups_cap, 64);
		j->groups = xreallocarray(j->groups, j->groups_cap,
		    sizeof(*j->groups));
	}
	memset(&j->groups[j->ngroups], 0, sizeof(*j->groups));
	*number = j->ngroups;
	return j->ngroups++;
}

/* Rows that say the same of a trace are one. */
static uint64_t
row_hash(size_t group, const struct json_span *v)
{
	uint64_t h = group;
	size_t i;

	for (i = T_ITERATION; i <= T_OUTPUT; i++)
		h = hash_bytes(h, i, v[i].p, v[i].n);
	return h;
}

static int
take_row(struct join *j, size_t group, const struct json_span *v)
{
	struct join_row *r;
	int added;

	set_add(&j->row_hashes, row_hash(group, v), &added);
	if (!added)
		return 0;
	if (j->nrows == j->rows_cap) {
		j->rows_cap = grow(j->rows_cap, 64);
		j->rows = xreallocarray(j->rows, j->rows_cap,
		    sizeof(*j->rows));
	}
	r = &j->rows[j->nrows++];
	r->group = group;
	j->groups[group].has_row = 1;
	return keep(j, &r->place);
}

static int
take_observation(struct join *j, size_t group)
{
	struct join_item *i;

	if (j->nitems == j->items_cap) {
		j->items_cap = grow(j->items_cap, 256);
		j->items = xreallocarray(j->items, j->items_cap,
		    sizeof(*j->items));
	}
	i = &j->items[j->nitems++];
	i->group = group;
	j->groups[group].items++;
	return keep(j, &i->place);
}

/* A row that promised more or fewer observations than there are. */
static void
check_count(struct join *j, const struct trace *t)
{
	double d;

	if (t->v[T_OBSERVATION_COUNT].p &&
	    json_double(t->v[T_OBSERVATION_COUNT], &d) &&
	    d != (double)t->nobs)
		j->unmatched++;
}

/* Gives a trace that has its observations with it. */
static int
take_whole(struct join *j, struct trace *t, size_t group,
    struct json_span observations)
{
	struct json_span key, o;
	struct json_iter it;

	j->groups[group].whole = 1;
	trace_reset(t, j->source->record);
	for (it = json_each(observations); json_next(&it, &key, &o); )
		trace_add(t, o);
	trace_sort(t);
	check_count(j, t);
	return j->each(j->arg, t);
}

static int
pass(struct join *j, struct trace *t)
{
	const char *names[T_FIELDS + 1];
	struct json_span v[T_FIELDS + 1];
	size_t group;
	int bad = 0;

	memcpy(names, trace_fields, sizeof(trace_fields));
	names[T_FIELDS] = "type";
	while (!bad && source_next(j->source, names, v, T_FIELDS + 1) > 0) {
		if (!v[T_TRACE_ID].p) {
			source_complain(j->source, "neither a trace nor an "
			    "observation: it has no 'trace_id'");
			continue;
		}
		group = group_of(j, v[T_TRACE_ID]);
		if (json_is(v[T_OBSERVATIONS], JSON_ARRAY))
			bad = take_whole(j, t, group, v[T_OBSERVATIONS]);
		else if (v[T_FIELDS].p)
			bad = take_observation(j, group);
		else
			bad = take_row(j, group, v);
	}
	return bad;
}

/* Sorts the observations by group, keeping their order within each. */
static void
sort_items(struct join *j, size_t *index)
{
	size_t i, at = 0;

	for (i = 0; i < j->ngroups; i++) {
		j->groups[i].first = at;
		at += j->groups[i].items;
		j->groups[i].items = 0;
	}
	for (i = 0; i < j->nitems; i++)
		index[j->groups[j->items[i].group].first +
		    j->groups[j->items[i].group].items++] = i;
}

static int
read_place(struct join *j, const struct place *p, struct buf *b)
{
	size_t done = 0;
	ssize_t n;

	buf_room(b, (size_t)p->n + 1);
	while (done < p->n) {
		n = pread(p->fd, b->p + b->len + done, (size_t)p->n - done,
		    (off_t)(p->at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			j->error = n ? errno : EIO;
			return -1;
		}
		done += (size_t)n;
	}
	b->len += done;
	/* texts do not touch: a number may stand at the end of one */
	buf_byte(b, '\n');
	return 0;
}

/* Reads a trace together and gives it. */
static int
gather(struct join *j, struct trace *t, const struct place *row,
    const struct join_group *g, const size_t *index, struct buf *text)
{
	struct json_span v = { 0 };
	size_t i, n;
	int bad;

	text->len = 0;
	if (row && read_place(j, row, text))
		return -1;
	for (i = 0; i < g->items; i++)
		if (read_place(j, &j->items[index[g->first + i]].place, text))
			return -1;
	if (row) {
		v.p = text->p;
		v.n = (size_t)row->n;
	}
	/* what is no JSON any more was changed since it was read first */
	bad = trace_reset(t, v);
	n = row ? (size_t)row->n + 1 : 0;
	for (i = 0; i < g->items; i++) {
		v.p = text->p + n;
		v.n = (size_t)j->items[index[g->first + i]].place.n;
		n += v.n + 1;
		bad |= trace_add(t, v);
	}
	if (bad)
		j->changed++;
	trace_sort(t);
	if (row)
		check_count(j, t);
	return j->each(j->arg, t);
}

static int
give(struct join *j, struct trace *t)
{
	struct join_group *g;
	struct buf text = { 0 };
	size_t *index, i;
	int bad = 0;

	index = xreallocarray(NULL, j->nitems, sizeof(*index));
	sort_items(j, index);
	for (i = 0; i < j->nrows && !bad; i++) {
		g = &j->groups[j->rows[i].group];
		/* a row beside its whole trace says nothing more */
		if (!g->whole)
			bad = gather(j, t, &j->rows[i].place, g, index, &text);
	}
	for (i = 0; i < j->ngroups && !bad; i++) {
		g = &j->groups[i];
		if (!g->items || (g->has_row && !g->whole))
			continue;
		j->rowless++;
		bad = gather(j, t, NULL, g, index, &text);
	}
	free(index);
	buf_release(&text);
	return bad;
}

int
join_run(struct join *j)
{
	struct trace t = { 0 };
	int bad;

	bad = pass(j, &t);
	if (!bad)
		bad = give(j, &t);
	trace_release(&t);
	return bad ? -1 : 0;
}
