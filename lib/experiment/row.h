#ifndef ROW_H
#define ROW_H

/* Rows of trace_summary.jsonl, one for each trace. */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct buf;

/*
 * Fields of a trace in the order of its row, then fields of the row alone, then
 * fields of the trace alone.
 */
enum { ROW_TRACE_ID, ROW_ITERATION, ROW_PERSONA, ROW_INPUT, ROW_OUTPUT,
	ROW_DURATION, ROW_SUCCESS, ROW_RUN_ID, ROW_INPUT_ID, ROW_ERROR,
	ROW_ERROR_KIND, ROW_ATTEMPTS, ROW_AGENT, ROW_START, ROW_END,
	ROW_OBSERVATION_COUNT, ROW_TOKEN_USAGE, ROW_SCORES, ROW_EVALUATION,
	ROW_STRATEGY,
	ROW_AT, ROW_BYTES,
	ROW_OBSERVATIONS, ROW_METADATA, ROW_FIELDS };
extern const char *const row_fields[ROW_FIELDS];

/*
 * The strategy, if it is a string: the field of a row, or else that in a
 * trace's metadata. Absent if there is none.
 */
struct json_span row_strategy(struct json_span strategy,
    struct json_span metadata);

/* Appends the row of a trace with the extent of its observations. */
void row_put(struct buf *b, const struct json_span v[ROW_FIELDS], uint64_t at,
    uint64_t bytes);

/* Sets the extent of a row's observations. Returns 0, or -1 without one. */
int row_extent(const struct json_span v[ROW_FIELDS], uint64_t *at,
    uint64_t *bytes);

#endif
