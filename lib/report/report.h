#ifndef REPORT_H
#define REPORT_H

/* What is reported: an experiment, alone or compared with another one. */
#include <stddef.h>

struct diff;
struct runs;

struct report {
	const struct runs *runs;
	const struct diff *diff;	/* with the base; NULL: there is none */
	const char *name;	/* of the experiment */
	const char *base;	/* of the base */
	const char *dir;	/* the experiment directory, or NULL */
	const char *pages;	/* of fl-parse, as the page reaches them, or NULL */
	size_t most_bytes;	/* of Markdown; 0: any */
	int per_check;		/* 1: each check is a test case of JUnit */
	int all;		/* 1: the page has all texts and steps, whole */
};

#endif
