#include <stddef.h>

#include "buf.h"
#include "json.h"
#include "trace.h"
#include "pertrace.h"

static void
add(struct buf *b, const char *key, struct json_span v)
{
	json_key(b, key);
	if (v.p)
		json_compact(b, v);
	else
		buf_puts(b, "null");
}

/* The fields that the record and its summary have in common. */
static void
put_fields(struct buf *b, const struct trace *t)
{
	static const int fields[] = {
		T_ITERATION, T_PERSONA, T_INPUT, T_OUTPUT, T_DURATION,
		T_SUCCESS
	};
	struct buf id = { 0 };
	size_t i;

	trace_id_text(t, &id);
	json_add_text(b, "trace_id", id.p, id.len);
	buf_release(&id);
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		add(b, trace_fields[fields[i]], t->v[fields[i]]);
	for (i = T_ERROR; i <= T_ERROR_KIND; i++)
		if (t->v[i].p)
			add(b, trace_fields[i], t->v[i]);
}

static void
put_step(struct buf *b, struct trace *t, size_t step)
{
	const struct observation *o = trace_load(t, step);
	static const int fields[] = {
		O_TRACE_ID, O_TYPE, O_NAME, O_START, O_END, O_LEVEL
	};
	double ms;
	size_t i;

	json_open(b, NULL, '{');
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		add(b, observation_fields[fields[i]], o->v[fields[i]]);
	if (trace_duration(t, o, &ms))
		json_add_double(b, "duration_ms", ms);
	else
		json_add_null(b, "duration_ms");
	json_add_int(b, "step", (long long)step + 1);
	json_add_int(b, "depth", (long long)o->depth);
	if (o->parent == TRACE_NONE)
		json_add_null(b, "parent_step");
	else
		json_add_int(b, "parent_step", (long long)o->parent + 1);
	add(b, "input", o->v[O_INPUT]);
	add(b, "output", o->v[O_OUTPUT]);
	add(b, "raw", o->raw);
	json_close(b, '}');
}

void
pertrace_put(struct buf *b, struct trace *t)
{
	size_t i;

	trace_link(t);
	json_open(b, NULL, '{');
	put_fields(b, t);
	add(b, "final_output", t->v[T_OUTPUT]);
	json_open(b, "summary", '{');
	put_fields(b, t);
	for (i = T_TOKEN_USAGE; i <= T_TERMINATION_REASON; i++)
		add(b, trace_fields[i], t->v[i]);
	json_close(b, '}');
	json_open(b, "timeline", '[');
	for (i = 0; i < t->nobs; i++)
		put_step(b, t, i);
	json_close(b, ']');
	if (json_is(t->v[T_CONVERSATION], JSON_ARRAY)) {
		add(b, "conversation", t->v[T_CONVERSATION]);
	} else {
		json_open(b, "conversation", '[');
		json_close(b, ']');
	}
	for (i = T_TOKEN_USAGE; i <= T_TERMINATION_REASON; i++)
		if (i != T_CONVERSATION && !trace_falsy(t->v[i]))
			add(b, trace_fields[i], t->v[i]);
	json_open(b, "metrics", '{');
	json_add_int(b, "observation_count", (long long)t->nobs);
	json_close(b, '}');
	json_add_int(b, "observation_count", (long long)t->nobs);
	json_close(b, '}');
	buf_byte(b, '\n');
}
