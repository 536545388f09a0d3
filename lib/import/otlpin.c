#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/buf.h"
#include "base/hash.h"
#include "json/json.h"
#include "io/line.h"
#include "io/out.h"
#include "base/set.h"
#include "io/source.h"
#include "spool.h"
#include "content.h"
#include "tokens.h"
#include "otlpval.h"
#include "otlpspan.h"
#include "spanwrite.h"
#include "otlpin.h"

/* The bytes of a trace that are gathered before they are written. */
#define ENOUGH (1 << 20)

/*
 * The rank of a span among those that can stand for the run. A span that is a
 * run comes first, then one without a parent, then the one with the earliest
 * start, then the one with the latest end.
 */
struct rank {
	int class;		/* sum of CLASS_*; 0: no span yet */
	uint64_t start;		/* start - 1: an unknown 0 is last */
	uint64_t end;		/* in nanoseconds, like start */
};

enum { CLASS_SPAN = 1, CLASS_ROOT = 2, CLASS_RUN = 4 };

/* The facts about a trace that are gathered from its spans. */
struct import_trace {
	struct chain steps;	/* its observations; empty if separate */
	size_t nsteps;		/* number of its observations */
	int row;		/* 1: it has a row */
	struct chain run;	/* members of the row around the content */
	struct rank run_rank;	/* rank of the span they are from */
	uint64_t side[2];	/* places of input and output, or 0 */
	struct content content[2];	/* ranks of the spans they are from */
	struct tokens tokens;
};

struct importer {
	struct otlpin *in;
	struct source *source;
	struct out *out;
	enum otlpin_output what;
	struct otlpspan span;
	struct set ids;		/* index in traces, by trace id */
	struct import_trace *traces;
	size_t ntraces;
	size_t cap;
	struct spool spool;	/* parts of records that wait for the end */
	struct buf text;
	size_t bad;		/* spans of the line without a trace id */
	int failed;		/* 1: writing failed, so stop */
};

/* The trace of the current span. */
static struct import_trace *
import_trace_of(struct importer *m)
{
	const struct buf *id = &m->span.trace_id;
	size_t *number;
	int added;

	number = set_add(&m->ids, hash_bytes(0, 0, id->p, id->len), &added);
	if (!added)
		return &m->traces[*number];
	ALLOC_GROW(m->traces, m->ntraces + 1, m->cap);
	*number = m->ntraces;
	memset(&m->traces[m->ntraces], 0, sizeof(*m->traces));
	return &m->traces[m->ntraces++];
}

/* Returns 1, and sets *r to the rank of the span, if that is before *r. */
static int
outranks(struct rank *r, const struct otlpspan *s)
{
	struct rank new = { CLASS_SPAN, s->start - 1, s->end };
	int better;

	/* an observation of fl-parse never was a run */
	if (s->kind != OTLPSPAN_STEP) {
		new.class += s->root ? CLASS_ROOT : 0;
		new.class += s->kind != OTLPSPAN_FOREIGN ? CLASS_RUN : 0;
	}
	if (new.class != r->class)
		better = new.class > r->class;
	else if (new.start != r->start)
		better = new.start < r->start;
	else
		better = new.end > r->end;
	if (better)
		*r = new;
	return better;
}

/* Keeps the parts of the row, or of the input record, around the content. */
static int
keep_run(struct importer *m, struct import_trace *g)
{
	struct otlpspan *s = &m->span;

	if (!outranks(&g->run_rank, s))
		return 0;
	memset(&g->run, 0, sizeof(g->run));
	g->row = s->kind == OTLPSPAN_FOREIGN || s->kind == OTLPSPAN_RUN;
	m->text.len = 0;
	if (m->what != OTLPIN_INPUTS)
		spanwrite_run(s, &m->text);
	if (!spool_put(&m->spool, &g->run, m->text.p, m->text.len))
		return -1;
	m->text.len = 0;
	if (m->what == OTLPIN_INPUTS)
		spanwrite_metadata(s, &m->text);
	else
		spanwrite_end(s, &m->text);
	return spool_put(&m->spool, &g->run, m->text.p, m->text.len) ? 0 : -1;
}

/*
 * Keeps the input and output. They may come from other spans than the rest of
 * the row: the outermost span is often a server's, without content.
 */
static int
keep_content(struct importer *m, struct import_trace *g)
{
	const int sides = m->what == OTLPIN_INPUTS ? 1 : 2;
	int i;

	for (i = 0; i < sides; i++) {
		if (!content_is_better(&g->content[i], &m->span, i))
			continue;
		m->text.len = 0;
		if (m->span.kind != OTLPSPAN_NO_RUN)
			spanwrite_side(&m->span, &m->text, i);
		g->side[i] = spool_put(&m->spool, NULL, m->text.p,
		    m->text.len);
		if (!g->side[i])
			return -1;
	}
	return 0;
}

