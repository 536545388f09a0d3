#ifndef PAGEDATA_H
#define PAGEDATA_H

/*
 * The runs in the page of an experiment: an array for each, in this order.
 *
 *   0  number of the input as a persona asks it
 *   1  iteration
 *   2  outcome: 0 fails, 1 passes, 2 says nothing of the answer
 *   3  milliseconds, tokens, score (5): a number, or null
 *   6  persona, strategy, input, output (9): texts
 *  10  run_id, trace_id, the page of fl-parse (12): strings, or null
 *  13  error_kind, error (14): texts
 *  15  checks: a text for one that holds with a score of 1, or [name, pass,
 *      score, weight, reason, type], of which name, reason and type are texts
 *  16  steps: 0, or arrays [type, name, depth, begin, duration, mark, error];
 *      times in microseconds from the trace's begin, the mark 1 for an error
 *  17  base: 0, null for a run that has no partner, or [change, flaky, outcome,
 *      milliseconds, tokens, output], where output is 0 for the same one, or
 *      [text]
 *
 * A text is null, the number of an earlier text, a string, or [string, N] for
 * one that was cut and lacks N bytes. Texts that are not numbers are numbered
 * in the order of the page.
 */
struct out;
struct report;

/* Writes the runs as a JSON array. Returns 0, or -1 with errno set. */
int pagedata_put(const struct report *r, struct out *o);

#endif
