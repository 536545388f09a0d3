#ifndef SPANWRITE_H
#define SPANWRITE_H

/*
 * Makes records of a span: an observation, and, of the span that stands for a
 * run, a trace row.
 */
struct buf;
struct otlpspan;

/* Appends the observation. */
void spanwrite_step(const struct otlpspan *s, struct buf *b);

/*
 * Append the parts of a trace row, members of an object without its brackets:
 * whose run it was, its input and its output (of a list of messages the text
 * of the last one from the user, or from the model), how it went. Of what was
 * no run there is only the trace's id.
 */
void spanwrite_run(const struct otlpspan *s, struct buf *b);
void spanwrite_input(const struct otlpspan *s, struct buf *b);
void spanwrite_output(const struct otlpspan *s, struct buf *b);
void spanwrite_end(const struct otlpspan *s, struct buf *b);

/* Appends what an input record has of it beside the input: its metadata. */
void spanwrite_metadata(const struct otlpspan *s, struct buf *b);

#endif
