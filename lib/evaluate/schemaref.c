#include <stdlib.h>
#include <string.h>

#include "json/escape.h"
#include "json/json.h"
#include "json/tree.h"
#include "schemaref.h"

/* The value of the two hexadecimal digits at s, or -1. */
static int
hex_pair(const char *s)
{
	char four[4] = { '0', '0', s[0], s[0] ? s[1] : '\0' };

	return escape_hex4(four);
}

/* Decodes %XX in place. */
static void
decode_percent(char *s)
{
	char *to = s;
	int c;

	for (; *s; s++, to++) {
		c = *s == '%' ? hex_pair(s + 1) : -1;
		*to = c < 0 ? *s : (char)c;
		s += c < 0 ? 0 : 2;
	}
	*to = '\0';
}

/* Decodes ~1 and ~0 in place. */
static void
decode_tilde(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		*to = *s;
		if (*s == '~' && (s[1] == '0' || s[1] == '1'))
			*to = *++s == '1' ? '/' : '~';
	}
	*to = '\0';
}

/* The member of an object, or the element of an array; SCHEMAREF_NONE. */
static size_t
step_to(const struct tree *t, size_t node, const char *name)
{
	size_t found, k;
	char *end;

	if (t->nodes[node].type != JSON_ARRAY) {
		found = tree_get(t, node, name);
		return found ? found : SCHEMAREF_NONE;
	}
	k = strtoul(name, &end, 10);
	if (!*name || *end || k >= t->nodes[node].count)
		return SCHEMAREF_NONE;
	for (node++; k; k--)
		node = t->nodes[node].next;
	return node;
}

/* Follows a pointer such as "/$defs/a" from a node. */
static size_t
follow_pointer(const struct tree *t, size_t node, char *pointer)
{
	char *slash = pointer, *name;

	while (slash && node != SCHEMAREF_NONE) {
		name = slash + 1;
		slash = strchr(name, '/');
		if (slash)
			*slash = '\0';
		decode_tilde(name);
		node = step_to(t, node, name);
	}
	return node;
}

/* 1 if a node is an object whose field key is that string. */
static int
ref_is_named(const struct tree *t, size_t node, const char *key,
    const char *name)
{
	size_t field = tree_get(t, node, key);

	return field && json_is_str(t->nodes[field].span, name);
}

/* The innermost schema with an $id around a node: pointers begin there. */
static size_t
resource_of(const struct tree *t, size_t node)
{
	size_t i, found = 0;

	for (i = 1; i <= node; i++)
		if (node < t->nodes[i].next && tree_get(t, i, "$id"))
			found = i;
	return found;
}

/* The schema in the document with that $id. */
static size_t
find_id(const struct tree *t, const char *id)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (ref_is_named(t, i, "$id", id))
			return i;
	return SCHEMAREF_NONE;
}

/* The schema with that anchor; those within schemas with an $id are theirs. */
static size_t
ref_find_anchor(const struct tree *t, size_t root, const char *anchor)
{
	size_t i;

	for (i = root; i < t->nodes[root].next; i++)
		if (ref_is_named(t, i, "$anchor", anchor) &&
		    resource_of(t, i) == root)
			return i;
	return SCHEMAREF_NONE;
}

size_t
schemaref_find(const struct tree *t, size_t from, char *reference)
{
	char *fragment = strchr(reference, '#');
	size_t root;

	if (fragment)
		*fragment++ = '\0';
	root = *reference ? find_id(t, reference) : resource_of(t, from);
	if (root == SCHEMAREF_NONE || !fragment || !*fragment)
		return root;
	decode_percent(fragment);
	return *fragment == '/' ? follow_pointer(t, root, fragment) :
	    ref_find_anchor(t, root, fragment);
}
