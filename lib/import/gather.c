#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "json/isotime.h"
#include "io/out.h"
#include "io/spill.h"
#include "content.h"
#include "conventions.h"
#include "otlpval.h"
#include "spanpart.h"
#include "spanshape.h"
#include "spanwrite.h"
#include "tokens.h"
#include "gather.h"

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
struct gathered {
	struct chain steps;	/* the trace's observations; empty if
				   separate */
	size_t nsteps;		/* number of its observations */
	int row;		/* 1: it has a row */
	uint64_t first, last;	/* when its steps began and ended; 0: unknown */
	int open;		/* 1: the row is from a span without an end */
	struct chain run;	/* members of the row around the content */
	struct rank run_rank;	/* rank of the span they are from */
	uint64_t run_key;	/* spanjoin.h: key of that span */
	uint64_t side[2];	/* places of input and output, or 0 */
	struct content content[2];	/* ranks of the spans they are from */
	struct tokens tokens;
};

/* The trace of the current span. */
static struct gathered *
gather_trace_of(struct gather *m)
{
	const struct buf *id = &m->span.trace_id;
	size_t *number;
	int added;

	number = set_add(&m->ids, hash_bytes(0, 0, id->p, id->len), &added);
	if (!added)
		return &m->items[*number];
	ALLOC_GROW(m->items, m->nitems + 1, m->cap);
	*number = m->nitems;
	memset(&m->items[m->nitems], 0, sizeof(*m->items));
	return &m->items[m->nitems++];
}

/*
 * Returns 1, and sets *r to the rank of the span, if that is before *r or if *r
 * is that of the same span.
 */
static int
outranks(struct rank *r, const struct otlpspan *s, int same)
{
	struct rank new = { CLASS_SPAN, s->start - 1, s->end };
	int better;

	/* an observation of fl-parse is never a run */
	if (s->kind != OTLPSPAN_STEP) {
		new.class += s->root ? CLASS_ROOT : 0;
		new.class += s->kind != OTLPSPAN_FOREIGN || s->row_only ?
		    CLASS_RUN : 0;
	}
	if (new.class != r->class)
		better = new.class > r->class;
	else if (new.start != r->start)
		better = new.start < r->start;
	else
		better = new.end > r->end;
	if (better || same)
		*r = new;
	return better || same;
}

/* Stores m->text as a piece, as spool_put does; a long one is released. */
static uint64_t
keep_text(struct gather *m, struct chain *c)
{
	uint64_t place = spool_put(&m->spool, c, m->text.p, m->text.len);

	if (m->text.len > ENOUGH)
		buf_release(&m->text);
	return place;
}

/* Keeps the parts of the row, or of the input record, around the content. */
static int
keep_run(struct gather *m, struct gathered *g)
{
	struct otlpspan *s = &m->span;

	if (!outranks(&g->run_rank, s, m->key && g->run_key == m->key))
		return 0;
	g->run_key = m->key;
	memset(&g->run, 0, sizeof(g->run));
	g->open = s->row_only && !s->end;
	g->row = s->kind == OTLPSPAN_FOREIGN || s->kind == OTLPSPAN_RUN;
	m->text.len = 0;
	if (m->what != IMPORT_INPUTS)
		spanwrite_run(s, &m->text);
	if (!keep_text(m, &g->run))
		return -1;
	m->text.len = 0;
	if (m->what == IMPORT_INPUTS)
		spanwrite_metadata(s, &m->text);
	else
		spanwrite_end(s, &m->text);
	return keep_text(m, &g->run) ? 0 : -1;
}

/*
 * Keeps the input and output. They may come from other spans than the rest of
 * the row: the outermost span is often a server's, without content.
 */
static int
keep_content(struct gather *m, struct gathered *g)
{
	const int sides = m->what == IMPORT_INPUTS ? 1 : 2;
	int i;

	for (i = 0; i < sides; i++) {
		if (!content_is_better(&g->content[i], &m->span, i))
			continue;
		m->text.len = 0;
		if (m->span.kind != OTLPSPAN_NO_RUN)
			spanwrite_side(&m->span, &m->text, i);
		g->side[i] = keep_text(m, NULL);
		if (!g->side[i])
			return -1;
	}
	return 0;
}

/*
 * Whether later input may change the span: its records, if there have been
 * records, or if it lacks content that it should have; or, if it has not ended,
 * the span again.
 */
