#ifndef ANNEX_H
#define ANNEX_H

/*
 * The parts of a run that are not in its row: the metadata of its input, in
 * traces.jsonl, and its steps, in observations.jsonl. They are found by an
 * index of about 60 bytes a run.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/set.h"
#include "json/json.h"

struct buf;
struct trace;

struct annex_entry {
	uint64_t at;		/* offset of the trace in traces.jsonl */
	size_t n;		/* bytes of the trace; 0: it is not there */
	uint64_t steps_at;	/* offset of the trace's observations */
	uint64_t steps_bytes;
};

struct annex {
	int traces, steps;	/* descriptors, or -1 */
	uint64_t size;		/* bytes of observations.jsonl */
	struct set known;	/* index + 1 in v, by the hash of the trace's
				   id */
	struct annex_entry *v;
	size_t n;
	size_t cap;
};

/*
 * Makes the index of a directory; it is empty for NULL, or if the files are
 * missing. Returns 0, or -1 with errno set.
 */
int annex_open(struct annex *a, const char *dir);
void annex_release(struct annex *a);

/*
 * The entry of the trace with this id, valid until the next call, or NULL.
 */
const struct annex_entry *annex_find(struct annex *a,
    struct json_span trace_id);

/*
 * Reads the metadata of a trace's input into *metadata, a part of *text, which
 * is replaced; absent if there is none. Returns 0, or -1 with errno set.
 */
int annex_metadata(const struct annex *a, const struct annex_entry *e,
    struct buf *text, struct json_span *metadata);

/*
 * Adds the observations of a trace, which borrows *text. Returns 0, or -1 with
 * errno set.
 */
int annex_steps(const struct annex *a, const struct annex_entry *e,
    struct buf *text, struct trace *t);

/*
 * Appends the summary.json of a directory's evaluation, if there is one.
 * Returns 0, or -1 with errno set.
 */
int annex_summary(const char *dir, struct buf *text);

#endif
