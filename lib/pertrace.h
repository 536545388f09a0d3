#ifndef PERTRACE_H
#define PERTRACE_H

/*
 * Renders a trace as one line of per-trace JSON: fluxloop-records(5).
 */
struct buf;
struct trace;

void pertrace_put(struct buf *b, struct trace *t);

#endif
