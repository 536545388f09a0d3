#ifndef EVALUATION_H
#define EVALUATION_H

/*
 * Checks of traces, which a configuration describes: evaluators of the original
 * FluxLoop, or assertions as promptfoo has them. fluxloop-evaluation(5) has
 * both dialects.
 */
#include <stddef.h>

#include "base/buf.h"
#include "config/schema.h"
#include "json/json.h"
#include "trace/trace.h"
#include "verdict.h"

struct evaluation;
struct judged;

/* The verdict on a trace. Zeroed memory; release it with outcome_release. */
struct outcome {
	struct verdict verdict;	/* with the reason of the first failed check */
	struct buf scores;	/* {"NAME":SCORE} */
	struct buf record;	/* the object "evaluation" of the trace */
	size_t misses;		/* checks in record that do not hold */
};
void outcome_release(struct outcome *o);

/*
 * Appends {"NAME":"REASON"} for the checks that do not hold, as the original
 * writes it: a name with several reasons has a list of them.
 */
void outcome_put_reasons(const struct outcome *o, struct buf *b);

/*
 * Reads the configuration in a file: evaluation.yaml, or a setting.yaml that
 * has its keys under "evaluation" or has "evaluators". Reports errors and
 * warnings. Returns NULL after an error.
 */
struct evaluation *evaluation_read(const char *file, schema_report *report,
    void *arg);
void evaluation_free(struct evaluation *v);

/* The value at a path of the configuration, or an absent span. */
struct json_span evaluation_get(const struct evaluation *v, const char *path);

/* The threshold of the original's aggregate, or of assert: 0.5 if none. */
double evaluation_threshold(const struct evaluation *v);

/* Sets the replies of models, borrowed; NULL: their checks are not judged. */
void evaluation_set_judged(struct evaluation *v, struct judged *j);

/* Judges a trace, given as a checked record and its trace_fields. */
void evaluation_judge(struct evaluation *v, struct json_span record,
    const struct json_span fields[TRACE_FIELDS], struct outcome *o);

/* Appends the chat requests of the checks that a model judges, a line each. */
void evaluation_put_requests(struct evaluation *v, struct json_span record,
    const struct json_span fields[TRACE_FIELDS], struct buf *b);

/* After the last trace: appends those that compare the runs of an input. */
void evaluation_put_comparisons(struct evaluation *v, struct buf *b);

/* 1 if a model has to judge some of the checks. */
int evaluation_has_judges(const struct evaluation *v);

/* Appends a line for each type of check: DIALECT<TAB>NAME<TAB>SUMMARY. */
void evaluation_list_checks(struct buf *b);

#endif
