#ifndef YAMLMARK_H
#define YAMLMARK_H

/*
 * The position of a value or key in a YAML file.
 */
#include <stddef.h>

/* How a value or key is written. */
enum yamlmark_style {
	YAMLMARK_PLAIN,		/* a scalar without quotes */
	YAMLMARK_QUOTED,	/* a scalar in quotes */
	YAMLMARK_TEXT,		/* a block scalar: '|' or '>' */
	YAMLMARK_FLOW,		/* a list or mapping in brackets */
	YAMLMARK_BLOCK,		/* a list or mapping by indentation */
	YAMLMARK_ALIAS
};

struct yamlmark {
	size_t line;		/* line, from 1 */
	size_t col;		/* column in characters, from 1 */
	size_t start;		/* byte offset */
	size_t end;		/* byte offset of the byte after it */
	enum yamlmark_style style;
};

#endif
