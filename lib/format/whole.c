#include <stddef.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "trace/trace.h"
#include "whole.h"

/* Fields of a row or a per-trace record that a trace does not have. */
static const char *const others[] = {
	"observations_at", "observations_bytes", "observations",
	"final_output", "summary", "timeline", "metrics"
};

static void
whole_put_row(struct buf *b, const struct trace *t)
{
	struct buf id = { 0 };	/* or a row, made valid JSON */

	if (t->row.p && t->met) {
		json_compact(&id, t->row);
		json_add_others(b, json_buf(&id), others, t->pertrace ?
		    LEN(others) : 3);
		buf_release(&id);
		return;
	}
	if (t->row.p) {
		json_add_others(b, t->row, others, t->pertrace ? LEN(others) :
		    3);
		return;
	}
	trace_id_text(t, &id);
	json_add_text(b, trace_fields[TRACE_TRACE_ID], id.p, id.len);
	buf_release(&id);
}

void
whole_put(struct buf *b, struct trace *t)
{
	const struct observation *o;
	size_t i;

	json_open(b, NULL, '{');
	whole_put_row(b, t);
	json_open(b, trace_fields[TRACE_OBSERVATIONS], '[');
	for (i = 0; i < t->nobs; i++) {
		o = trace_load(t, i);
		if (!t->met) {
			json_add(b, NULL, o->raw);
			continue;
		}
		/* others do not read a lone surrogate or NaN */
		json_comma(b);
		json_compact(b, o->raw);
	}
	json_close(b, ']');
	json_close(b, '}');
	buf_byte(b, '\n');
}
