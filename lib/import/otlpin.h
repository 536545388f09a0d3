#ifndef OTLPIN_H
#define OTLPIN_H

/*
 * Converts OTLP JSON lines, as OpenTelemetry's file exporters write them, to
 * traces. The spans of a trace may be anywhere in the input: they wait in a
 * temporary file (spill.h). Memory use grows with the number of traces, but not
 * with the number of spans.
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
	int error;		/* errno of a temporary file, or 0 */
};

/*
 * Reads all of s, which reports bad lines, and writes to o. Returns 0, or -1 if
 * a temporary file (with in->error set) or the output failed.
 */
int otlpin_run(struct otlpin *in, struct source *s, struct out *o,
    enum otlpin_output what);

#endif
