#ifndef PERTRACE_H
#define PERTRACE_H

/* Per-trace records, as fluxloop-records(5) describes them. */
#include "json/json.h"

struct buf;
struct trace;

/* Appends the record in one line. */
void pertrace_put(struct buf *b, struct trace *t);

/*
 * Appends it as Python's json.dumps(indent=2, ensure_ascii=False) writes it,
 * but with the spelling of numbers kept.
 */
void pertrace_put_pretty(struct buf *b, struct trace *t);

/*
 * 1 if a checked object with these members is a per-trace record. Adds its
 * observations to a trace that has it as its row.
 */
int pertrace_is(struct json_span timeline, struct json_span summary);
void pertrace_read(struct trace *t, struct json_span timeline,
    struct json_span summary);

/* The members that a row does not have. */
#define PERTRACE_FIELDS 4
extern const char *const pertrace_fields[PERTRACE_FIELDS];

#endif
