#ifndef OPTIONS_H
#define OPTIONS_H

/* The appearance of traces, for the formats that have a choice. */
struct format_options {
	int colour;		/* 1: with colours (ANSI SGR) */
	unsigned width;		/* cells of a line; 0: 80 */
	const char *list;	/* URL of the list of traces, or NULL */
	const char *shared;	/* URL of the folder with the shared files, or
				   NULL: they are in the page */
	const char *title;	/* what all traces are of, or NULL */
};

#endif
