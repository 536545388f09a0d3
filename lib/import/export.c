#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "io/source.h"
#include "csv.h"
#include "docwalk.h"
#include "feed.h"
#include "gather.h"
#include "recognize.h"
#include "export.h"

void
export_span(struct export *x)
{
	gather_text(x->g, spanmake_end(&x->make));
}

/* Passes a value to the kind. */
static enum docwalk_other
export_other(void *arg, struct json_span v)
{
	struct export *x = arg;

	if (json_is(v, JSON_OBJECT) && !x->kind->record(x, v))
		return DOCWALK_SPAN;
	if (!x->other)
		x->other = recognize_object(v, x->kind->name);
	return DOCWALK_OTHER;
}

static void
export_noted(void *arg, size_t member, struct json_span v)
{
	struct export *x = arg;

	x->kind->noted(x, member, v);
}

static void
export_bad(void *arg, size_t first, const struct feed_place *at,
    const char *msg, int cut)
{
	struct export *x = arg;

	complaint_bad(&x->complaint, first, at, msg, cut);
}

static int
export_stopped(void *arg)
{
	const struct export *x = arg;

	return x->g->failed;
}

/* Returns the fault of a document that is valid JSON, or NULL; to be freed. */
static char *
export_fault(const struct export *x, const struct docwalk_found *f)
{
	char *what, *text;

	if (!f->others || (f->broken && !f->spans))
		return NULL;
	if (f->spans)
		return xasprintf("%zu of its values %s not %s", f->others,
		    f->others == 1 ? "is" : "are", x->kind->one);
	what = complaint_name(&x->complaint, x->other ? x->other :
	    x->kind->expected);
	text = xasprintf("not %s: %s", x->kind->one, what);
	free(what);
	return text;
}

static void
export_document(struct export *x, const struct docwalk_found *f)
{
	char *fault = export_fault(x, f);

	source_replaced(x->source, f->met);
	if (f->spans || (f->lists && !f->broken))
		source_use(x->source);
	if (fault)
		complaint_at(&x->complaint, f->at.line, fault);
	free(fault);
	x->other = NULL;
}

/* Reads JSON documents. */
static void
export_documents(struct export *x, struct feed *f)
{
	struct docwalk_calls calls = {
		.other = export_other, .bad = export_bad,
		.stopped = export_stopped, .noted = export_noted,
		.members = x->kind->members,
		.nwrappers = x->kind->nwrappers,
		.nmembers = x->kind->nmembers
	};
	struct docwalk w;

	docwalk_init(&w, f, &calls, x);
	while (!x->g->failed && docwalk_next(&w))
		export_document(x, &w.found);
	docwalk_release(&w);
}

/* Reads the rows of a table. */
static void
export_rows(struct export *x, struct feed *f)
{
	struct docwalk_found found = { 0 };
	struct buf row = { 0 };
	struct csv c;
	size_t extra;

	csv_init(&c, f);
	for (; !x->g->failed && csv_next(&c, &row, &extra); row.len = 0) {
		found.at = c.at;
		found.spans = export_other(x, json_buf(&row)) == DOCWALK_SPAN;
		found.others = !found.spans;
		leftover_add(&x->left, "cells without a name", extra);
		export_document(x, &found);
	}
	if (c.cut)
		complaint_at(&x->complaint, c.at.line,
		    "the row is cut off: a quotation mark is missing");
	csv_release(&c);
	buf_release(&row);
}

/* Reads the file that is open. */
static void
export_file(struct export *x)
{
	struct feed f;
	const char *p;

	feed_init(&f, x->source->reader.fd);
	x->complaint.line = 0;
	if (!complaint_rejects(&x->complaint, &f)) {
		p = f.len ? f.p + strspn(f.p, " \t\r\n") : "";
		if (x->kind->csv && *p && *p != '{' && *p != '[')
			export_rows(x, &f);
		else
			export_documents(x, &f);
		source_finish(x->source);
	}
	complaint_end(&x->complaint, &f);
	feed_release(&f);
}

void
export_read(const struct export_kind *kind, struct gather *g,
    struct source *s)
{
	struct export x = {
		.g = g, .source = s, .kind = kind,
		.complaint = { s, kind->name, 0 }
	};
	char *text;

	x.state = xcalloc(1, kind->size + 1);
	while (!g->failed && source_open(s)) {
		export_file(&x);
		source_close(s);
	}
	if (kind->end)
		kind->end(&x);
	text = leftover_text(&x.left);
	if (text)
		s->report(text);
	free(text);
	free(x.state);
	spanmake_release(&x.make);
	leftover_release(&x.left);
}

void
export_keep(struct buf *b, struct json_span v)
{
	b->len = 0;
	if (v.p)
		buf_add(b, v.p, v.n);
	buf_str(b);
}
