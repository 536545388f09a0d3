#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "json/json.h"
#include "io/line.h"
#include "io/out.h"
#include "io/source.h"
#include "content.h"
#include "conventions.h"
#include "docwalk.h"
#include "feed.h"
#include "otlpspan.h"
#include "otlpval.h"
#include "recognize.h"
#include "spanjoin.h"
#include "spanpart.h"
#include "spanshape.h"
#include "spanwrite.h"
#include "spool.h"
#include "tokens.h"
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
	uint64_t run_key;	/* spanjoin.h: key of that span */
	uint64_t side[2];	/* places of input and output, or 0 */
	struct content content[2];	/* ranks of the spans they are from */
	struct tokens tokens;
};

/* Text of the input that is needed after the walk has left it. */
struct imported_head {
	struct buf service;
	struct buf project;
	struct buf scope;
	struct buf processes;
};

struct importer {
	struct otlpin *in;
	struct source *source;
	struct out *out;
	enum otlpin_output what;
	struct otlpspan span;
	uint64_t key;		/* spanjoin.h: key of the span, or 0 */
	struct json_span given;	/* its text, without records */
	struct imported_head head;
	struct set ids;		/* index in traces, by trace id */
	struct import_trace *traces;
	size_t ntraces;
	size_t cap;
	struct spool spool;	/* parts of records that wait for the end */
	struct spanjoin join;
	int records;		/* 1: there was a log record */
	struct buf text;
	struct buf shape;	/* the span in the shape of OTLP */
	struct buf whole;	/* a span that was held, and its heads */
	struct buf joined;	/* a span with its records */
	struct buf events;
	const char *other;	/* what the document's first other value is */
	size_t complained;	/* line of the last complaint */
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

/*
 * Returns 1, and sets *r to the rank of the span, if that is before *r or if *r
 * is that of the same span.
 */
static int
outranks(struct rank *r, const struct otlpspan *s, int same)
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
	if (better || same)
		*r = new;
	return better || same;
}

/* Keeps the parts of the row, or of the input record, around the content. */
static int
keep_run(struct importer *m, struct import_trace *g)
{
	struct otlpspan *s = &m->span;

	if (!outranks(&g->run_rank, s, m->key && g->run_key == m->key))
		return 0;
	g->run_key = m->key;
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

/*
 * Whether something that comes later may change the span: its records, after
 * the first record of any span and before it if it should have content and has
 * none; or, if it has not ended, the span again.
 */
static int
may_change(const struct importer *m)
{
	const struct otlpspan *s = &m->span;

	if (!m->key || s->kind != OTLPSPAN_FOREIGN)
		return 0;
	return m->records || !s->end || ((!s->payload[0].len ||
	    !s->payload[1].len) &&
	    (s->a[ATTR_KIND].p || !strcmp(s->type, "generation")));
}

/* Keeps the text of the span and what describes it. */
static int
hold_span(struct importer *m, size_t number)
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
	m->join.spans[number].held = spool_put(&m->spool, NULL, b->p, b->len);
	return m->join.spans[number].held ? 0 : -1;
}

/* Reads a span that was kept, with its records. */
static int
read_held(struct importer *m, size_t number)
{
	static const char *const names[] = {
		"service", "project", "scope", "span"
	};
	struct json_span v[LEN(names)], none = { 0 };
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
	spanshape_put(&m->text, v[3].p, none, &unused);
	spanshape_put_events(&m->joined, buf_str(&m->text),
	    json_buf(&m->events));
	return otlpspan_read(&m->span, buf_str(&m->joined));
}

/* The piece of a chain of observations that stands for a span that is kept. */
#define HELD '\1'

static int
put_held(struct importer *m, struct import_trace *g, size_t number)
{
	m->text.len = 0;
	buf_byte(&m->text, HELD);
	buf_add(&m->text, &number, sizeof(number));
	return spool_put(&m->spool, &g->steps, m->text.p, m->text.len) ? 0 :
	    -1;
}

/* Writes the observation as a line. */
static int
write_step(struct importer *m)
{
	m->text.len = 0;
	spanwrite_step(&m->span, &m->text);
	buf_byte(&m->text, '\n');
	return out_put(m->out, m->text.p, m->text.len);
}