static int
may_change(const struct gather *m)
{
	const struct otlpspan *s = &m->span;

	if (!m->key || s->kind != OTLPSPAN_FOREIGN)
		return 0;
	return m->records || !s->end || ((!s->payload[0].n ||
	    !s->payload[1].n) &&
	    (s->a[ATTR_KIND].p || !strcmp(s->type, "generation")));
}

/* Keeps the text of the span and what describes it. */
static int
hold_span(struct gather *m, size_t number)
{
	struct otlpspan *s = &m->span;
	struct buf *b = &m->text;

	b->len = 0;
	json_open(b, NULL, '{');
	if (s->service.p)
		json_add(b, "service", s->service);
	if (s->project.p)
		json_add(b, "project", s->project);
	if (s->scope.p)
		json_add(b, "scope", s->scope);
	json_add(b, "span", m->given);
	json_close(b, '}');
	m->join.spans[number].held = keep_text(m, NULL);
	return m->join.spans[number].held ? 0 : -1;
}

/* Reads a span that was kept, with its records. */
static int
read_held(struct gather *m, size_t number)
{
	static const char *const names[] = {
		"service", "project", "scope", "span"
	};
	struct json_span v[LEN(names)];
	struct spanshape unused;
	uint64_t next;

	m->whole.len = m->events.len = m->joined.len = m->text.len = 0;
	if (spool_get(&m->spool, m->join.spans[number].held, &m->whole, &next)
	    || spanjoin_get(&m->join, number, &m->events))
		return -1;
	otlpval_fields(buf_str(&m->whole), names, v, LEN(names));
	m->span.service = v[0];
	m->span.project = v[1];
	m->span.scope = v[2];
	if (!m->events.len)
		return otlpspan_read(&m->span, v[3].p);
	spanshape_put(&m->text, v[3].p, NULL, &unused);
	spanshape_put_events(&m->joined, buf_str(&m->text),
	    json_buf(&m->events));
	return otlpspan_read(&m->span, buf_str(&m->joined));
}

/* The first byte of a piece that refers to a kept span. */
#define HELD '\1'

static int
put_held(struct gather *m, struct gathered *g, size_t number)
{
	m->text.len = 0;
	buf_byte(&m->text, HELD);
	buf_add(&m->text, &number, sizeof(number));
	return keep_text(m, &g->steps) ? 0 : -1;
}

/* Writes the observation as a line. */
static int
write_step(struct gather *m)
{
	m->text.len = 0;
	spanwrite_step(&m->span, &m->text);
	buf_byte(&m->text, '\n');
	return out_put(m->out, m->text.p, m->text.len);
}

static int
keep_step(struct gather *m, struct gathered *g)
{
	struct otlpspan *s = &m->span;
	size_t i;

	if (s->kind == OTLPSPAN_RUN || s->kind == OTLPSPAN_NO_RUN ||
	    s->row_only)
		return 0;
	g->nsteps++;
	if (m->what != IMPORT_INPUTS && tokens_add(&g->tokens, &m->spool, s))
		return -1;
	if (may_change(m)) {
		i = spanjoin_number(&m->join, m->key);
		if (hold_span(m, i))
			return -1;
		return m->what == IMPORT_TRACES ? put_held(m, g, i) : 0;
	}
	if (m->what == IMPORT_INPUTS)
		return 0;
	if (m->what == IMPORT_SEPARATE)
		return write_step(m);
	m->text.len = 0;
	spanwrite_step(s, &m->text);
	return keep_text(m, &g->steps) ? 0 : -1;
}

/* The key of the span. */
static uint64_t
span_key(struct gather *m)
{
	m->text.len = 0;
	spanpart_put_id(&m->text, m->span.v[SPAN_SPAN_ID]);
	return spanjoin_key(&m->span.trace_id, &m->text);
}

/* Adds the records that came before the span. */
static int
join_records(struct gather *m, size_t number)
{
	struct spanshape unused;

	m->events.len = m->text.len = m->joined.len = 0;
	if (spanjoin_get(&m->join, number, &m->events))
		return -1;
	spanshape_put(&m->text, m->given.p, NULL, &unused);
	spanshape_put_events(&m->joined, buf_str(&m->text),
	    json_buf(&m->events));
	return otlpspan_read(&m->span, buf_str(&m->joined));
}

/*
 * Replaces a span that was held because it had not ended by the span as it
 * ended: some programs record both.
 */
