#ifndef AGREEMENT_H
#define AGREEMENT_H

/*
 * How far checks agree with people, who label answers.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/set.h"
#include "json/json.h"
#include "labels.h"
#include "statistics.h"
#include "verdict.h"

struct outcome;

/* Answers by what people say, fail and pass, and by the verdict_kind. */
struct agreement_table {
	char *name;		/* name of the check; NULL: all checks of a
				   trace */
	size_t n[2][3];
};

struct agreement {
	struct agreement_table whole;	/* table of the traces' verdicts */
	struct agreement_table *checks;	/* a table for each check, sorted by
				   name */
	size_t nchecks;
	size_t cap;
	struct set known;
	size_t traces, unlabelled, ties;
	size_t others;		/* labels of other answers than these */
	size_t disagreements;
	struct buf list;	/* text about the first disagreements */
};

/* Zeroed memory has none. */
void agreement_release(struct agreement *a);

/* Adds a trace: what people say of it, and what came of its checks. */
struct agreement_case {
	enum label_kind label;
	const char *note;	/* the person's note, or NULL */
	struct json_span input, output;
	const struct outcome *outcome;
};
void agreement_add(struct agreement *a, const struct agreement_case *c);

/* Appends the report for people. */
void agreement_put_text(const struct agreement *a, struct buf *b);

/* Adds the same as an object "agreement". */
void agreement_put_json(const struct agreement *a, struct buf *b);

#endif
