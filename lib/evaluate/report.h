#ifndef REPORT_H
#define REPORT_H

/*
 * An experiment as other tools show tests: JUnit's XML, Markdown for a pull
 * request, annotations of GitHub, TAP. Rows are read one by one.
 */
#include <stddef.h>

struct buf;
struct out;
struct runs;

struct report {
	const struct runs *runs;
	const char *name;	/* of the experiment */
	size_t most_bytes;	/* of Markdown; 0: any */
};

/* A format. put returns 0, or -1 with errno set. */
struct report_format {
	const char *name;
	int (*put)(const struct report *r, struct out *o);
	const char *summary;
};

/* The format of a name, or NULL. */
const struct report_format *report_find(const char *name);

/* Appends a line for each: NAME<TAB>SUMMARY. */
void report_list(struct buf *b);

#endif
