#ifndef LISTING_H
#define LISTING_H

/*
 * Lists of the traces of a folder, for people. A line consists of the text
 * before the name of the trace's file, the name, and the text after it; the
 * end of the list counts the outcomes (trace.h).
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
