#ifndef YAMLEVENT_H
#define YAMLEVENT_H

/*
 * YAML text as a sequence of events, read as PyYAML reads it. Beyond that it
 * takes what YAML 1.2 allows: tabs between tokens, ':' in anchors and in text
 * in brackets, keys over several lines in '{}', empty keys. Bytes are read as
 * they are needed; what is kept is the text of one scalar and the open lists
 * and mappings.
 */
#include <stddef.h>

#include "base/buf.h"
#include "yamlmark.h"
#include "yamlprops.h"
#include "yamlscan.h"

struct err;

enum yamlevent_type {
	YAMLEVENT_DOCUMENT, YAMLEVENT_DOCUMENT_END,
	YAMLEVENT_LIST, YAMLEVENT_LIST_END,
	YAMLEVENT_MAP, YAMLEVENT_MAP_END,
	YAMLEVENT_SCALAR, YAMLEVENT_ALIAS
};

/* Everything in an event is borrowed until the next one is read. */
struct yamlevent {
	enum yamlevent_type type;
	struct yamlmark mark;
	const char *text;	/* text of a scalar, or name of an alias */
	size_t len;
	const struct yamlprops *props;
};

struct yamlevent_level;

struct yamlevent_parser {
	struct yamlscan scan;
	struct yamlevent_level *levels;	/* open, outermost first */
	size_t depth;
	size_t levels_cap;
	struct yamlevent next;		/* the event read ahead, if held is 1 */
	int held;
	struct yamlprops outer;	/* of a mapping that begins with a
					   key with properties of its own */
	struct yamlprops own;	/* properties of the node that is being read */
	struct yamlprops_prefixes prefixes;
	int colon_anchor;	/* 1: an anchor's name ended in ':' */
};

void yamlevent_init(struct yamlevent_parser *p, int fd);
void yamlevent_release(struct yamlevent_parser *p);

/* Reads the next event. Returns 1, 0 at the end, or -1 with *e filled in. */
int yamlevent_next(struct yamlevent_parser *p, struct yamlevent *ev,
    struct err *e);

#endif
