#ifndef OTLPIN_H
#define OTLPIN_H

/*
 * Converts OTLP JSON, in all shapes that docwalk.h and spanshape.h know, to
 * traces. The spans of a trace may be anywhere in the input: they wait in a
 * temporary file (spill.h). So do log records for their spans. Memory use grows
 * with the number of traces, and by a few bytes for each span.
 */
#include <stddef.h>

struct out;
struct source;

enum otlpin_output {
	OTLPIN_TRACES,		/* each trace with its observations */
	OTLPIN_SEPARATE,	/* observations as they are read, then rows */
	OTLPIN_INPUTS		/* an input for each trace */
};

struct otlpin {
	size_t traces;		/* traces that were written */
	size_t rootless;	/* traces without a root span */
	size_t inputless;	/* traces skipped for want of an input */
	size_t twice;		/* spans skipped because they were read */
	size_t alone;		/* log records that belong to no span */
	size_t late;		/* log records that came too late */
	int error;		/* errno of a temporary file, or 0 */
};

/*
 * Reads all of s, which reports bad lines, and writes to o. Returns 0, or -1 if
 * a temporary file (with in->error set) or the output failed.
 */
int otlpin_run(struct otlpin *in, struct source *s, struct out *o,
    enum otlpin_output what);

#endif
