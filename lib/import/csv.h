#ifndef CSV_H
#define CSV_H

/*
 * Reads tables in CSV (RFC 4180): commas, quotation marks around cells that
 * contain commas, line ends or quotation marks.
 */
#include <stddef.h>

#include "base/buf.h"
#include "feed.h"

struct csv {
	struct feed *feed;
	struct feed_place at;	/* position of the row's start */
	int cut;		/* 1: the last row ends within a cell */
	/* private */
	uint64_t pos;
	struct buf row;		/* the cells, one after the other */
	size_t *ends;		/* end of each field */
	size_t n;
	size_t cap;
	struct buf names;	/* the header's cells, with quotes as JSON */
	size_t *name_ends;
	size_t nnames;
};

/* Starts reading the text of f, which is the caller's. */
void csv_init(struct csv *c, struct feed *f);
void csv_release(struct csv *c);

/*
 * Appends the next row as a JSON object with the names of the header; empty
 * cells are left out, and a cell that is a JSON object, array or string is
 * that. *extra is the number of cells without a name. Returns 1, or 0 at the
 * end.
 */
int csv_next(struct csv *c, struct buf *b, size_t *extra);

#endif
