#ifndef EXPORT_H
#define EXPORT_H

/*
 * Reads records that other programs than OpenTelemetry's have exported: JSON
 * documents, one on a line or in any other layout, lists of them and, where
 * there are some, rows of CSV. A file is read as a stream of records.
 */
#include <stddef.h>

#include "json/json.h"
#include "complaint.h"
#include "leftover.h"
#include "spanmake.h"

struct export;
struct gather;
struct source;

/* A program's export. */
struct export_kind {
	const char *name;	/* the kind of input, as in the usage */
	const char *one;	/* name of a record, such as "a result of
				   promptfoo" */
	const char *expected;	/* what a value of another kind lacks */
	/* docwalk.h: members of objects around records */
	const char *const *members;
	size_t nwrappers;
	size_t nmembers;
	int csv;		/* 1: rows of CSV are records, too */
	size_t size;		/* bytes of the state */
	/* a member that was noted; may be NULL if there are none */
	void (*noted)(struct export *x, size_t member, struct json_span v);
	/* a record; returns 0, or -1 if it is none of this kind */
	int (*record)(struct export *x, struct json_span v);
	/* the end of all files, to release the state, too; may be NULL */
	void (*end)(struct export *x);
};

struct export {
	struct gather *g;
	struct source *source;
	const struct export_kind *kind;
	struct spanmake make;
	struct leftover left;	/* counts of what cannot be imported */
	void *state;		/* size bytes for the kind, zeroed at the
				   beginning */
	/* private */
	struct complaint complaint;
	const char *other;	/* description of the document's first other
				   value */
};

/* Reads all of s, which reports bad records, until g->failed is set. */
void export_read(const struct export_kind *kind, struct gather *g,
    struct source *s);

/* Ends the span that x->make has, and hands it over. */
void export_span(struct export *x);

/* Replaces the contents of a buffer; those of an absent value are empty. */
void export_keep(struct buf *b, struct json_span v);

#endif