static int
keep_step(struct importer *m, struct import_trace *g)
{
	struct otlpspan *s = &m->span;
	size_t i;

	if (s->kind == OTLPSPAN_RUN || s->kind == OTLPSPAN_NO_RUN)
		return 0;
	g->nsteps++;
	if (m->what != OTLPIN_INPUTS && tokens_add(&g->tokens, &m->spool, s))
		return -1;
	if (may_change(m)) {
		i = spanjoin_number(&m->join, m->key);
		if (hold_span(m, i))
			return -1;
		return m->what == OTLPIN_TRACES ? put_held(m, g, i) : 0;
	}
	if (m->what == OTLPIN_INPUTS)
		return 0;
	if (m->what == OTLPIN_SEPARATE)
		return write_step(m);
	m->text.len = 0;
	spanwrite_step(s, &m->text);
	return spool_put(&m->spool, &g->steps, m->text.p, m->text.len) ? 0 :
	    -1;
}

/* The key of the span. */
static uint64_t
span_key(struct importer *m)
{
	m->text.len = 0;
	spanpart_put_id(&m->text, m->span.v[SPAN_SPAN_ID]);
	return spanjoin_key(&m->span.trace_id, &m->text);
}

/* Adds the records that came before the span. */
static int
join_records(struct importer *m, size_t number)
{
	const struct json_span none = { 0 };
	struct spanshape unused;

	m->events.len = m->text.len = m->joined.len = 0;
	if (spanjoin_get(&m->join, number, &m->events))
		return -1;
	spanshape_put(&m->text, m->given.p, none, &unused);
	spanshape_put_events(&m->joined, buf_str(&m->text),
	    json_buf(&m->events));
	return otlpspan_read(&m->span, buf_str(&m->joined));
}

/*
 * Replaces a span that was held because it had not ended by the span as it
 * ended: some programs record both.
 */
static int
replace_span(struct importer *m, size_t number, const char *p)
{
	struct json_span heads[3];
	struct import_trace *g;
	int ended;

	if (!m->join.spans[number].held || !m->span.end)
		return 0;
	heads[0] = m->span.service;
	heads[1] = m->span.project;
	heads[2] = m->span.scope;
	if (read_held(m, number))
		return -1;
	g = import_trace_of(m);
	ended = m->span.end != 0;
	m->span.service = heads[0];
	m->span.project = heads[1];
	m->span.scope = heads[2];
	if (ended)
		return 0;
	if (otlpspan_read(&m->span, p) || hold_span(m, number))
		return -1;
	/* its tokens take the place of those that were noted before */
	if (m->what != OTLPIN_INPUTS &&
	    tokens_add(&g->tokens, &m->spool, &m->span))
		return -1;
	return keep_run(m, g) || keep_content(m, g) ? -1 : 0;
}

/* Keeps the parts of the span that are needed, unless it was read already. */
static void
keep_span(struct importer *m)
{
	struct import_trace *g;
	size_t number;

	m->key = span_key(m);
	if (m->key && !spanjoin_see(&m->join, m->key, &number)) {
		m->in->twice++;
		if (number != SIZE_MAX)
			m->failed = replace_span(m, number, m->given.p);
		return;
	}
	if (m->key && number != SIZE_MAX && join_records(m, number)) {
		m->failed = 1;
		return;
	}
	g = import_trace_of(m);
	m->failed = keep_run(m, g) || keep_content(m, g) || keep_step(m, g);
}

/* Finds the names in a resource's attributes. */
static void
read_attributes(struct importer *m, struct json_span attributes)
{
	struct json_span key = { 0 }, value;
	struct otlpval_pair pair;
	struct json_iter it;
	int object = json_is(attributes, JSON_OBJECT);

	if (!object && !json_is(attributes, JSON_ARRAY))
		return;
	it = json_each(attributes);
	while (object ? json_next(&it, &key, &value) :
	    otlpval_next(&it, &pair)) {
		if (object) {
			pair.key = key;
			pair.value = value;
		}
		if (json_is_str(pair.key, "service.name"))
			m->span.service = otlpval_string(pair.value);
		else if (json_is_str(pair.key, "openinference.project.name"))
			m->span.project = otlpval_string(pair.value);
	}
}

/* Copies a string, which is present or not, and lets it borrow the copy. */
static void
keep_head(struct buf *b, struct json_span *v)
{
	b->len = 0;
	if (!v->p)
		return;
	buf_add(b, v->p, v->n);
	v->p = buf_str(b);
}

