#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "io/source.h"
#include "complaint.h"
#include "conventions.h"
#include "docwalk.h"
#include "feed.h"
#include "gather.h"
#include "otlpspan.h"
#include "otlpval.h"
#include "recognize.h"
#include "spanshape.h"
#include "otlpin.h"

/* Text of the input that is needed after the walk has left it. */
struct imported_head {
	struct buf service;
	struct buf project;
	struct buf scope;
	struct buf processes;
	struct buf trace;
};

struct importer {
	struct gather *g;
	struct source *source;
	struct complaint complaint;
	struct imported_head head;
	struct buf shape;	/* the span in the shape of OTLP */
	const char *other;	/* name of the document's first other value */
};

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
			m->g->span.service = otlpval_string(pair.value);
		else if (json_is_str(pair.key, "openinference.project.name"))
			m->g->span.project = otlpval_string(pair.value);
	}
}

/* Copies a string, which may be absent, and lets *v borrow the copy. */
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
		m->g->span.service = m->g->span.project = none;
		read_attributes(m, v[0]);
		keep_head(&m->head.service, &m->g->span.service);
		keep_head(&m->head.project, &m->g->span.project);
		break;
	case DOCWALK_SCOPE:
		m->g->span.scope = v[1];
		keep_head(&m->head.scope, &m->g->span.scope);
		break;
	case DOCWALK_TRACE:
		m->head.trace.len = 0;
		if (p && *p == '"')
			buf_add(&m->head.trace, p, (size_t)(json_end(p) - p));
		buf_str(&m->head.trace);
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
	struct json_span service = m->g->span.service;
	struct json_span project = m->g->span.project;
	struct json_span scope = m->g->span.scope;
	const struct spanshape_around around = {
		json_buf(&m->head.processes), json_buf(&m->head.trace)
	};
	struct spanshape shape;
	struct json_span given;
	const char *end;

	if (!otlpspan_read(&m->g->span, p) && has_shape(&m->g->span)) {
		given.p = p;
		given.n = (size_t)(m->g->span.after - p);
		end = m->g->span.after;
		gather_span(m->g, given);
		return end;
	}
	end = m->g->span.after;
	m->shape.len = 0;
	if (spanshape_put(&m->shape, p, &around, &shape) ||
	    otlpspan_read(&m->g->span, buf_str(&m->shape)))
		return NULL;
	read_attributes(m, shape.resource);
	if (shape.service.p)
		m->g->span.service = shape.service;
	if (shape.scope.p)
		m->g->span.scope = shape.scope;
	gather_span(m->g, json_buf(&m->shape));
	m->g->span.service = service;
	m->g->span.project = project;
	m->g->span.scope = scope;
	return end;
}

/* Reads a log record. */
static const char *
read_record(void *arg, const char *p)
{
	struct importer *m = arg;

	gather_record(m->g, p);
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
		m->other = recognize_object(v, "otlp");
	return DOCWALK_OTHER;
}

static int
is_stopped(void *arg)
{
	const struct importer *m = arg;

	return m->g->failed;
}

static void
report_bad(void *arg, size_t first, const struct feed_place *at,
    const char *msg, int cut)
{
	struct importer *m = arg;

	complaint_bad(&m->complaint, first, at, msg, cut);
}

/* Returns the fault of a document that is valid JSON, or NULL; to be freed. */
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
	kind = complaint_name(&m->complaint, m->other ? m->other :
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
		complaint_at(&m->complaint, f->at.line, complaint);
	free(complaint);
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
	m->complaint.line = 0;
	if (!complaint_rejects(&m->complaint, &f)) {
		while (!m->g->failed && docwalk_next(&w)) {
			report_document(m, &w.found);
			m->other = NULL;
		}
		source_finish(m->source);
	}
	complaint_end(&m->complaint, &f);
	docwalk_release(&w);
	feed_release(&f);
}

void
otlpin_read(struct gather *g, struct source *s)
{
	struct importer m = {
		.g = g, .source = s, .complaint = { s, "otlp", 0 }
	};

	while (!g->failed && source_open(s)) {
		otlpin_read_file(&m);
		source_close(s);
	}
	buf_release(&m.head.service);
	buf_release(&m.head.project);
	buf_release(&m.head.scope);
	buf_release(&m.head.processes);
	buf_release(&m.head.trace);
	buf_release(&m.shape);
}
