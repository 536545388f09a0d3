#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "row.h"

const char *const row_fields[ROW_FIELDS] = {
	[ROW_TRACE_ID] = "trace_id",
	[ROW_ITERATION] = "iteration",
	[ROW_PERSONA] = "persona",
	[ROW_INPUT] = "input",
	[ROW_OUTPUT] = "output",
	[ROW_DURATION] = "duration_ms",
	[ROW_SUCCESS] = "success",
	[ROW_RUN_ID] = "run_id",
	[ROW_INPUT_ID] = "input_id",
	[ROW_ERROR] = "error",
	[ROW_ERROR_KIND] = "error_kind",
	[ROW_ATTEMPTS] = "attempts",
	[ROW_AGENT] = "agent",
	[ROW_START] = "start_time",
	[ROW_END] = "end_time",
	[ROW_OBSERVATION_COUNT] = "observation_count",
	[ROW_TOKEN_USAGE] = "token_usage",
	[ROW_SCORES] = "scores",
	[ROW_EVALUATION] = "evaluation",
	[ROW_STRATEGY] = "strategy",
	[ROW_AT] = "observations_at",
	[ROW_BYTES] = "observations_bytes",
	[ROW_OBSERVATIONS] = "observations",
	[ROW_METADATA] = "metadata"
};

struct json_span
row_strategy(struct json_span strategy, struct json_span metadata)
{
	if (!strategy.p && json_is(metadata, JSON_OBJECT))
		strategy = json_get(metadata, "strategy");
	return json_is(strategy, JSON_STRING) ? strategy :
	    (struct json_span){ NULL, 0 };
}

/* Appends a field after the bracket or the comma. */
static void
put_field(struct buf *b, char before, int field, struct json_span v)
{
	static const struct json_span null = { "null", 4 };
	size_t n = strlen(row_fields[field]);
	char *p;

	if (!v.p)
		v = null;
	p = buf_room(b, n + v.n + 4);
	b->len += n + v.n + 4;
	*p++ = before;
	*p++ = '"';
	p = (char *)memcpy(p, row_fields[field], n) + n;
	*p++ = '"';
	*p++ = ':';
	memcpy(p, v.p, v.n);
}

void
row_put(struct buf *b, const struct json_span v[ROW_FIELDS], uint64_t at,
    uint64_t bytes)
{
	struct json_span strategy = row_strategy(v[ROW_STRATEGY],
	    v[ROW_METADATA]);
	int i;

	for (i = 0; i < ROW_STRATEGY; i++)
		if (v[i].p || i <= ROW_SUCCESS)
			put_field(b, i ? ',' : '{', i, v[i]);
	if (strategy.p)
		put_field(b, ',', ROW_STRATEGY, strategy);
	json_add_int(b, row_fields[ROW_AT], (long long)at);
	json_add_int(b, row_fields[ROW_BYTES], (long long)bytes);
	json_close(b, '}');
	buf_byte(b, '\n');
}

/* Reads a whole number that a double holds exactly. Returns 1 if it is one. */
static int
whole(struct json_span v, uint64_t *n)
{
	double d;

	if (!v.p || !json_double(v, &d) || !(d >= 0 && d < 9e15) ||
	    d > floor(d))
		return 0;
	*n = (uint64_t)d;
	return 1;
}

int
row_extent(const struct json_span v[ROW_FIELDS], uint64_t *at, uint64_t *bytes)
{
	return whole(v[ROW_AT], at) && whole(v[ROW_BYTES], bytes) ? 0 : -1;
}
