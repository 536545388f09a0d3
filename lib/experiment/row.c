#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "row.h"

const char *const row_fields[ROW_FIELDS] = {
	"trace_id", "iteration", "persona", "input", "output", "duration_ms",
	"success", "run_id", "input_id", "error", "error_kind", "attempts",
	"agent", "start_time", "end_time", "observation_count", "token_usage",
	"observations_at", "observations_bytes", "observations"
};

void
row_put(struct buf *b, const struct json_span v[ROW_FIELDS], uint64_t at,
    uint64_t bytes)
{
	size_t i;

	json_open(b, NULL, '{');
	for (i = 0; i < ROW_AT; i++)
		if (v[i].p || i <= ROW_SUCCESS)
			json_add(b, row_fields[i], v[i]);
	json_add_int(b, row_fields[ROW_AT], (long long)at);
	json_add_int(b, row_fields[ROW_BYTES], (long long)bytes);
	json_close(b, '}');
	buf_byte(b, '\n');
}

/* A whole number that a double holds exactly. */
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
