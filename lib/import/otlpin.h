#ifndef OTLPIN_H
#define OTLPIN_H

/*
 * Reads OTLP JSON lines, as OpenTelemetry's file exporters write them, and
 * writes the traces in them. The spans of a trace may be anywhere in the
 * input: what is written together waits in a temporary file (spill.h), and
 * memory holds a few facts for each trace, none for each span.
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
	size_t rootless;	/* those whose root span was not there */
	size_t inputless;	/* those that are no inputs */
	int error;		/* errno of a temporary file, or 0 */
};

/*
 * Reads all of s and writes to o. Bad lines are told by s. Returns 0, or -1
 * when a temporary file (error) or the output failed.
 */
int otlpin_run(struct otlpin *in, struct source *s, struct out *o,
    enum otlpin_output what);

#endif
