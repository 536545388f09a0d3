#ifndef SAMPLE_H
#define SAMPLE_H

/*
 * Some of many traces, as inputs of a data set: those that meet conditions, of
 * these some at random, and no text twice. fl-sample(1) describes both.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "trace/trace.h"

struct out;
struct runs;

/* The groups that traces are chosen from. */
enum sample_group {
	SAMPLE_ALL, SAMPLE_PERSONA, SAMPLE_STRATEGY, SAMPLE_INPUT,
	SAMPLE_GROUPS
};
extern const char *const sample_groups[SAMPLE_GROUPS];

/* Conditions, all of which a trace has to meet. Zeroed memory has none. */
struct sample_rules {
	int failed;		/* 1: it did not pass */
	int flaky;		/* 1: another run of its input differs */
	int slow;		/* 1: it is among the slowest twentieth */
	double slow_ms;		/* or took at least this time; 0: not given */
	enum sample_group group;
	size_t each;		/* limit of each group; 0: all */
	size_t most;		/* limit of all; 0: none */
	uint64_t seed;
	int duplicates;		/* 1: traces with the same text are kept */
	int no_expected;	/* 1: outputs are left out */
	int traces;		/* 1: traces are written as they are */
};

struct sample;

/*
 * Starts; rules and out are borrowed. verdicts, which may be NULL, are the rows
 * whose verdicts count instead of those of the traces.
 */
struct sample *sample_new(const struct sample_rules *rules,
    struct runs *verdicts, struct out *out);
void sample_free(struct sample *s);

/*
 * Takes a trace. It is written at once if nothing later can change the choice,
 * else it is kept in a temporary file. Returns 0, or -1 with errno set.
 */
int sample_add(struct sample *s, struct json_span record,
    const struct json_span v[TRACE_FIELDS]);

/*
 * Writes the ones that were chosen, in the order in which they were read.
 * Returns 0, or -1 with errno set.
 */
int sample_end(struct sample *s);

/* The number of those written. */
size_t sample_written(const struct sample *s);

#endif
