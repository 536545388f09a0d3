#ifndef DOCWALK_H
#define DOCWALK_H

/*
 * Finds spans and log records in JSON documents: OTLP's, those of programs that
 * wrap it, and bare spans; or records of other programs. A document on a line
 * is checked as a whole. Another one is read as a stream: memory holds one span
 * at a time.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "feed.h"

/* What describes the spans of a list. */
enum docwalk_head {
	DOCWALK_RESOURCE,
	DOCWALK_SCOPE,
	DOCWALK_PROCESSES,	/* Jaeger's resources, by their names */
	DOCWALK_TRACE		/* the id of a list's trace */
};

/* What a value without a list of spans is. */
enum docwalk_other {
	DOCWALK_OTHER,
	DOCWALK_SPAN,		/* a bare span, which was read */
	DOCWALK_LOST		/* a bare span, which could not be read */
};

/* What the walk calls. All text is checked JSON, borrowed for the call. */
struct docwalk_calls {
	/* a head; p is NULL where its level begins */
	void (*head)(void *arg, enum docwalk_head what, const char *p);
	/*
	 * Read a span, or a log record. Return the end of the text, or NULL if
	 * it is not a span, or not a record.
	 */
	const char *(*span)(void *arg, const char *p);
	const char *(*record)(void *arg, const char *p);
	/* a value without a list of spans */
	enum docwalk_other (*other)(void *arg, struct json_span v);
	/*
	 * bad text at a place of a document that begins in line first; the walk
	 * continues after it. cut is 1 if the text ends too early
	 */
	void (*bad)(void *arg, size_t first, const struct feed_place *at,
	    const char *msg, int cut);
	/* 1: stop */
	int (*stopped)(void *arg);
	/*
	 * Other members of objects than those of OTLP: the first nwrappers hold
	 * records, of those up to nmembers noted is called with the number and
	 * the value. NULL: those of OTLP.
	 */
	const char *const *members;
	size_t nwrappers;
	size_t nmembers;
	void (*noted)(void *arg, size_t member, struct json_span v);
};

/* What a document had. */
struct docwalk_found {
	struct feed_place at;	/* position of the document's start */
	int lists;		/* 1: lists of spans or records */
	size_t spans;		/* spans and records that were read */
	size_t lost;		/* spans and records that could not be read */
	size_t others;		/* other values */
	int missed;		/* 1: a head came too late for its list */
	int broken;		/* 1: bad text was reported */
	int met;		/* JSON_NAN, JSON_LONE */
};

struct docwalk {
	const struct docwalk_calls *calls;
	void *arg;
	struct feed *feed;
	/* private */
	uint64_t pos;		/* place in the feed */
	const char *p;		/* place in checked text; NULL: in the feed */
	uint64_t hold;		/* text from here on stays; UINT64_MAX: none */
	int met;		/* JSON_NAN, JSON_LONE in what is being read */
	int deep;		/* 1: every member may hold lists */
	unsigned depth;		/* lists and wrappers around the place */
	struct json_fault fault;	/* at: offset from pos */
	struct docwalk_found found;
	struct buf clean;	/* text without what JSON lacks */
};

void docwalk_init(struct docwalk *w, struct feed *f,
    const struct docwalk_calls *calls, void *arg);
void docwalk_release(struct docwalk *w);

/*
 * Reads the next document, or the next bad line. Returns 1 with w->found
 * filled in, or 0 at the end of the feed.
 */
int docwalk_next(struct docwalk *w);

#endif
