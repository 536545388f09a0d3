#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <jsmn.h>
#pragma GCC diagnostic pop

#include "base/buf.h"
#include "base/util.h"
#include "tree.h"

/* Tokenizes s into t->tokens and returns how many tokens there are. */
static size_t
tokenize(struct tree *t, struct json_span s)
{
	jsmn_parser parser;
	int n;

	jsmn_init(&parser);
	n = JSMN_ERROR_NOMEM;
	while (n == JSMN_ERROR_NOMEM) {
		/*
		 * if the token array was too small, it grows and the parser
		 * continues
		 */
		if (parser.toknext == t->tokens_cap) {
			t->tokens_cap = grow(t->tokens_cap, 64);
			t->tokens = xreallocarray(t->tokens, t->tokens_cap,
			    sizeof(jsmntok_t));
		}
		n = jsmn_parse(&parser, s.p, s.n, t->tokens,
		    (unsigned)t->tokens_cap);
	}
	return n < 0 ? 0 : parser.toknext;
}

static void
fill_node(struct tree_node *node, const jsmntok_t *tok, const char *text)
{
	int quoted = tok->type == JSMN_STRING;

	node->span.p = text + tok->start - quoted;
	node->span.n = (size_t)(tok->end - tok->start) + 2 * (size_t)quoted;
	node->type = json_type(node->span);
	node->count = (size_t)tok->size;
	node->next = 0;
}

int
tree_parse(struct tree *t, struct json_span checked)
{
	const jsmntok_t *tok;
	struct buf ended = { 0 };
	size_t i, below;

	t->n = 0;
	if (checked.n >= INT_MAX)
		return -1;
	/* jsmn needs a byte after a bare number or word */
	if (json_type(checked) < JSON_STRING) {
		buf_add(&ended, checked.p, checked.n);
		buf_byte(&ended, '\n');
		t->n = tokenize(t, json_buf(&ended));
	} else {
		t->n = tokenize(t, checked);
	}
	buf_release(&ended);
	if (t->n > t->cap) {
		t->cap = grow(t->cap, t->n);
		t->nodes = xreallocarray(t->nodes, t->cap,
		    sizeof(*t->nodes));
	}
	for (i = 0; i < t->n; i++) {
		tok = (const jsmntok_t *)t->tokens + i;
		fill_node(&t->nodes[i], tok, checked.p);
	}
	/* next counts the nodes below first: each adds itself to its parent */
	for (i = t->n; i-- > 0; ) {
		tok = (const jsmntok_t *)t->tokens + i;
		below = t->nodes[i].next;
		if (tok->parent >= 0)
			t->nodes[tok->parent].next += below + 1;
		t->nodes[i].next = i + 1 + below;
	}
	return t->n ? 0 : -1;
}

void
tree_release(struct tree *t)
{
	free(t->nodes);
	free(t->tokens);
	memset(t, 0, sizeof(*t));
}

size_t
tree_get(const struct tree *t, size_t object, const char *name)
{
	size_t i, found = 0, len = strlen(name);

	if (t->nodes[object].type != JSON_OBJECT)
		return 0;
	for (i = object + 1; i < t->nodes[object].next; i = t->nodes[i].next)
		if (json_equal(t->nodes[i].span, name, len))
			found = i + 1;
	return found;
}

struct member {
	char *key;
	size_t len;
	size_t value;		/* node number, in text order */
};

static int
by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int c;

	c = memcmp(x->key, y->key, n);
	if (c)
		return c;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->value < y->value ? -1 : 1;
}

static int
same_key(const struct member *a, const struct member *b)
{
	return a->len == b->len && !memcmp(a->key, b->key, a->len);
}

static void
canonical_object(const struct tree *t, size_t node, struct buf *b)
{
	const struct tree_node *object = &t->nodes[node];
	struct member *m;
	struct buf key = { 0 };
	size_t i, n = 0;

	m = xreallocarray(NULL, object->count, sizeof(*m));
	for (i = node + 1; i < object->next; i = t->nodes[i].next, n++) {
		json_text(&key, t->nodes[i].span);
		m[n].value = i + 1;
		m[n].key = buf_detach(&key, &m[n].len);
	}
	qsort(m, n, sizeof(*m), by_key);
	json_open(b, NULL, '{');
	for (i = 0; i < n; i++) {
		if (i + 1 < n && same_key(&m[i], &m[i + 1]))
			continue;
		json_add_text(b, NULL, m[i].key, m[i].len);
		buf_byte(b, ':');
		tree_canonical(t, m[i].value, b);
	}
	json_close(b, '}');
	for (i = 0; i < n; i++)
		free(m[i].key);
	free(m);
}

static void
canonical_scalar(struct json_span v, enum json_type type, struct buf *b)
{
	struct buf text = { 0 };
	double d;

	if (type == JSON_STRING) {
		json_text(&text, v);
		json_add_text(b, NULL, text.p, text.len);
	} else if (type == JSON_NUMBER) {
		json_double(v, &d);
		json_comma(b);
		/* minus zero is zero */
		buf_printf(b, "%.17g", d == 0 ? 0 : d);
	} else {
		json_add(b, NULL, v);
	}
	buf_release(&text);
}

/* Recurses once for each level; json_depth limits them. */
void
tree_canonical(const struct tree *t, size_t node, struct buf *b)
{
	const struct tree_node *n = &t->nodes[node];
	size_t i;

	switch (n->type) {
	case JSON_OBJECT:
		canonical_object(t, node, b);
		break;
	case JSON_ARRAY:
		json_open(b, NULL, '[');
		for (i = node + 1; i < n->next; i = t->nodes[i].next)
			tree_canonical(t, i, b);
		json_close(b, ']');
		break;
	default:
		canonical_scalar(n->span, n->type, b);
	}
}
