#ifndef COMPLETED_H
#define COMPLETED_H

/*
 * The runs that need not be done again: those of which there is a whole line
 * in a file of traces or rows. Eight bytes for each.
 */
#include <stddef.h>
#include <stdint.h>

struct err;

struct completed {
	uint64_t *ids;		/* run ids as numbers, sorted */
	size_t n;
	size_t cap;
	uint64_t whole;		/* bytes of whole lines in the file read last */
	int torn;		/* behind them is a line that was cut off */
};

/*
 * Adds the runs in a file. A last line without a newline was cut off and does
 * not count, nor do lines that are no traces, nor the trace of a run that was
 * "cancelled". Returns 0, or -1 with *e filled in.
 */
int completed_read(struct completed *d, const char *file, struct err *e);
void completed_release(struct completed *d);

/* Whether a run is among them. */
int completed_has(const struct completed *d, uint64_t id);

#endif
