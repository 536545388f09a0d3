#ifndef WHOLE_H
#define WHOLE_H

/*
 * Writes a trace as fl-run does: its row with its observations, in one line,
 * for filters that read traces. A trace without a row has its trace_id alone.
 */
struct buf;
struct trace;

void whole_put(struct buf *b, struct trace *t);

#endif
