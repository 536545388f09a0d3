#ifndef TREE_H
#define TREE_H

/*
 * A small JSON value as a tree, for work that needs to go back and forth in
 * it. Takes about eighty bytes for each value and key; for long texts, walk
 * with json_next instead.
 */
#include <stddef.h>

#include "json.h"

struct buf;

struct tree_node {
	enum json_type type;
	struct json_span span;	/* the text, strings with their quotes */
	size_t next;		/* the node behind this one and all below it */
	size_t count;		/* of elements or of fields */
};

/*
 * Nodes stand in the order of the text. The root is node 0; what is in an
 * array or object begins at the node after it, and goes on with next. A field
 * is a key and, as the node after it, its value; a key's next is the next key.
 */
struct tree {
	struct tree_node *nodes;
	size_t n;
	size_t cap;
	void *tokens;
	size_t tokens_cap;
};

/*
 * Makes the tree of a text that json_scan accepted in strict mode, which it
 * borrows. What was in t before is gone. Texts of 2 GiB and more are too long: returns -1, else
 * 0.
 */
int tree_parse(struct tree *t, struct json_span checked);
void tree_release(struct tree *t);

/* The value of an object's field (the last of that name), or 0 for none. */
size_t tree_get(const struct tree *t, size_t object, const char *name);

/*
 * Appends node in a canonical form: no white space, keys sorted by their
 * bytes and the last of equal ones kept, strings decoded and escaped in one
 * way, numbers as C's "%.17g" prints the nearest double.
 */
void tree_canonical(const struct tree *t, size_t node, struct buf *b);

#endif
