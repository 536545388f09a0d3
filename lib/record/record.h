#ifndef RECORD_H
#define RECORD_H

/*
 * Kinds of records and the ids of inputs, runs and traces, as
 * fluxloop-records(5) defines them.
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
	RECORD_TRACE,		/* a trace with its observations */
	RECORD_ROW,		/* a trace without its observations */
	RECORD_OBSERVATION,
	RECORD_UNKNOWN
};

/* The fields that decide the kind of a record. */
enum record_has {
	RECORD_HAS_TRACE_ID,
	RECORD_HAS_OBSERVATIONS,
	RECORD_HAS_TYPE,
	RECORD_HAS_KWARGS,
	RECORD_HAS_TIMESTAMP,
	RECORD_HAS_INPUT_PATH,
	RECORD_HAS_INPUT,
	RECORD_HAS_FIELDS
};

/* The names of these fields, for source_next. */
extern const char *const record_kind_fields[RECORD_HAS_FIELDS];

/* The kind of the record with these values; p is NULL for a missing field. */
enum record_kind record_kind(const struct json_span v[RECORD_HAS_FIELDS]);

/* The name of a kind with its article: "a recording". */
const char *record_kind_name(enum record_kind k);

/* Appends the canonical form (tree.h) of a value; "null" when v.p is NULL. */
void record_canonical(struct buf *b, struct json_span v);

/*
 * Makes the id of an input: SipHash-2-4 (key 0) of the canonical forms (tree.h)
 * of the input and, after a newline, of the arguments it is replayed with (null
 * when kwargs.p is NULL).
 */
void record_input_id(struct json_span input, struct json_span kwargs,
    char id[RECORD_ID]);

/* The same, of values whose canonical forms are given. */
void record_canonical_id(struct json_span input, struct json_span kwargs,
    char id[RECORD_ID]);

/*
 * Makes the id of a run, which is the same in every experiment: SipHash-2-4
 * (key 0) of "input_id NUL persona NUL iteration". persona may be NULL. From
 * the second occurrence of an equal input on, NUL and the number of the
 * occurrence follow. Returns the id as a number.
 */
uint64_t record_run_id(const char *input_id, const char *persona,
    long long iteration, size_t occurrence, char id[RECORD_ID]);

/*
 * Reads the id of an input or a run, a JSON string, as a number. Returns 1, or
 * 0 if it is not such an id.
 */
int record_id_number(struct json_span id, uint64_t *number);

/*
 * Makes the 128 bits of a reproducible trace id from the seed and the run's id:
 * SipHash-2-4 of run_id with the keys (seed, 1) and (seed, 2).
 */
void record_trace_bits(uint64_t seed, const char *run_id, uint64_t *high,
    uint64_t *low);

/*
 * Appends a checked observation with trace_id in place of its own trace id. A
 * missing id is made, a missing or bad type becomes "span", and a missing start
 * time becomes start (microseconds since 1970) unless that is 0.
 */
void record_put_observation(struct buf *b, struct json_span observation,
    struct json_span trace_id, int64_t start);

/*
 * Finds NAME in the JSON string that a recorder writes for a callable:
 * "<callable:NAME>", "<callable:NAME:async>" (NAME:async) or "<builtin:NAME>".
 * Returns 1 with *name set, or 0 for any other string.
 */
int record_callable(struct json_span string, struct json_span *name);

#endif
