#ifndef LISTING_H
#define LISTING_H

/*
 * Lists of all traces of a folder, for people. A line of one is made of what
 * comes before the name of the trace's file, the name, and what comes behind;
 * at the end it is told how many there were of each outcome (trace.h).
 */
#include <stdint.h>

struct buf;
struct trace;

struct listing {
	const char *file;	/* what the list is called */
	void (*begin)(struct buf *b);
	void (*before)(struct buf *b, const struct trace *t);
	void (*name)(struct buf *b, const char *file);
	void (*behind)(struct buf *b, const struct trace *t);
	void (*end)(struct buf *b, const uint64_t *outcomes);
};

/* A table in Markdown. */
extern const struct listing listing_table;

#endif