static int
keep_step(struct importer *m, struct import_trace *g)
{
	struct otlpspan *s = &m->span;

	if (s->kind == OTLPSPAN_RUN || s->kind == OTLPSPAN_NO_RUN)
		return 0;
	g->nsteps++;
	if (m->what == OTLPIN_INPUTS)
		return 0;
	if (tokens_add(&g->tokens, &m->spool, s))
		return -1;
	m->text.len = 0;
	spanwrite_step(s, &m->text);
	if (m->what == OTLPIN_TRACES)
		return spool_put(&m->spool, &g->steps, m->text.p,
		    m->text.len) ? 0 : -1;
	buf_byte(&m->text, '\n');
	return out_put(m->out, m->text.p, m->text.len);
}

/*
 * A level of a document: an object with an array of objects of the next level,
 * and with a member that describes all of them, before or after the array. A
 * function that reads a level returns the end of its text.
 */
struct document_level {
	const char *list;	/* name of the array */
	const char *old_list;	/* former name of the array */
	const char *head;	/* name of the member that describes */
	const char *old_head;	/* former name of that member */
	/* NULL: there is no such member; p NULL: it is not known yet */
	void (*read_head)(struct importer *m, const char *p);
	const char *(*read)(struct importer *m, const char *p);
};

static const char *
read_span(struct importer *m, const char *p)
{
	struct import_trace *g;

	if (otlpspan_read(&m->span, p)) {
		m->bad++;
		return m->span.after;
	}
	g = import_trace_of(m);
	m->failed = keep_run(m, g) || keep_content(m, g) || keep_step(m, g);
	return m->span.after;
}

static void
read_scope(struct importer *m, const char *p)
{
	static const char *const names[] = { "name" };

	m->span.scope.p = NULL;
	otlpval_fields(p, names, &m->span.scope, 1);
}

static void
read_resource(struct importer *m, const char *p)
{
	static const char *const names[] = { "attributes" };
	struct json_span attributes = { 0 };
	struct otlpval_pair pair;
	struct json_iter it;

	m->span.service.p = m->span.project.p = NULL;
	otlpval_fields(p, names, &attributes, 1);
	if (!json_is(attributes, JSON_ARRAY))
		return;
	for (it = json_each(attributes); otlpval_next(&it, &pair); )
		if (json_is_str(pair.key, "service.name"))
			m->span.service = otlpval_string(pair.value);
		else if (json_is_str(pair.key, "openinference.project.name"))
			m->span.project = otlpval_string(pair.value);
}

/* Reads the elements of the value at p if it is an array. */
static const char *
read_list(struct importer *m, const struct document_level *l, const char *p)
{
	struct json_span v = { p, 0 }, unused;
	struct json_iter it;

	if (*p != '[')
		return json_end(p);
	it = json_each(v);
	while (!m->failed && json_enter(&it, &unused))
		it.p = l->read(m, it.p);
	return it.p;
}

/*
 * Reads the object at p. Sets *found, unless found is NULL, to 1 if it has the
 * list.
 */
static const char *
read_level(struct importer *m, const struct document_level *l, const char *p,
    int *found)
{
	const char *const names[] = {
		l->list, l->old_list, l->head, l->old_head
	};
	struct json_span v = { p, 0 }, key = { 0 };
	const char *list = NULL;
	struct json_iter it;
	int headed = !l->read_head;
	size_t i;

	if (*p != '{')
		return json_end(p);
	if (l->read_head)
		l->read_head(m, NULL);
	it = json_each(v);
	while (!m->failed && json_enter(&it, &key)) {
		i = otlpval_key(key, names, LEN(names));
		if (i < 2 && found)
			*found |= *it.p == '[';
		if (i < 2 && headed) {
			it.p = read_list(m, l, it.p);
			continue;
		}
		if (i < 2) {
			list = it.p;
		} else if (i < LEN(names) && l->read_head) {
			l->read_head(m, it.p);
			headed = 1;
		}
		it.p = json_end(it.p);
	}
	if (list && !m->failed)
		read_list(m, l, list);
	return it.p;
}

static const char *
read_scope_spans(struct importer *m, const char *p)
{
	static const struct document_level scope = {
		.list = "spans", .old_list = "spans",
		.head = "scope", .old_head = "instrumentationLibrary",
		.read_head = read_scope, .read = read_span
	};

	return read_level(m, &scope, p, NULL);
}

static const struct document_level resource = {
	.list = "scopeSpans", .old_list = "instrumentationLibrarySpans",
	.head = "resource", .old_head = "resource",
	.read_head = read_resource, .read = read_scope_spans
};

static const char *
read_resource_spans(struct importer *m, const char *p)
{
	return read_level(m, &resource, p, NULL);
}