static int
replace_span(struct gather *m, size_t number, const char *p)
{
	struct json_span heads[3];
	struct gathered *g;
	int ended;

	if (!m->join.spans[number].held || !m->span.end)
		return 0;
	heads[0] = m->span.service;
	heads[1] = m->span.project;
	heads[2] = m->span.scope;
	if (read_held(m, number))
		return -1;
	g = gather_trace_of(m);
	ended = m->span.end != 0;
	m->span.service = heads[0];
	m->span.project = heads[1];
	m->span.scope = heads[2];
	if (ended)
		return 0;
	if (otlpspan_read(&m->span, p) || hold_span(m, number))
		return -1;
	/* its tokens replace those that were noted before */
	if (m->what != IMPORT_INPUTS &&
	    tokens_add(&g->tokens, &m->spool, &m->span))
		return -1;
	return keep_run(m, g) || keep_content(m, g) ? -1 : 0;
}

/* Notes when the steps of the trace began and ended. */
static void
gather_note_times(struct gathered *g, const struct otlpspan *s)
{
	const uint64_t end = s->end ? s->end : s->start;

	if (s->row_only)
		return;
	if (s->start && s->start - 1 < g->first - 1)
		g->first = s->start;
	if (end > g->last)
		g->last = end;
}

void
gather_span(struct gather *m, struct json_span given)
{
	struct gathered *g;
	size_t number;

	m->given = given;
	m->key = span_key(m);
	if (m->key && !spanjoin_see(&m->join, m->key, &number)) {
		m->twice++;
		if (number != SIZE_MAX)
			m->failed = replace_span(m, number, m->given.p);
		return;
	}
	if (m->key && number != SIZE_MAX && join_records(m, number)) {
		m->failed = 1;
		return;
	}
	g = gather_trace_of(m);
	gather_note_times(g, &m->span);
	m->failed = keep_run(m, g) || keep_content(m, g) || keep_step(m, g);
}

void
gather_text(struct gather *m, const struct buf *span)
{
	if (!otlpspan_read(&m->span, span->p))
		gather_span(m, json_buf(span));
}

void
gather_record(struct gather *m, const char *p)
{
	struct spanshape_record r;
	struct buf trace = { 0 }, span = { 0 };
	uint64_t key = 0;
	int put = 0;

	m->events.len = 0;
	spanshape_put_record(&m->events, p, &r);
	if (!otlpval_trace_id(&trace, r.trace_id) &&
	    spanpart_put_id(&span, r.span_id))
		key = spanjoin_key(&trace, &span);
	buf_release(&trace);
	buf_release(&span);
	m->records = 1;
	if (key)
		put = spanjoin_put(&m->join, key, &m->events);
	m->failed = put < 0;
	m->alone += !key;
	m->late += key && !put;
}

/* --- the end ------------------------------------------------------------- */

/* Adds a piece of members of an object; nothing if place is 0. */
static int
add_piece(struct gather *m, uint64_t place, uint64_t *next)
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

/* Adds the times of a row that are those of its steps. */
static void
gather_add_times(const struct gathered *g, struct buf *b)
{
	const uint64_t start = g->run_rank.start + 1;

	if (!g->open || !start || g->last < start)
		return;
	json_add_double(b, "duration_ms", (double)(g->last - start) / 1e6);
	isotime_add(b, "end_time", (int64_t)(g->last / 1000));
}

