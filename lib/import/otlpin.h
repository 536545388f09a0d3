#ifndef OTLPIN_H
#define OTLPIN_H

/*
 * Converts OTLP JSON lines, as OpenTelemetry's file exporters write them, into
 * traces. The spans of a trace may be anywhere in the input: they wait in a
 * temporary file (spill.h); memory use depends on the number of traces, not of
 * spans.
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
	size_t traces;		/* written */
	size_t rootless;	/* traces without a root span */
	size_t inputless;	/* traces without an input */
	int error;		/* errno of a temporary file, or 0 */
};

/*
 * Reads all of s and writes to o; s reports bad lines. Returns 0, or -1 if a
 * temporary file (error is its errno) or the output failed.
 */
int otlpin_run(struct otlpin *in, struct source *s, struct out *o,
    enum otlpin_output what);

#endif
