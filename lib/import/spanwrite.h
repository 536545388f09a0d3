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
 * name, the input, the output, the outcome. The input and output of a list of
 * messages are the texts of the last ones from the user and from the model. A
 * span that is not a run has the trace's id only.
 */
void spanwrite_run(const struct otlpspan *s, struct buf *b);
void spanwrite_input(const struct otlpspan *s, struct buf *b);
void spanwrite_output(const struct otlpspan *s, struct buf *b);
void spanwrite_end(const struct otlpspan *s, struct buf *b);

/* Appends the metadata of the input record of the span. */
void spanwrite_metadata(const struct otlpspan *s, struct buf *b);

#endif
