#ifndef PERTRACE_H
#define PERTRACE_H

/*
 * Per-trace JSON: fluxloop-records(5).
 */
#include "json/json.h"

struct buf;
struct trace;

/* In one line. */
void pertrace_put(struct buf *b, struct trace *t);

/*
 * In many: indented by 2, as Python's json.dumps(indent=2,
 * ensure_ascii=False) would, but with numbers as they were written.
 */
void pertrace_put_pretty(struct buf *b, struct trace *t);

/*
 * Whether a checked object is such a record, by its members of these names; and
 * adds what it has to a trace that has begun with it as its row.
 */
int pertrace_is(struct json_span timeline, struct json_span summary);
void pertrace_read(struct trace *t, struct json_span timeline,
    struct json_span summary);

/* The members that a trace's row does not have. */
#define PERTRACE_FIELDS 4
extern const char *const pertrace_fields[PERTRACE_FIELDS];

#endif