static void
read_head(void *arg, enum docwalk_head what, const char *p)
{
	static const char *const names[] = { "attributes", "name" };
	struct importer *m = arg;
	struct json_span v[LEN(names)], none = { 0 };

	otlpval_fields(p, names, v, LEN(names));
	switch (what) {
	case DOCWALK_RESOURCE:
		m->span.service = m->span.project = none;
		read_attributes(m, v[0]);
		keep_head(&m->head.service, &m->span.service);
		keep_head(&m->head.project, &m->span.project);
		break;
	case DOCWALK_SCOPE:
		m->span.scope = v[1];
		keep_head(&m->head.scope, &m->span.scope);
		break;
	case DOCWALK_PROCESSES:
		m->head.processes.len = 0;
		buf_add(&m->head.processes, p, (size_t)(json_end(p) - p));
		buf_str(&m->head.processes);
	}
}

/* Whether a span that was read has the shape of OTLP. */
static int
has_shape(const struct otlpspan *s)
{
	return json_is(s->v[SPAN_ATTRIBUTES], JSON_ARRAY) &&
	    s->v[SPAN_SPAN_ID].p && s->v[SPAN_START].p;
}

static const char *
read_span(void *arg, const char *p)
{
	struct importer *m = arg;
	struct json_span service = m->span.service;
	struct json_span project = m->span.project;
	struct json_span scope = m->span.scope;
	struct spanshape shape;
	const char *end;

	if (!otlpspan_read(&m->span, p) && has_shape(&m->span)) {
		m->given.p = p;
		m->given.n = (size_t)(m->span.after - p);
		end = m->span.after;
		keep_span(m);
		return end;
	}
	end = m->span.after;
	m->shape.len = 0;
	if (spanshape_put(&m->shape, p, json_buf(&m->head.processes), &shape)
	    || otlpspan_read(&m->span, buf_str(&m->shape)))
		return NULL;
	read_attributes(m, shape.resource);
	if (shape.service.p)
		m->span.service = shape.service;
	if (shape.scope.p)
		m->span.scope = shape.scope;
	m->given = json_buf(&m->shape);
	keep_span(m);
	m->span.service = service;
	m->span.project = project;
	m->span.scope = scope;
	return end;
}

/* Reads a log record. */
static const char *
read_record(void *arg, const char *p)
{
	struct importer *m = arg;
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
	m->in->alone += !key;
	m->in->late += key && !put;
	return json_end(p);
}

/* --- documents and files ------------------------------------------------- */

/* A document without lists: a bare span or record, or something else. */
static enum docwalk_other
read_other(void *arg, struct json_span v)
{
	struct importer *m = arg;

	if (json_is(v, JSON_OBJECT) && spanshape_is_span(v.p))
		return read_span(m, v.p) ? DOCWALK_SPAN : DOCWALK_LOST;
	if (json_is(v, JSON_OBJECT) && spanshape_is_record(v.p)) {
		read_record(m, v.p);
		return DOCWALK_SPAN;
	}
	if (!m->other)
		m->other = recognize_object(v);
	return DOCWALK_OTHER;
}

static int
is_stopped(void *arg)
{
	const struct importer *m = arg;

	return m->failed;
}

/* Returns a text in which FILE is the name of the file; freed by the caller. */
static char *
name_file(const struct importer *m, const char *what)
{
	const char *name = m->source->file, *p;
	struct buf b = { 0 };

	if (*name == '<')
		name = "FILE";
	for (; (p = strstr(what, "FILE")); what = p + 4) {
		buf_add(&b, what, (size_t)(p - what));
		buf_puts(&b, name);
	}
	buf_puts(&b, what);
	buf_str(&b);
	return buf_detach(&b, NULL);
}

/* Complains about a line, unless that was done already. */
static void
complain_at(struct importer *m, size_t line, const char *what)
{
	m->source->line = line;
	if (line != m->complained)
		source_complain(m->source, "%s", what);
	m->complained = line;
}

static void
report_bad(void *arg, size_t first, const struct feed_place *at,
    const char *msg, int cut)
{
	struct importer *m = arg;
	unsigned long long byte = at->pos - at->line_start;
	struct buf text = { 0 };

	if (cut)
		buf_puts(&text, at->line == first ?
		    "the last line is cut off: " :
		    "the document is cut off: ");
	buf_printf(&text, "%s (byte %llu)", msg, byte + 1);
	complain_at(m, at->line, buf_str(&text));
	buf_release(&text);
}

