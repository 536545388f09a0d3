#ifndef REPORTS_H
#define REPORTS_H

/*
 * Reports of an experiment for people and other tools: a page, JUnit's XML,
 * Markdown for a pull request, annotations of GitHub, TAP. Rows are read one by
 * one.
 */
struct buf;
struct out;
struct report;

/* A format. put returns 0, or -1 with errno set. */
struct report_format {
	const char *name;
	int (*put)(const struct report *r, struct out *o);
	const char *summary;
};

/* The format of that name, or NULL. */
const struct report_format *report_find(const char *name);

/* Appends a line for each format: NAME<TAB>SUMMARY. */
void report_list(struct buf *b);

#endif
