#ifndef YAMLPROPS_H
#define YAMLPROPS_H

/*
 * The anchor and the tag of a YAML node, and the prefixes that tags may have.
 *
 * Functions that return an int return 0, or -1 with *e filled in.
 */
#include <stddef.h>

#include "base/buf.h"
#include "yamlmark.h"

struct err;
struct yamlscan;

struct yamlprops {
	int set;		/* 1: there is one of them at least */
	struct buf anchor;	/* name of the anchor; empty: none */
	struct buf tag;		/* the tag in full; empty: none */
	struct yamlmark mark;	/* position of the first of the two */
	int fresh, tabbed;	/* fresh and tabbed of struct yamlscan at
				   mark */
	size_t tag_line;	/* line of the tag, from 1 */
	size_t tag_col;
};

/* The prefixes of a document. */
struct yamlprops_prefixes {
	struct yamlprops_prefix *p;
	size_t n;
	size_t cap;
};

void yamlprops_reset(struct yamlprops *props);
void yamlprops_release(struct yamlprops *props);

/* Reads the anchor or tag at the next byte; flow is 1 in brackets. */
int yamlprops_read(struct yamlprops *props, struct yamlscan *s,
    const struct yamlprops_prefixes *prefixes, int flow, struct err *e);

/* Adds the properties in from, which is reset, to those of the same node. */
int yamlprops_join(struct yamlprops *to, struct yamlprops *from,
    struct yamlscan *s, struct err *e);

/* Defines what a handle such as "!e!" stands for, as "%TAG" does. */
void yamlprops_define(struct yamlprops_prefixes *prefixes, const char *handle,
    const char *prefix);

/* Forgets all prefixes. */
void yamlprops_forget(struct yamlprops_prefixes *prefixes);

#endif
