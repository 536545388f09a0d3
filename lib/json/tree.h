#ifndef TREE_H
#define TREE_H

/*
 * A small JSON value as a tree, for random access. A value or key takes about
 * eighty bytes; walk through long texts with json_next instead.
 */
#include <stddef.h>

#include "json.h"

struct buf;

struct tree_node {
	enum json_type type;
	struct json_span span;	/* text of the value; a string has its quotes */
	size_t next;		/* the first node after this one's subtree */
	size_t count;		/* number of elements or fields */
};

/*
 * Nodes are in the order of the text; the root is node 0. The first member of
 * an array or object is the node after it, the others follow by next. A field
 * is a key followed by its value; a key's next is the next key.
 */
struct tree {
	struct tree_node *nodes;
	size_t n;
	size_t cap;
	void *tokens;
	size_t tokens_cap;
};

/*
 * Replaces t by the tree of a text that json_scan accepted without JSON_LAX;
 * the text is borrowed. Returns 0, or -1 for texts of 2 GiB or more.
 */
int tree_parse(struct tree *t, struct json_span checked);
void tree_release(struct tree *t);

/* The node of an object's field, the last of that name; 0 if there is none. */
size_t tree_get(const struct tree *t, size_t object, const char *name);

/*
 * Appends node in a canonical form: no white space, keys sorted by bytes with
 * the last of equal ones kept, minimal escapes, numbers as C's "%.17g" prints
 * the nearest double.
 */
void tree_canonical(const struct tree *t, size_t node, struct buf *b);

#endif
