#ifndef STEPS_H
#define STEPS_H

/*
 * The steps that an assertion is about.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"
#include "trace/trace.h"

struct assertion;
struct subject;
struct verdict;

/*
 * Walks through steps in the order of their starts. The value of the assertion
 * chooses them: "type" of the observation, "pattern" or "name" with * and ?,
 * and "within", the name of the step whose subtree they have to be in.
 */
struct steps {
	struct trace *trace;
	const struct observation *step;	/* the current one */
	struct json_span value;	/* the assertion's value, with its templates
				   filled in */
	struct buf type, pattern, within;
	struct buf name;	/* name of the current step */
	size_t next;
};

/* Returns 0, or -1 with *v set: there is nothing to judge. */
int steps_begin(struct steps *c, struct assertion *a, struct subject *s,
    struct verdict *v);
void steps_end(struct steps *c);

/* Finds the next step. Returns 1, or 0 at the end. */
int steps_next(struct steps *c);

/*
 * 1 if the name of a step is one of those that the pattern means: * is any
 * text, ? any character, and the case of ASCII letters does not count.
 */
int steps_match(const char *pattern, const char *name);

/*
 * Appends the name of a step: that of its tool, where an instrumentation names
 * the step otherwise ("execute_tool search").
 */
void steps_name(const struct observation *o, struct buf *b);

/* Sets the verdict about n of what, by the min and max of the value. */
void steps_judge_count(const struct steps *c, double n, const char *what,
    struct verdict *v);

#endif
