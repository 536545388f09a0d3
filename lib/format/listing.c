#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "json/json.h"
#include "trace/trace.h"
#include "mdtext.h"
#include "listing.h"

/* The most characters of a cell. */
#define CELL_SHOWN 60

static void
table_begin(struct buf *b, const struct format_options *o)
{
	(void)o;
	buf_puts(b, "| Input | Iteration | Persona | Duration | Success "
	    "| Error | File |\n"
	    "| --- | ---: | --- | ---: | --- | --- | --- |\n");
}

/* Appends a cell: the first line of a value, with Markdown escaped. */
static void
listing_put_cell(struct buf *b, struct json_span v)
{
	struct buf text = { 0 };
	size_t i, shown = 0;
	uint32_t c;

	if (!json_is_null(v))
		trace_plain(&text, v);
	buf_byte(b, ' ');
	for (i = 0; i < text.len && text.p[i] != '\n' && text.p[i] != '\r' &&
	    shown < CELL_SHOWN; shown++)
		i += utf8_decode(text.p + i, text.len - i, &c);
	mdtext_put(b, text.p, i);
	if (i < text.len)
		buf_puts(b, "…");
	buf_puts(b, " |");
	buf_release(&text);
}

/* Appends why a trace failed, or that it called an error callback. */
static void
put_error_cell(struct buf *b, const struct trace *t)
{
	size_t calls = trace_error_calls(t);

	if (trace_falsy(t->v[TRACE_ERROR]) && calls)
		buf_printf(b, " error callback: %zu |", calls);
	else if (trace_falsy(t->v[TRACE_ERROR]))
		listing_put_cell(b, t->v[TRACE_ERROR_KIND]);
	else
		listing_put_cell(b, t->v[TRACE_ERROR]);
}

static void
table_before(struct buf *b, const struct trace *t)
{
	static const char *const success[OUTCOMES] = {
		[OUTCOME_UNKNOWN] = "",
		[OUTCOME_FAILED] = "no",
		[OUTCOME_SUCCESS] = "yes"
	};
	double ms;

	buf_byte(b, '|');
	listing_put_cell(b, t->v[TRACE_INPUT]);
	listing_put_cell(b, t->v[TRACE_ITERATION]);
	listing_put_cell(b, t->v[TRACE_PERSONA]);
	if (t->v[TRACE_DURATION].p && json_double(t->v[TRACE_DURATION], &ms) &&
	    isfinite(ms))
		buf_printf(b, " %.2f ms |", ms);
	else
		buf_puts(b, " |");
	buf_printf(b, " %s |", success[trace_outcome(t)]);
	put_error_cell(b, t);
	buf_byte(b, ' ');
}

static void
table_name(struct buf *b, const char *file)
{
	buf_printf(b, "[%s](%s) |\n", file, file);
}

static void
table_after(struct buf *b, const struct trace *t)
{
	(void)b;
	(void)t;
}

static void
table_end(struct buf *b, const uint64_t *outcomes)
{
	(void)b;
	(void)outcomes;
}

const struct listing listing_table = {
	.file = "index.md",
	.begin = table_begin,
	.before = table_before,
	.name = table_name,
	.after = table_after,
	.end = table_end
};
