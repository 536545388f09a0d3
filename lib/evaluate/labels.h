#ifndef LABELS_H
#define LABELS_H

/*
 * People's verdicts on answers, a line each in a file that is only appended to:
 * {"run_id","output_hash","label","note","who","at"}.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"
#include "json/json.h"

struct buf;

/* LABEL_OTHER: there are labels of the run, but of another answer. */
enum label_kind { LABEL_NONE, LABEL_FAIL, LABEL_PASS, LABEL_TIE, LABEL_OTHER };

struct label {
	uint64_t run;		/* hash of run_id */
	uint64_t output;	/* hash of the text of the output; 0: any */
	uint64_t who;
	enum label_kind kind;	/* pass or fail */
	char *note;		/* the person's note, or NULL */
	size_t next;		/* index + 1 of another of the run, or 0 */
};

/* Zeroed memory has none. */
struct labels {
	struct label *v;
	size_t n;
	size_t cap;
	struct set runs;	/* index + 1 of one of each run's labels */
};
void labels_release(struct labels *l);

/*
 * Adds a record. A later label of the same person replaces an earlier one.
 * Returns 0, or -1 if it is not a label: it has no run_id or trace_id, or its
 * label is neither "pass" nor "fail".
 */
int labels_add(struct labels *l, struct json_span record);

/* An answer: the id of its run, or else of its trace, and its output. */
struct labels_answer {
	struct json_span id, output;
};

/*
 * What most people say about an answer; *note, borrowed, is the last that one
 * of them made, or NULL. who, unless it is NULL, is the only person that
 * counts.
 */
enum label_kind labels_find(struct labels *l, const struct labels_answer *a,
    const char *who, const char **note);

/* Appends a record with its newline; note may be NULL or empty. */
struct labels_entry {
	struct labels_answer answer;
	enum label_kind kind;
	const char *note, *who;
	int64_t at;		/* microseconds since 1970 */
};
void labels_put(const struct labels_entry *e, struct buf *b);

#endif
