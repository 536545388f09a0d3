#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "json/json.h"
#include "csv.h"

void
csv_init(struct csv *c, struct feed *f)
{
	memset(c, 0, sizeof(*c));
	c->feed = f;
}

void
csv_release(struct csv *c)
{
	buf_release(&c->row);
	buf_release(&c->names);
	free(c->ends);
	free(c->name_ends);
}

/* The next byte, or -1 at the end. */
static int
csv_peek(struct csv *c)
{
	while (!feed_has(c->feed, c->pos))
		if (!feed_more(c->feed, c->pos))
			return -1;
	return (unsigned char)*feed_at(c->feed, c->pos);
}

static void
csv_end_cell(struct csv *c)
{
	ALLOC_GROW(c->ends, c->n + 1, c->cap);
	c->ends[c->n++] = c->row.len;
}

/* Reads the rest of a cell in quotation marks. */
static void
csv_quoted(struct csv *c)
{
	int ch;

	for (c->pos++; (ch = csv_peek(c)) >= 0; buf_byte(&c->row, (char)ch)) {
		c->pos++;
		if (ch == '"' && csv_peek(c) != '"')
			return;
		/* two quotation marks stand for one */
		if (ch == '"')
			c->pos++;
	}
	c->cut = 1;
}

/* Reads the cells of a row. Returns 0 at the end of the text. */
static int
csv_row(struct csv *c)
{
	int ch;

	while ((ch = csv_peek(c)) == '\n' || ch == '\r')
		c->pos++;
	if (ch < 0)
		return 0;
	c->feed->mark = c->at = feed_locate(c->feed, c->pos);
	c->row.len = c->n = 0;
	for (;;) {
		if (csv_peek(c) == '"')
			csv_quoted(c);
		while ((ch = csv_peek(c)) >= 0 && ch != ',' && ch != '\n') {
			if (ch != '\r')
				buf_byte(&c->row, (char)ch);
			c->pos++;
		}
		csv_end_cell(c);
		if (ch != ',')
			return !c->cut;
		c->pos++;
	}
}

/* Keeps the header's cells as JSON strings. */
static int
csv_header(struct csv *c)
{
	size_t i, start = 0;

	if (!csv_row(c))
		return 0;
	c->name_ends = xcalloc(c->n, sizeof(*c->name_ends));
	for (i = 0; i < c->n; start = c->ends[i++]) {
		json_put_text(&c->names, c->row.p + start, c->ends[i] - start);
		c->name_ends[i] = c->names.len;
	}
	c->nnames = c->n;
	return 1;
}

/* Appends a cell: as JSON if it is that, or else as text. */
static void
csv_put_cell(struct buf *b, const char *p, size_t n)
{
	struct json_fault f;
	struct json_span v = { p, n };

	if (strchr("{[\"", *p) &&
	    json_scan(p, n, JSON_LAX | JSON_INSIDE, NULL, NULL, 0, &f) >= 0)
		json_compact(b, v);
	else
		json_put_text(b, p, n);
}

int
csv_next(struct csv *c, struct buf *b, size_t *extra)
{
	struct json_span key;
	size_t i, start = 0, name = 0;

	if ((!c->nnames && !csv_header(c)) || !csv_row(c))
		return 0;
	buf_str(&c->row);
	*extra = c->n > c->nnames ? c->n - c->nnames : 0;
	json_open(b, NULL, '{');
	for (i = 0; i < c->n - *extra; i++) {
		if (c->ends[i] > start) {
			key.p = c->names.p + name;
			key.n = c->name_ends[i] - name;
			json_add(b, NULL, key);
			buf_byte(b, ':');
			csv_put_cell(b, c->row.p + start, c->ends[i] - start);
		}
		start = c->ends[i];
		name = c->name_ends[i];
	}
	json_close(b, '}');
	buf_str(b);
	return 1;
}
