#ifndef FORMAT_H
#define FORMAT_H

/*
 * What a trace can be rendered as, by name.
 */
#include <stddef.h>

struct buf;
struct listing;
struct trace;

struct format {
	const char *name;	/* for --format; also the files' suffix */
	const char *summary;	/* a line for the usage and --list-formats */
	const char *suffix;	/* of files, where it is another */
	/*
	 * Appends a trace that is in order; it may be linked. What it appends
	 * does not depend on other traces, and ends in a newline, but where
	 * between and end bring the newline.
	 */
	void (*put)(struct buf *b, struct trace *t);
	const char *file;	/* all traces go into this one file */
	/* what stands around and between traces on one stream, or NULL */
	const char *begin;
	const char *between;
	const char *end;
	int alone;		/* traces cannot share a stream at all */
	int as_is;		/* it shows NaN and lone surrogates */
	int pretty;		/* it shows inputs and outputs pretty-printed */
	const struct listing *list;	/* a list beside index.md, or NULL */
	char *filter;		/* a program that makes it of what put writes */
};

/*
 * The format of that name: a built-in one, or per-trace records piped through
 * a program fl-format-NAME (filter.h). NULL if there is none.
 */
const struct format *format_find(const char *name);

/* The names of ours, "md, html, ...". */
const char *format_names(void);

/* The nearest of our names to one that is unknown, or NULL. */
const char *format_nearest(const char *name);

/* Appends a line of usage text for each of ours: its name and summary. */
void format_usage(struct buf *b);

/*
 * Appends a line for each format: name, file and summary with tabs between;
 * the file is the one that all traces go into, or "-". After ours come the
 * programs fl-format-NAME that are found.
 */
void format_list(struct buf *b);

#endif