/* What is wrong with a document apart from its text, or NULL; to be freed. */
static char *
find_complaint(const struct importer *m, const struct docwalk_found *f)
{
	char *kind, *text;

	if (f->lost)
		return xasprintf("%zu of its spans %s no trace id", f->lost,
		    f->lost == 1 ? "has" : "have");
	if (f->missed)
		return xstrdup("the resource or scope comes too late for the "
		    "spans before it");
	if (f->lists || f->spans)
		return f->others ? xasprintf("%zu of its values %s not a span",
		    f->others, f->others == 1 ? "is" : "are") : NULL;
	if (f->broken)
		return NULL;
	kind = name_file(m, m->other ? m->other :
	    "it has no 'resourceSpans'");
	text = xasprintf("not OTLP traces: %s", kind);
	free(kind);
	return text;
}

static void
report_document(struct importer *m, const struct docwalk_found *f)
{
	char *complaint = find_complaint(m, f);

	source_replaced(m->source, f->met);
	if (f->spans || (f->lists && !f->broken))
		source_use(m->source);
	if (complaint)
		complain_at(m, f->at.line, complaint);
	free(complaint);
}

/* Reports a file that is of another kind altogether. Returns 1 if it is. */
static int
reject_file(struct importer *m, struct feed *f)
{
	const char *what, *p;
	char *text;

	feed_more(f, 0);
	if (f->kind == FEED_UTF16_LE || f->kind == FEED_UTF16_BE)
		source_note(m->source, "UTF-16: convert it first, such as by "
		    "iconv -f UTF-16 -t UTF-8");
	for (p = f->p; *p && strchr(" \t\r\n", *p); p++)
		;
	if (!f->len || *p == '{' || *p == '[')
		return 0;
	what = recognize_bytes(f->p, f->len);
	if (!what)
		return 0;
	text = name_file(m, what);
	source_reject(m->source, text);
	free(text);
	return 1;
}

/* Reads the file that is open. */
static void
otlpin_read_file(struct importer *m)
{
	static const struct docwalk_calls calls = {
		.head = read_head, .span = read_span, .record = read_record,
		.other = read_other, .bad = report_bad, .stopped = is_stopped
	};
	struct docwalk w;
	struct feed f;

	feed_init(&f, m->source->reader.fd);
	docwalk_init(&w, &f, &calls, m);
	m->complained = 0;
	if (!reject_file(m, &f)) {
		while (!m->failed && docwalk_next(&w)) {
			report_document(m, &w.found);
			m->other = NULL;
		}
		source_finish(m->source);
	}
	if (f.error)
		source_fail(m->source, f.error);
	else if (f.damage)
		source_reject(m->source, f.damage);
	docwalk_release(&w);
	feed_release(&f);
}

/* --- the end ------------------------------------------------------------- */

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

/*
 * Joins the spans with the records that came after them. Writes those that were
 * kept, if observations are written separately.
 */
static int
finish_joined(struct importer *m)
{
	const struct joined *x;
	size_t i;

	for (i = 0; i < m->join.n; i++) {
		x = &m->join.spans[i];
		if (!x->seen)
			m->in->alone += x->nevents;
		if (!x->held || (!x->late && m->what != OTLPIN_SEPARATE))
			continue;
		if (read_held(m, i))
			return -1;
		m->key = span_key(m);
		if (x->late && keep_content(m, import_trace_of(m)))
			return -1;
		if (m->what == OTLPIN_SEPARATE && write_step(m))
			return -1;
	}
	return 0;
}

static void
importer_release(struct importer *m)
{
	otlpspan_release(&m->span);
	spool_release(&m->spool);
	spanjoin_release(&m->join);
	set_release(&m->ids);
	free(m->traces);
	buf_release(&m->head.service);
	buf_release(&m->head.project);
	buf_release(&m->head.scope);
	buf_release(&m->head.processes);
	buf_release(&m->text);
	buf_release(&m->shape);
	buf_release(&m->whole);
	buf_release(&m->joined);
	buf_release(&m->events);
}

int
otlpin_run(struct otlpin *in, struct source *s, struct out *o,
    enum otlpin_output what)
{
	struct importer m = { .in = in, .source = s, .out = o, .what = what };
	size_t i;

	memset(in, 0, sizeof(*in));
	otlpspan_init(&m.span);
	m.join.spool = &m.spool;
	while (!m.failed && source_open(s)) {
		otlpin_read_file(&m);
		source_close(s);
	}
	if (!m.failed)
		m.failed = finish_joined(&m);
	for (i = 0; i < m.ntraces && !m.failed; i++)
		m.failed = write_trace(&m, &m.traces[i]);
	in->error = m.spool.error;
	importer_release(&m);
	return m.failed ? -1 : 0;
}
