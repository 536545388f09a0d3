#ifndef LISTING_H
#define LISTING_H

/*
 * Lists of the traces of a folder, for people to read. Each function appends a
 * part of the list: its beginning, then for each trace the text before the
 * file's name, the name, and the text after it, then the end, with the number
 * of traces of each outcome (trace.h). Failed traces come first.
 */
#include <stdint.h>

struct buf;
struct format_options;
struct trace;

struct listing {
	const char *file;	/* name of the file of the list */
	void (*begin)(struct buf *b, const struct format_options *o);
	void (*before)(struct buf *b, const struct trace *t);
	void (*name)(struct buf *b, const char *file);
	void (*after)(struct buf *b, const struct trace *t);
	void (*end)(struct buf *b, const uint64_t *outcomes);
};

/* A table in Markdown. */
extern const struct listing listing_table;

#endif
