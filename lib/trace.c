#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "buf.h"
#include "hash.h"
#include "utf8.h"
#include "alnum.h"
#include "json.h"
#include "isotime.h"
#include "trace.h"

/* Of a name, in bytes: room is left for a suffix within 255. */
#define NAME_LONGEST 200

const char *const trace_fields[T_FIELDS] = {
	"trace_id", "iteration", "persona", "input", "output", "duration_ms",
	"success", "error", "error_kind", "observation_count", "token_usage",
	"conversation", "conversation_state", "termination_reason",
	"observations"
};

const char *const observation_fields[O_FIELDS] = {
	"trace_id", "id", "parent_observation_id", "type", "name",
	"start_time", "end_time", "level", "input", "output", "error"
};

void
trace_release(struct trace *t)
{
	if (t->texts)
		buf_release(t->texts);
	free(t->texts);
	free(t->obs);
	memset(t, 0, sizeof(*t));
}

int
trace_reset(struct trace *t, struct json_span row)
{
	struct json_fault f;

	if (!t->texts)
		t->texts = xcalloc(1, sizeof(*t->texts));
	t->texts->len = 0;
	t->nobs = 0;
	t->row = row;
	memset(t->v, 0, sizeof(t->v));
	if (!row.p)
		return 0;
	if (*row.p == '{' && json_scan(row.p, row.n, JSON_LAX, trace_fields,
	    t->v, T_FIELDS, &f) >= 0)
		return 0;
	t->row.p = NULL;
	memset(t->v, 0, sizeof(t->v));
	return -1;
}

int
trace_falsy(struct json_span v)
{
	struct json_span key, value;
	struct json_iter it;
	double d = 1;

	if (!v.p)
		return 1;
	switch (json_type(v)) {
	case JSON_NULL:
		return 1;
	case JSON_BOOL:
		return *v.p == 'f';
	case JSON_NUMBER:
		/* NaN is not zero, and no number to strtod in every library */
		return json_double(v, &d) && d == 0 && *v.p != 'N';
	case JSON_STRING:
		return v.n == 2;
	default:
		it = json_each(v);
		return !json_next(&it, &key, &value);
	}
}

/* Keeps a time's text, "" for none. */
static void
keep_text(struct trace *t, struct json_span v, size_t *at, size_t *len)
{
	*at = t->texts->len;
	if (json_is(v, JSON_STRING))
		json_text(t->texts, v);
	else if (!trace_falsy(v))
		buf_add(t->texts, v.p, v.n);
	*len = t->texts->len - *at;
}

int
trace_add(struct trace *t, struct json_span observation)
{
	struct observation *o;
	struct json_fault f;

	if (t->nobs == t->cap) {
		t->cap = grow(t->cap, 16);
		t->obs = xreallocarray(t->obs, t->cap, sizeof(*t->obs));
	}
	o = &t->obs[t->nobs];
	memset(o, 0, sizeof(*o));
	o->raw = observation;
	o->place = t->nobs;
	if (*observation.p != '{' || json_scan(observation.p, observation.n,
	    JSON_LAX, observation_fields, o->v, O_FIELDS, &f) < 0)
		return -1;
	t->nobs++;
	keep_text(t, o->v[O_START], &o->start, &o->start_len);
	keep_text(t, o->v[O_END], &o->end, &o->end_len);
	return 0;
}

static int
compare(const char *a, size_t n, const char *b, size_t m)
{
	int c = n && m ? memcmp(a, b, n < m ? n : m) : 0;

	return c ? c : (n > m) - (n < m);
}

/* qsort passes nothing on: the texts that observations refer to. */
static _Thread_local const char *sorted_texts;

static int
by_time(const void *x, const void *y)
{
	const struct observation *a = x, *b = y;
	int c;

	c = compare(sorted_texts + a->start, a->start_len,
	    sorted_texts + b->start, b->start_len);
	if (!c)
		c = compare(sorted_texts + a->end, a->end_len,
		    sorted_texts + b->end, b->end_len);
	if (!c)
		c = (a->place > b->place) - (a->place < b->place);
	return c;
}

void
trace_sort(struct trace *t)
{
	sorted_texts = buf_str(t->texts);
	if (t->nobs)
		qsort(t->obs, t->nobs, sizeof(*t->obs), by_time);
}

int
trace_duration(const struct trace *t, const struct observation *o, double *ms)
{
	int64_t start, end;
	int start_zoned, end_zoned;

	if (!json_is(o->v[O_START], JSON_STRING) ||
	    !json_is(o->v[O_END], JSON_STRING) ||
	    !isotime_parse(t->texts->p + o->start, o->start_len, &start,
	    &start_zoned) ||
	    !isotime_parse(t->texts->p + o->end, o->end_len, &end,
	    &end_zoned) || start_zoned != end_zoned)
		return 0;
	/* as Python computes it: seconds first */
	*ms = (double)(end - start) / 1e6 * 1000;
	return 1;
}

long long
trace_iteration(const struct trace *t)
{
	double d = 0;

	if (!t->v[T_ITERATION].p || !json_double(t->v[T_ITERATION], &d) ||
	    !isfinite(d) || fabs(d) > 9e15)
		return 0;
	return (long long)d;
}

void
trace_id_text(const struct trace *t, struct buf *b)
{
	struct json_span id = t->v[T_TRACE_ID];

	if (!id.p && t->nobs)
		id = t->obs[0].v[O_TRACE_ID];
	if (json_is(id, JSON_STRING))
		json_text(b, id);
	else if (id.p && json_type(id) != JSON_NULL)
		buf_add(b, id.p, id.n);
}

void
trace_file_name(const struct trace *t, struct buf *b)
{
	struct buf id = { 0 };
	size_t i, len, start = b->len;
	uint32_t c;

	trace_id_text(t, &id);
	buf_printf(b, "%02lld_", trace_iteration(t));
	for (i = 0; i < id.len; ) {
		len = utf8_decode(id.p + i, id.len - i, &c);
		if (b->len - start + len > NAME_LONGEST) {
			buf_printf(b, "-%016llx", (unsigned long long)
			    hash_bytes(0, 0, id.p, id.len));
			break;
		}
		if (c == '-' || c == '_' || alnum_is(c))
			buf_add(b, id.p + i, len);
		else
			buf_byte(b, '-');
		i += len;
	}
	buf_release(&id);
}
