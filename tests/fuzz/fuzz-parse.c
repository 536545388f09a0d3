/*
 * For libFuzzer: a stream of JSONL as fl-parse reads it, joined to traces in a
 * simple way and rendered in every format. The text must end in a newline, be
 * UTF-8, and JSON in a format of JSON. It must not depend on the buffer's
 * earlier contents, nor on whether the trace was linked already.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "json/json.h"
#include "trace/trace.h"
#include "format/format.h"
#include "format/options.h"

/* The part of a stream that is read. */
#define RECORDS 64
#define ROWS 4

struct record {
	struct json_span whole;
	struct json_span v[TRACE_FIELDS];
};

struct stream {
	struct record rows[ROWS];
	size_t nrows;
	struct record observations[RECORDS];
	size_t n;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void
wrong(const struct format *f, const char *what, struct buf *b)
{
	fprintf(stderr, "fuzz-parse: %s: %s\n%s\n", f->name, what,
	    buf_str(b));
	abort();
}

static int
is_json(const char *s, size_t n)
{
	struct json_fault f;

	return json_scan(s, n, 0, NULL, NULL, 0, &f) >= 0;
}

/* Whether every line of b is JSON. */
static int
are_json(const struct buf *b)
{
	const char *p = b->p, *end = b->p + b->len, *q;

	for (; p < end; p = q + 1) {
		q = memchr(p, '\n', (size_t)(end - p));
		if (!q || !is_json(p, (size_t)(q - p)))
			return 0;
	}
	return 1;
}

/* Whether the text, twice, is JSON with the text around and between traces. */
static int
stream_is_json(const struct format *f, const struct buf *text)
{
	struct buf b = { 0 };
	int good;

	buf_puts(&b, f->begin);
	buf_add(&b, text->p, text->len);
	buf_puts(&b, f->between ? f->between : "");
	buf_add(&b, text->p, text->len);
	buf_puts(&b, f->end ? f->end : "");
	good = is_json(b.p, b.len);
	buf_release(&b);
	return good;
}

static void
check(const struct format *f, struct buf *b)
{
	const char *kind = f->suffix ? f->suffix : f->name;

	if (!f->begin && (!b->len || b->p[b->len - 1] != '\n'))
		wrong(f, "no newline at the end", b);
	if (utf8_check(b->p, b->len) < b->len)
		wrong(f, "no UTF-8", b);
	if (f->begin && strchr("[{", *f->begin)) {
		if (!stream_is_json(f, b))
			wrong(f, "no JSON", b);
	} else if (strstr(kind, "json") && !is_json(b->p, b->len) &&
	    !are_json(b)) {
		wrong(f, "no JSON", b);
	}
}

static void
fill(struct trace *t, struct json_span row, const struct json_span *steps,
    size_t n)
{
	size_t i;

	trace_reset(t, row);
	for (i = 0; i < n; i++)
		trace_add(t, steps[i]);
	trace_sort(t);
}

static void
render(const struct format *f, struct json_span row,
    const struct json_span *steps, size_t n)
{
	struct trace t = { 0 };
	const struct format_options options = { 0 };
	struct buf b = { 0 }, again = { 0 };

	fill(&t, row, steps, n);
	format_put(f, &options, &b, &t);
	check(f, &b);
	fill(&t, row, steps, n);
	trace_link(&t);
	buf_puts(&again, "before\n");
	format_put(f, &options, &again, &t);
	if (again.len != b.len + 7 || memcmp(again.p + 7, b.p, b.len) != 0)
		wrong(f, "it depends on what was before", &again);
	buf_release(&b);
	buf_release(&again);
	trace_release(&t);
}

static void
check_name(struct json_span row, const struct json_span *steps, size_t n)
{
	struct trace t = { 0 };
	struct buf b = { 0 };

	fill(&t, row, steps, n);
	trace_file_name(&t, &b);
	if (b.len > 240 || strchr(buf_str(&b), '/') ||
	    strlen(buf_str(&b)) != b.len ||
	    utf8_check(b.p, b.len) < b.len) {
		fprintf(stderr, "fuzz-parse: a bad file name: %s\n", b.p);
		abort();
	}
	buf_release(&b);
	trace_release(&t);
}

static void
render_all(struct json_span row, const struct json_span *steps, size_t n)
{
	struct buf names = { 0 };
	struct format f;
	char *name, *rest;

	format_names(&names);
	rest = buf_str(&names);
	while ((name = strtok_r(rest, ", ", &rest)))
		if (!format_find(&f, name))
			render(&f, row, steps, n);
	check_name(row, steps, n);
	buf_release(&names);
}

static void
render_whole(const struct record *r)
{
	struct json_span steps[RECORDS], key;
	struct json_iter it = json_each(r->v[TRACE_OBSERVATIONS]);
	size_t n = 0;

	while (n < RECORDS && json_next(&it, &key, &steps[n]))
		n++;
	render_all(r->whole, steps, n);
}

/* Renders a row, or none, with the observations that have its trace id. */
static void
render_parts(const struct stream *s, const struct record *row)
{
	struct json_span steps[RECORDS], none = { 0 }, id, other;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		other = s->observations[i].v[TRACE_TRACE_ID];
		id = row ? row->v[TRACE_TRACE_ID] : other;
		if (id.n == other.n && !memcmp(id.p, other.p, id.n))
			steps[n++] = s->observations[i].whole;
	}
	render_all(row ? row->whole : none, steps, n);
}

static void
take(struct stream *s, const char *line, size_t n)
{
	const char *names[TRACE_FIELDS + 1];
	struct json_span v[TRACE_FIELDS + 1];
	struct json_fault f;
	struct record r;

	memcpy(names, trace_fields, sizeof(trace_fields));
	names[TRACE_FIELDS] = "type";
	if (json_scan(line, n, JSON_LAX, names, v, TRACE_FIELDS + 1, &f) < 0 ||
	    !v[TRACE_TRACE_ID].p)
		return;
	r.whole.p = line;
	r.whole.n = n;
	memcpy(r.v, v, sizeof(r.v));
	if (json_is(r.v[TRACE_OBSERVATIONS], JSON_ARRAY))
		render_whole(&r);
	else if (v[TRACE_FIELDS].p && s->n < RECORDS)
		s->observations[s->n++] = r;
	else if (!v[TRACE_FIELDS].p && s->nrows < ROWS)
		s->rows[s->nrows++] = r;
}

/* Takes a line, without the white space that source_next skips, too. */
static void
take_line(struct stream *s, const char *p, size_t n)
{
	while (n && strchr(" \t\r", *p) && *p) {
		p++;
		n--;
	}
	while (n && strchr(" \t\r", p[n - 1]) && p[n - 1])
		n--;
	if (n && *p == '{')
		take(s, p, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stream s;
	struct buf text = { 0 };
	const char *p, *q;
	size_t i;

	s.n = s.nrows = 0;
	buf_add(&text, data, size);
	buf_byte(&text, '\n');
	for (p = text.p; p < text.p + text.len; p = q + 1) {
		q = memchr(p, '\n', (size_t)(text.p + text.len - p));
		take_line(&s, p, (size_t)(q - p));
	}
	for (i = 0; i < s.nrows; i++)
		render_parts(&s, &s.rows[i]);
	if (s.n && !s.nrows)
		render_parts(&s, NULL);
	buf_release(&text);
	return 0;
}