/* Reads a line: a TracesData, or a ResourceSpans as a TracesData has them. */
static void
otlpin_read_line(struct importer *m)
{
	static const struct document_level traces = {
		.list = "resourceSpans", .old_list = "resourceSpans",
		.head = "resourceSpans", .old_head = "resourceSpans",
		.read = read_resource_spans
	};
	int found = 0;

	m->bad = 0;
	read_level(m, &traces, m->source->record.p, &found);
	if (!found)
		read_level(m, &resource, m->source->record.p, &found);
	if (!found)
		source_complain(m->source,
		    "not OTLP traces: it has no 'resourceSpans'");
	if (!m->bad)
		return;
	source_use(m->source);
	source_complain(m->source, "%zu of its spans %s no trace id",
	    m->bad, m->bad == 1 ? "has" : "have");
}

/* Adds a piece of members of an object; nothing if place is 0. */
static int
add_piece(struct importer *m, uint64_t place, uint64_t *next)
{
	struct buf *b = &m->text;
	size_t before = b->len;

	*next = 0;
	if (!place)
		return 0;
	json_comma(b);
	if (spool_get(&m->spool, place, b, next))
		return -1;
	/* take a comma back that nothing follows */
	if (b->len && b->p[b->len - 1] == ',')
		b->len = before;
	return 0;
}

/* Adds the fields of the row that depend on the whole trace. */
static void
add_sums(const struct import_trace *g, struct buf *b)
{
	static const char *const names[] = {
		"prompt_tokens", "completion_tokens", "total_tokens"
	};
	static const char *const given[] = {
		"observation_count", "token_usage"
	};
	struct json_span v[LEN(given)];
	struct json_fault f;
	size_t i;

	buf_byte(b, '}');
	json_scan(b->p, b->len, JSON_LAX, given, v, LEN(given), &f);
	b->len--;
	if (!v[0].p)
		json_add_int(b, given[0], (long long)g->nsteps);
	if (v[1].p || !g->tokens.known)
		return;
	json_open(b, given[1], '{');
	for (i = 0; i < LEN(names); i++)
		json_add_double(b, names[i], g->tokens.sum[i]);
	json_close(b, '}');
}

static int
write_steps(struct importer *m, const struct import_trace *g, struct buf *b)
{
	uint64_t at;

	json_open(b, "observations", '[');
	for (at = g->steps.first; at; ) {
		json_comma(b);
		if (spool_get(&m->spool, at, b, &at))
			return -1;
		/* keep the bracket: json_comma needs it for the next one */
		if (b->len < ENOUGH)
			continue;
		b->len--;
		if (out_flush(m->out))
			return -1;
		buf_byte(b, '}');
	}
	json_close(b, ']');
	return 0;
}

/* Makes the row, or the input record, without its closing bracket. */
static int
gather_row(struct importer *m, const struct import_trace *g)
{
	uint64_t end, next;

	m->text.len = 0;
	buf_byte(&m->text, '{');
	return add_piece(m, g->run.first, &end) ||
	    add_piece(m, g->side[0], &next) ||
	    add_piece(m, g->side[1], &next) || add_piece(m, end, &next) ? -1 :
	    0;
}

static int
write_trace(struct importer *m, struct import_trace *g)
{
	struct buf *b;

	m->in->rootless += !(g->run_rank.class & CLASS_ROOT);
	if (m->what == OTLPIN_INPUTS && !g->side[0]) {
		m->in->inputless++;
		return 0;
	}
	m->in->traces++;
	/* a trace that had no row gets none */
	if (m->what == OTLPIN_SEPARATE && !g->row)
		return 0;
	if (gather_row(m, g) || tokens_finish(&g->tokens, &m->spool))
		return -1;
	if (m->what != OTLPIN_INPUTS)
		add_sums(g, &m->text);
	b = out_begin(m->out);
	buf_add(b, m->text.p, m->text.len);
	if (m->what == OTLPIN_TRACES && write_steps(m, g, b))
		return -1;
	json_close(b, '}');
	buf_byte(b, '\n');
	return out_end(m->out);
}

int
otlpin_run(struct otlpin *in, struct source *s, struct out *o,
    enum otlpin_output what)
{
	struct importer m = { .in = in, .source = s, .out = o, .what = what };
	size_t i;

	memset(in, 0, sizeof(*in));
	otlpspan_init(&m.span);
	while (!m.failed && source_next(s, NULL, NULL, 0) > 0)
		otlpin_read_line(&m);
	for (i = 0; i < m.ntraces && !m.failed; i++)
		m.failed = write_trace(&m, &m.traces[i]);
	in->error = m.spool.error;
	otlpspan_release(&m.span);
	spool_release(&m.spool);
	set_release(&m.ids);
	free(m.traces);
	buf_release(&m.text);
	return m.failed ? -1 : 0;
}
