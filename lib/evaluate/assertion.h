#ifndef ASSERTION_H
#define ASSERTION_H

/*
 * An assertion: a check of a trace as promptfoo has it, or a rule of the
 * original FluxLoop. Each row of the table in assertions.c is a type.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"
#include "subject.h"
#include "verdict.h"

struct assertion;
struct err;

/* Set a verdict; the reason is that of a failure. */
void verdict_set(struct verdict *v, int holds, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void verdict_none(struct verdict *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What the value of an assertion may be. */
enum assertion_value {
	ASSERTION_NOTHING,	/* no value */
	ASSERTION_TEXT,		/* a string, or a number for its text */
	ASSERTION_TEXTS,	/* a list of such values, or one */
	ASSERTION_NUMBER,
	ASSERTION_OBJECT,
	ASSERTION_OPTIONAL,	/* any value, or none */
	ASSERTION_ANY		/* any value, but not none */
};

struct assertion_type {
	const char *name;
	enum assertion_value value;
	int threshold;		/* 1: a threshold is required */
	/* checks and prepares the value; may be NULL. -1 with *e filled in */
	int (*prepare)(struct assertion *a, struct err *e);
	void (*judge)(struct assertion *a, struct subject *s,
	    struct verdict *v);
	void (*release)(void *state);
	const char *summary;
};

/*
 * Finds a type by its name in a dialect. Returns NULL if there is none, with
 * the nearest name, or NULL, in *near.
 */
enum dialect { DIALECT_PROMPTFOO, DIALECT_ORIGINAL };
const struct assertion_type *assertion_find(enum dialect d, const char *name,
    const char **near);

/* 1 for the name of an assertion that promptfoo has and FluxLoop has not. */
int assertion_is_unsupported(const char *name);

/* Appends a line for each type: DIALECT<TAB>NAME<TAB>SUMMARY. */
void assertion_list(struct buf *b);

struct assertion {
	const struct assertion_type *type;
	struct json_span spec;	/* the assertion's object in the
				   configuration */
	struct json_span value;	/* the configured value; p is NULL: none */
	int negated;
	double weight;
	double threshold;
	int has_threshold;
	int any;		/* 1: a set that holds if one part does */
	char *name;		/* the metric; NULL: none */
	char *target;		/* path of the value that is checked */
	int templated;		/* the value has {{paths}} */
	struct buf rendered;	/* the value with its templates filled in */
	struct buf lowered;	/* scratch memory */
	void *state;		/* what the type's prepare has made, or NULL */
	struct assertion *parts;	/* parts of a set or of a rule_based
				   evaluator */
	size_t nparts;
	size_t number;		/* index in the configuration, from 0 */
};

/*
 * Reads an assertion of promptfoo's dialect, or a rule of the original's.
 * Returns 0, or -1 with *e filled in and *at set to the value that is wrong.
 */
int assertion_read(struct assertion *a, enum dialect d, struct json_span spec,
    struct json_span *at, struct err *e);
void assertion_release(struct assertion *a);

/* Judges a trace, with the negation and the thresholds of sets applied. */
void assertion_judge(struct assertion *a, struct subject *s,
    struct verdict *v);

/*
 * The value, with its templates filled in. Returns 0, or -1 with *v set when a
 * path leads nowhere.
 */
int assertion_value(struct assertion *a, const struct subject *s,
    struct json_span *value, struct verdict *v);

/* The types, for the table. */
void judge_equals(struct assertion *a, struct subject *s, struct verdict *v);
void judge_contains(struct assertion *a, struct subject *s, struct verdict *v);
void judge_icontains(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_contains_all(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_contains_any(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_icontains_all(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_icontains_any(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_starts_with(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_ends_with(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_regex(struct assertion *a, struct subject *s, struct verdict *v);
void judge_levenshtein(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_similarity(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_word_count(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_is_refusal(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_is_json(struct assertion *a, struct subject *s, struct verdict *v);
void judge_contains_json(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_latency(struct assertion *a, struct subject *s, struct verdict *v);
void judge_tokens(struct assertion *a, struct subject *s, struct verdict *v);
void judge_cost(struct assertion *a, struct subject *s, struct verdict *v);
void judge_success(struct assertion *a, struct subject *s, struct verdict *v);
void judge_finish_reason(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_span_duration(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_error_spans(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_tool_used(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_tool_sequence(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_tool_args(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_step_count(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_no_loop(struct assertion *a, struct subject *s, struct verdict *v);
void judge_no_failed_step(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_set(struct assertion *a, struct subject *s, struct verdict *v);
void judge_exec(struct assertion *a, struct subject *s, struct verdict *v);
void judge_model(struct assertion *a, struct subject *s, struct verdict *v);
void judge_best(struct assertion *a, struct subject *s, struct verdict *v);
void judge_rule_output(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_rule_contains(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_rule_not_contains(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_rule_regex(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_rule_latency(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_rule_tokens(struct assertion *a, struct subject *s,
    struct verdict *v);
void judge_rule_similarity(struct assertion *a, struct subject *s,
    struct verdict *v);

int prepare_regex(struct assertion *a, struct err *e);
int prepare_rule_regex(struct assertion *a, struct err *e);
int prepare_schema(struct assertion *a, struct err *e);
int prepare_trajectory(struct assertion *a, struct err *e);
int prepare_exec(struct assertion *a, struct err *e);
int prepare_python(struct assertion *a, struct err *e);
int prepare_model(struct assertion *a, struct err *e);
int prepare_rule_latency(struct assertion *a, struct err *e);
int prepare_rule_tokens(struct assertion *a, struct err *e);
int prepare_rule_keywords(struct assertion *a, struct err *e);
int prepare_rule_similarity(struct assertion *a, struct err *e);
void release_regex(void *state);
void release_schema(void *state);
void release_exec(void *state);

#endif
