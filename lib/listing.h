#ifndef LISTING_H
#define LISTING_H

/*
 * Lists of all traces of a folder, for people. A line of one is made of what
 * comes before the name of the trace's file, the name, and what comes behind.
 */
struct buf;
struct trace;

struct listing {
	const char *file;	/* what the list is called */
	void (*begin)(struct buf *b);
	void (*before)(struct buf *b, const struct trace *t);
	void (*name)(struct buf *b, const char *file);
	void (*behind)(struct buf *b, const struct trace *t);
	const char *end;
};

/* A table in Markdown. */
extern const struct listing listing_table;

#endif
