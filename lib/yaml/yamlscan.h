#ifndef YAMLSCAN_H
#define YAMLSCAN_H

/*
 * The white space and the scalars of YAML. The text of a scalar is the one that
 * PyYAML reads: line breaks are folded as in YAML 1.1 and 1.2, which agree.
 *
 * Functions that return an int return 0, or -1 with *e filled in.
 */
#include <stddef.h>

#include "base/buf.h"
#include "yamlbytes.h"
#include "yamlmark.h"

struct err;

/* The error of a tab where YAML allows only spaces. */
#define YAMLSCAN_TAB "a tab is not indentation; use spaces"

struct yamlscan {
	struct yamlbytes in;
	int fresh;		/* 1: only blanks precede the next byte in its
				   line */
	int tabbed;		/* 1: a tab is among the blanks just before the
				   next byte */
	long spaces;		/* spaces that the line begins with, if fresh */
	long least;		/* fewest of these before a line's text, since
				   the caller set it */
	struct buf text;	/* text of the scalar last read */
	size_t end;		/* offset in the file of the scalar's end */
	int lines;		/* 1: the scalar spans several lines */
};

void yamlscan_init(struct yamlscan *s, int fd);
void yamlscan_release(struct yamlscan *s);

/* Whether the byte at i is a blank, begins a line break or is the end. */
int yamlscan_is_space(struct yamlscan *s, size_t i);

/* Whether the next bytes are "---" or "..." at the beginning of a line. */
int yamlscan_is_marker(struct yamlscan *s);

/* Whether the next byte is a colon that separates key and value in brackets. */
int yamlscan_is_colon(struct yamlscan *s);

/* The mark of the next byte, of no length. */
struct yamlmark yamlscan_mark(struct yamlscan *s);

/* Consumes n bytes of a token. */
void yamlscan_take(struct yamlscan *s, size_t n);

/*
 * Consumes and appends a name. It ends at white space, at an indicator of
 * brackets or, if colon is 1, at a colon that separates key and value.
 */
void yamlscan_name(struct yamlscan *s, struct buf *b, int colon);

/* Skips blanks. */
void yamlscan_blanks(struct yamlscan *s);

/* Skips blanks, line breaks and comments. */
void yamlscan_skip(struct yamlscan *s);

/*
 * Reads a plain scalar, if there is one; otherwise the text is empty. flow is
 * 1 in brackets; elsewhere, further lines have at least indent columns before
 * them.
 */
void yamlscan_plain(struct yamlscan *s, int flow, long indent);

/* Reads the quoted scalar at the next byte. */
int yamlscan_quoted(struct yamlscan *s, struct err *e);

/*
 * Reads the block scalar at the next byte. outer is the column of the list or
 * mapping around it, or -1.
 */
int yamlscan_block(struct yamlscan *s, long outer, struct err *e);

/* Sets *e to an error at the next byte. */
int yamlscan_error(struct yamlscan *s, struct err *e, const char *msg);

#endif
