#ifndef REPORT_H
#define REPORT_H

/* The subject of a report: an experiment, alone or compared with another. */
#include <stddef.h>

struct diff;
struct runs;

struct report {
	const struct runs *runs;
	const struct diff *diff;	/* comparison with the base; NULL: no
				   base */
	const char *name;	/* name of the experiment */
	const char *base;	/* name of the base */
	const char *dir;	/* the experiment directory, or NULL */
	const char *pages;	/* folder of fl-parse's pages, relative to the
				   report, or NULL */
	size_t most_bytes;	/* limit of Markdown in bytes; 0: none */
	int per_check;		/* 1: each check is a test case of JUnit */
	int all;		/* 1: the page has all texts and steps in
				   full */
};

#endif
