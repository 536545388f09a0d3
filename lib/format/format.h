#ifndef FORMAT_H
#define FORMAT_H

/*
 * The formats that traces are rendered in. A built-in format is a row of the
 * table in format.c; any other is a program that reads per-trace records.
 */
#include <stddef.h>

struct buf;
struct format_options;
struct listing;
struct trace;

struct format {
	const char *name;	/* name for --format, and suffix of files */
	const char *summary;	/* a line for the usage and --list-formats */
	const char *suffix;	/* suffix of files if it is not name, or NULL */
	/*
	 * One of two functions that append a trace. They may link it. Their
	 * text does not depend on other traces, and ends with a newline unless
	 * between and end start with one.
	 */
	void (*put)(struct buf *b, struct trace *t);
	void (*put_with)(struct buf *b, struct trace *t,
	    const struct format_options *o);
	const char *file;	/* name of the one file of all traces, or NULL;
				   see format_name_file */
	/* text around and between the traces of a stream, or NULL */
	const char *begin;
	const char *between;
	const char *end;
	int alone;		/* 1: a stream holds no more than one trace */
	int as_is;		/* 1: NaN and lone surrogates are shown */
	int rows;		/* 1: rows without their observations do */
	int coloured;		/* 1: has colours, and escapes all else */
	int pretty;		/* 1: inputs and outputs are pretty-printed */
	const struct listing *lists[2];	/* lists next to index.md, or NULL */
	/*
	 * What all traces of a folder share, or NULL: returns the name of file
	 * i and sets *text to its contents; NULL after the last one.
	 */
	const char *(*shared)(size_t i, const char **text);
	char *filter;		/* path of the program of this format, or NULL */
};

/*
 * Fills in *f with the format of that name, which is borrowed: a built-in
 * format, or per-trace records piped through a program fl-format-NAME
 * (filter.h). Returns 0, or -1 if there is neither. What else *f points to
 * lives as long as the process.
 */
int format_find(struct format *f, const char *name);

/* For output into a folder: asks the program of the format for its file. */
void format_name_file(struct format *f);

/* Appends a trace in the format. */
void format_put(const struct format *f, const struct format_options *o,
    struct buf *b, struct trace *t);

/* Appends the names of the built-in formats: "md, html, ...". */
void format_names(struct buf *b);

/* Returns the built-in name that is nearest to an unknown one, or NULL. */
const char *format_nearest(const char *name);

/* Appends a line of usage text for each format: its name and summary. */
void format_usage(struct buf *b);

/*
 * Appends a line for each format: its name, file and summary with tabs between
 * them. The file is the one that all traces go into, or "-". The built-in
 * formats come first, then the programs fl-format-NAME that are found.
 */
void format_list(struct buf *b);

#endif
