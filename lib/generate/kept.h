#ifndef KEPT_H
#define KEPT_H

/*
 * The parts of a text that no strategy may alter: code, JSON, SQL, logs, URLs,
 * ids, numbers with their units, dates, paths and quoted text. They are hidden
 * behind one private character each while a variation is made.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "span.h"

struct kept {
	struct span *pieces;	/* pieces of the text, from left to right */
	size_t n, cap;
	const char *from;	/* start of the text */
	struct buf text;	/* the text with its pieces hidden */
	int code;		/* 1: the first line is code; all is one piece */
	struct buf prose;	/* if code is 1: the rest, to find its
				   language */
};

/* Finds and hides the pieces; k borrows text. */
void kept_hide(struct kept *k, struct span text);

/*
 * Appends a variation of k->text with the pieces in their places. Returns 0,
 * with nothing appended, when a piece is missing or its place was damaged; with
 * some, pieces may be missing. Text beside a block of lines, after a space,
 * gets lines of its own.
 */
int kept_show(const struct kept *k, struct span variation, int some,
    struct buf *out);

void kept_release(struct kept *k);

/*
 * 1 for the place of a piece within a sentence, such as an id, or of one that
 * has lines of its own.
 */
int kept_is_place(uint32_t c);
int kept_is_block(uint32_t c);

#endif
