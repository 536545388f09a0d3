#ifndef PERTRACE_H
#define PERTRACE_H

/*
 * Renders a trace as per-trace JSON: fluxloop-records(5).
 */
struct buf;
struct trace;

/* In one line. */
void pertrace_put(struct buf *b, struct trace *t);

/*
 * In many: indented by 2, as Python's json.dumps(indent=2,
 * ensure_ascii=False) would, but with numbers as they were written.
 */
void pertrace_put_pretty(struct buf *b, struct trace *t);

#endif
