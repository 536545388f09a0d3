#ifndef SPANWRITE_H
#define SPANWRITE_H

/*
 * Writes the records of a span: its observation, and the row of a trace whose
 * run the span stands for.
 */
struct buf;
struct otlpspan;

/* Appends the observation. */
void spanwrite_step(const struct otlpspan *s, struct buf *b);

/*
 * Each appends a part of a trace row, as members of an open object: ids and
 * name, the input (side 0) or the output (side 1), the outcome. Of an input or
 * output with text in it (messages.h) a row has that text. A span that is not a
 * run has the trace's id only.
 */
void spanwrite_run(const struct otlpspan *s, struct buf *b);
void spanwrite_side(struct otlpspan *s, struct buf *b, int side);
void spanwrite_end(const struct otlpspan *s, struct buf *b);

/*
 * Whether there is text in the span's input or output; 0 for a span from otlp.h.
 * It is searched for once.
 */
int spanwrite_has_text(struct otlpspan *s, int side);

/* Appends the metadata of the input record of the span. */
void spanwrite_metadata(const struct otlpspan *s, struct buf *b);

#endif
