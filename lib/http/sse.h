#ifndef SSE_H
#define SSE_H

/*
 * Splits a streamed reply into events: server-sent events (WHATWG HTML, section
 * 9.2), or JSON lines, in which each line that is not blank is an event.
 */
#include <stddef.h>

#include "base/buf.h"

enum sse_kind { SSE_EVENTS, SSE_LINES };

/* Zeroed memory is a stream that has not begun; kind and max may be set. */
struct sse {
	enum sse_kind kind;
	size_t max;		/* bytes of an event; 0: no limit */
	struct buf line;	/* the unfinished line */
	struct buf data;	/* data of the unfinished event */
	struct buf name;	/* type of the unfinished event; empty: none
				   given */
	int has_data;
	int after_cr;		/* 1: CR came last; LF now belongs to it */
	int begun;		/* 1: a byte order mark can no longer come */
};

/*
 * Receives an event: its type, which is empty if none was given, and its data,
 * both borrowed for the call. Returns 0 to continue.
 */
typedef int sse_take(void *arg, const char *name, const char *data, size_t n);

/*
 * Reads n more bytes, which may begin and end anywhere. Lines end in LF, CR or
 * CRLF. Returns 0; what take returned if that was not 0; or -1 when an event is
 * longer than max.
 */
int sse_feed(struct sse *s, const char *p, size_t n, sse_take *take,
    void *arg);

/*
 * Ends the stream. A last event counts even without an empty line after it,
 * which many servers forget. Returns like sse_feed.
 */
int sse_end(struct sse *s, sse_take *take, void *arg);
void sse_release(struct sse *s);

#endif
