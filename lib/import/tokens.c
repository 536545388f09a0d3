#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "otlpspan.h"
#include "tokens.h"

/* The record of a span in the spool. */
struct tokens_fact {
	uint64_t id, parent;	/* hashes of the span ids; 0: none */
	double count[TOKENS_COUNTS];
	int counted;
};

/* A span in memory. */
struct tokens_node {
	uint64_t id, parent;
	uint64_t at;		/* place of its fact */
	int counted;
	int below;		/* 1: a span below it has counts */
};

int
tokens_add(struct tokens *t, struct spool *s, const struct otlpspan *span)
{
	struct tokens_fact fact = { .id = span->id, .parent = span->parent };
	size_t i;

	t->known |= span->counted;
	for (i = 0; i < TOKENS_COUNTS && span->counted; i++) {
		fact.count[i] = span->tokens[i];
		fact.counted |= fact.count[i] > 0;
		t->sum[i] += span->tokens[i];
	}
	t->counted += (size_t)fact.counted;
	t->spans++;
	return spool_put(s, &t->facts, &fact, sizeof(fact)) ? 0 : -1;
}

static int
compare_ids(const void *x, const void *y)
{
	const struct tokens_node *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

/* Compares nodes; of the notes of a span, the last one comes first. */
static int
compare_nodes(const void *x, const void *y)
{
	const struct tokens_node *a = x, *b = y;
	int c = compare_ids(a, b);

	return c ? c : (a->at < b->at) - (a->at > b->at);
}

/* Reads the notes back. Returns the number of those that were read. */
static size_t
read_nodes(const struct tokens *t, struct spool *s, struct tokens_node *nodes)
{
	uint64_t at = t->facts.first, next;
	struct tokens_fact fact;
	struct buf b = { 0 };
	size_t n;

	for (n = 0; n < t->spans && at; n++, at = next) {
		b.len = 0;
		if (spool_get(s, at, &b, &next))
			break;
		memcpy(&fact, b.p, sizeof(fact));
		nodes[n].id = fact.id;
		nodes[n].parent = fact.parent;
		nodes[n].at = at;
		nodes[n].counted = fact.counted;
	}
	buf_release(&b);
	return n;
}

/* Sorts the nodes and drops repeated notes. Returns the number of the rest. */
static size_t
sort_nodes(struct tokens_node *nodes, size_t n)
{
	size_t i, kept = 0;

	qsort(nodes, n, sizeof(*nodes), compare_nodes);
	for (i = 0; i < n; i++)
		if (!kept || !nodes[i].id || nodes[i].id != nodes[kept - 1].id)
			nodes[kept++] = nodes[i];
	return kept;
}

static struct tokens_node *
find_node(struct tokens_node *nodes, size_t n, uint64_t id)
{
	const struct tokens_node key = { .id = id };

	return id ? bsearch(&key, nodes, n, sizeof(*nodes), compare_ids) :
	    NULL;
}

/* Marks the spans above one with counts, as far as they are not marked yet. */
static void
mark_above(struct tokens_node *nodes, size_t n, const struct tokens_node *node)
{
	struct tokens_node *p = find_node(nodes, n, node->parent);

	/* parents may form a ring */
	while (p && p != node && !p->below) {
		p->below = 1;
		p = find_node(nodes, n, p->parent);
	}
}

/* Adds the counts of a span to the sum. */
static int
tokens_add_fact(struct tokens *t, struct spool *s, uint64_t at)
{
	struct tokens_fact fact;
	struct buf b = { 0 };
	uint64_t unused;
	size_t i;

	if (spool_get(s, at, &b, &unused)) {
		buf_release(&b);
		return -1;
	}
	memcpy(&fact, b.p, sizeof(fact));
	for (i = 0; i < TOKENS_COUNTS; i++)
		t->sum[i] += fact.count[i];
	buf_release(&b);
	return 0;
}

int
tokens_finish(struct tokens *t, struct spool *s)
{
	struct tokens_node *nodes;
	size_t i, n;
	int failed;

	if (t->counted < 2)
		return 0;
	nodes = xcalloc(t->spans, sizeof(*nodes));
	n = read_nodes(t, s, nodes);
	failed = n < t->spans;
	n = sort_nodes(nodes, n);
	for (i = 0; i < n; i++)
		if (nodes[i].counted && !nodes[i].below)
			mark_above(nodes, n, &nodes[i]);
	memset(t->sum, 0, sizeof(t->sum));
	for (i = 0; i < n && !failed; i++)
		if (nodes[i].counted && !nodes[i].below)
			failed = tokens_add_fact(t, s, nodes[i].at);
	free(nodes);
	return failed ? -1 : 0;
}
