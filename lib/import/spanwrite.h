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
 * Append the parts of a trace row, as members of an open object: ids and name,
 * the input, the output (of a list of messages the text of the user's or the
 * model's last one), the outcome. A span that is not a run has only the
 * trace's id.
 */
void spanwrite_run(const struct otlpspan *s, struct buf *b);
void spanwrite_input(const struct otlpspan *s, struct buf *b);
void spanwrite_output(const struct otlpspan *s, struct buf *b);
void spanwrite_end(const struct otlpspan *s, struct buf *b);

/* Appends the metadata of an input record made of the span. */
void spanwrite_metadata(const struct otlpspan *s, struct buf *b);

#endif
