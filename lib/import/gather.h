#ifndef GATHER_H
#define GATHER_H

/*
 * Gathers spans into traces and writes these. The spans of a trace may come in
 * any order: they wait in a temporary file (spill.h). So do log records for
 * their spans. Memory use grows with the number of traces, and by a few bytes
 * for each span.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/set.h"
#include "json/json.h"
#include "otlpspan.h"
#include "outputs.h"
#include "spanjoin.h"
#include "spool.h"

struct gathered;
struct out;

struct gather {
	/* what was counted */
	size_t traces;		/* traces that were written */
	size_t rootless;	/* traces without a root span */
	size_t inputless;	/* traces skipped for want of an input */
	size_t twice;		/* spans skipped because they were read */
	size_t alone;		/* log records that belong to no span */
	size_t late;		/* log records that came too late */
	int failed;		/* 1: writing failed, so stop */
	/* the span that is being read; its service, project and scope are set
	   by the caller */
	struct otlpspan span;
	struct spool spool;	/* parts of records that wait for the end */
	/* private */
	struct out *out;
	enum import_output what;
	uint64_t key;		/* spanjoin.h: key of the span, or 0 */
	struct json_span given;	/* text of the span, without log records */
	struct set ids;		/* index in items, by trace id */
	struct gathered *items;
	size_t nitems;
	size_t cap;
	struct spanjoin join;
	int records;		/* 1: there was a log record */
	struct buf text;
	struct buf whole;	/* a span that was held, and its heads */
	struct buf joined;	/* a span with its records */
	struct buf events;
};

/* Starts writing to o. */
void gather_init(struct gather *m, struct out *o, enum import_output what);
void gather_release(struct gather *m);

/*
 * Keeps what is needed of m->span, which otlpspan_read has read from the text
 * given; a span that was read before is skipped.
 */
void gather_span(struct gather *m, struct json_span given);

/*
 * Reads a span, checked JSON in the shape of OTLP, and keeps it as gather_span.
 */
void gather_text(struct gather *m, const struct buf *span);

/* Reads a log record, checked JSON, for its span. */
void gather_record(struct gather *m, const char *p);

/* Writes what waits for the end. Returns 0, or -1 if m->failed is set. */
int gather_finish(struct gather *m);

/*
 * Reports what was counted, or why a temporary file failed, by calls of report
 * with a message.
 */
void gather_report(const struct gather *m, void (*report)(const char *msg));

#endif