/* Adds the fields of the row that depend on the whole trace. */
static void
add_sums(const struct gathered *g, struct buf *b)
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
	gather_add_times(g, b);
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
write_steps(struct gather *m, const struct gathered *g, struct buf *b)
{
	uint64_t at;
	size_t before, number;

	json_open(b, "observations", '[');
	for (at = g->steps.first; at; ) {
		json_comma(b);
		before = b->len;
		if (spool_get(&m->spool, at, b, &at))
			return -1;
		if (b->p[before] == HELD) {
			memcpy(&number, b->p + before + 1, sizeof(number));
			b->len = before;
			if (read_held(m, number))
				return -1;
			spanwrite_step(&m->span, b);
		}
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
gather_row(struct gather *m, const struct gathered *g)
{
	uint64_t end, next;

	m->text.len = 0;
	buf_byte(&m->text, '{');
	return add_piece(m, g->run.first, &end) ||
	    add_piece(m, g->side[0], &next) ||
	    add_piece(m, g->side[1], &next) || add_piece(m, end, &next) ? -1 :
	    0;
}

/*
 * Puts the row out, which its observations may follow. Returns the buffer of the
 * output, or NULL if writing failed.
 */
static struct buf *
put_row(struct gather *m)
{
	struct buf *b = out_begin(m->out);

	/* the last byte says whether a comma has to follow */
	if (m->text.len >= ENOUGH) {
		if (out_put(m->out, m->text.p, m->text.len - 1))
			return NULL;
		buf_byte(b, m->text.p[m->text.len - 1]);
		buf_release(&m->text);
	} else {
		buf_add(b, m->text.p, m->text.len);
	}
	return b;
}

static int
write_trace(struct gather *m, struct gathered *g)
{
	struct buf *b;

	m->rootless += !(g->run_rank.class & CLASS_ROOT);
	if (m->what == IMPORT_INPUTS && !g->side[0]) {
		m->inputless++;
		return 0;
	}
	m->traces++;
	/* a trace that had no row gets none */
	if (m->what == IMPORT_SEPARATE && !g->row)
		return 0;
	if (gather_row(m, g) || tokens_finish(&g->tokens, &m->spool))
		return -1;
	if (m->what != IMPORT_INPUTS)
		add_sums(g, &m->text);
	b = put_row(m);
	if (!b)
		return -1;
	if (m->what == IMPORT_TRACES && write_steps(m, g, b))
		return -1;
	json_close(b, '}');
	buf_byte(b, '\n');
	return out_end(m->out);
}

/*
 * Joins the spans with the records that came after them. Writes those that were
 * kept, if observations are written separately.
 */
static int
finish_joined(struct gather *m)
{
	const struct joined *x;
	size_t i;

	for (i = 0; i < m->join.n; i++) {
		x = &m->join.spans[i];
		if (!x->seen)
			m->alone += x->nevents;
		if (!x->held || (!x->late && m->what != IMPORT_SEPARATE))
			continue;
		if (read_held(m, i))
			return -1;
		m->key = span_key(m);
		if (x->late && keep_content(m, gather_trace_of(m)))
			return -1;
		if (m->what == IMPORT_SEPARATE && write_step(m))
			return -1;
	}
	return 0;
}


int
gather_finish(struct gather *m)
{
	size_t i;

	if (!m->failed)
		m->failed = finish_joined(m);
	for (i = 0; i < m->nitems && !m->failed; i++)
		m->failed = write_trace(m, &m->items[i]);
	return m->failed ? -1 : 0;
}

void
gather_init(struct gather *m, struct out *o, enum import_output what)
{
	memset(m, 0, sizeof(*m));
	m->out = o;
	m->what = what;
	otlpspan_init(&m->span);
	m->join.spool = &m->spool;
}

void
gather_release(struct gather *m)
{
	otlpspan_release(&m->span);
	spool_release(&m->spool);
	spanjoin_release(&m->join);
	set_release(&m->ids);
	free(m->items);
	buf_release(&m->text);
	buf_release(&m->whole);
	buf_release(&m->joined);
	buf_release(&m->events);
}

void
gather_report(const struct gather *m, void (*report)(const char *msg))
{
	const struct {
		size_t n;
		const char *one;	/* after the number 1 */
		const char *more;	/* after another number */
	} counts[] = {
		{ m->twice,
		    " span skipped that had been read already",
		    " spans skipped that had been read already" },
		{ m->alone, " log record of no span skipped",
		    " log records of no span skipped" },
		{ m->late, " log record skipped: its spans were read "
		    "before; name files with log records first",
		    " log records skipped: their spans were read before; "
		    "name files with log records first" },
		{ m->rootless, " trace has no root span: another span "
		    "stands for it",
		    " traces have no root span: another span stands for "
		    "it" },
		{ m->inputless, " trace without an input skipped",
		    " traces without an input skipped" },
	};
	struct buf text = { 0 };
	size_t i;
	const char *p;

	if (m->spool.error) {
		buf_printf(&text, "a temporary file in %s: %s", spill_dir(),
		    strerror(m->spool.error));
		report(buf_str(&text));
	}
	for (i = 0; i < LEN(counts) && !m->spool.error; i++) {
		if (!counts[i].n)
			continue;
		p = counts[i].n == 1 ? counts[i].one : counts[i].more;
		text.len = 0;
		buf_uint(&text, counts[i].n);
		buf_puts(&text, p);
		report(buf_str(&text));
	}
	buf_release(&text);
}
