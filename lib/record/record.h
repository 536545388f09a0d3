#ifndef RECORD_H
#define RECORD_H

/*
 * What a record is, and what identifies it. fluxloop-records(5) is the
 * authority.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct buf;

#define RECORD_ID 17		/* 16 hexadecimal digits and a NUL */

enum record_kind {
	RECORD_RECORDING,
	RECORD_TEMPLATE,
	RECORD_INPUT,
	RECORD_TRACE,		/* with its observations */
	RECORD_ROW,		/* a trace without them */
	RECORD_OBSERVATION,
	RECORD_UNKNOWN
};

/* The fields that tell what a record is, in the order record_kind wants. */
enum {
	RECORD_HAS_TRACE_ID, RECORD_HAS_OBSERVATIONS, RECORD_HAS_TYPE,
	    RECORD_HAS_KWARGS,
	RECORD_HAS_TIMESTAMP, RECORD_HAS_INPUT_PATH, RECORD_HAS_INPUT,
	    RECORD_HAS_FIELDS
};
extern const char *const record_kind_fields[RECORD_HAS_FIELDS];

/* Tells the kind by the values of these fields. */
enum record_kind record_kind(const struct json_span v[RECORD_HAS_FIELDS]);
const char *record_kind_name(enum record_kind k);	/* "a recording" */

/*
 * Identifies an input by what is in it: SipHash-2-4 (key 0) of the canonical
 * forms (tree.h) of the input and, after a newline, of the arguments it is
 * replayed with (null when kwargs.p is NULL).
 */
void record_input_id(struct json_span input, struct json_span kwargs,
    char id[RECORD_ID]);

/*
 * Identifies a run, the same in every experiment: SipHash-2-4 (key 0) of
 * "input_id NUL persona NUL iteration". persona may be NULL. Returns the
 * number that the id is.
 */
uint64_t record_run_id(const char *input_id, const char *persona,
    long long iteration, char id[RECORD_ID]);

/* The number that an input's or run's id, as JSON, is. Returns 1, or 0. */
int record_id_number(struct json_span id, uint64_t *number);

/*
 * Reads a fixed trace id's 128 bits from the seed and the run's id: two
 * SipHash-2-4 of the run_id, with the keys (seed, 1) and (seed, 2).
 */
void record_trace_bits(uint64_t seed, const char *run_id, uint64_t *high,
    uint64_t *low);

/*
 * Appends a checked observation with what it has to have: the trace's id,
 * whatever it says itself, and, where they are missing, an id, the type span,
 * and, if start is not 0, that time (microseconds since 1970) as its start.
 */
void record_put_observation(struct buf *b, struct json_span observation,
    struct json_span trace_id, int64_t start);

/*
 * The name in a recorded callable's mark: of "<callable:NAME>",
 * "<callable:NAME:async>" or "<builtin:...>" with its quotes. Returns 1 and
 * sets name to the part between the colon and '>', or 0 when string is no such
 * mark.
 */
int record_callable(struct json_span string, struct json_span *name);

#endif
