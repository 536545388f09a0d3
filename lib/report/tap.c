/* The Test Anything Protocol, version 14 (https://testanything.org). */
#include "base/buf.h"
#include "base/visible.h"
#include "json/json.h"
#include "io/out.h"
#include "evaluate/diff.h"
#include "evaluate/diffview.h"
#include "evaluate/runs.h"
#include "evaluate/text.h"
#include "report.h"
#include "test.h"
#include "tap.h"

/* Appends a description: one line, without a # that begins a directive. */
static void
put_tap_text(struct buf *b, const struct buf *text)
{
	size_t i;

	for (i = 0; i < text->len; i++) {
		if (text->p[i] == '#' || text->p[i] == '\\')
			buf_byte(b, '\\');
		buf_byte(b, (unsigned char)text->p[i] < ' ' ? ' ' :
		    text->p[i]);
	}
}

static void
tap_put_yaml(struct buf *b, const char *key, const char *s, size_t n)
{
	buf_printf(b, "  %s: ", key);
	json_put_text(b, s, n);
	buf_byte(b, '\n');
}

/* The block of a run that does not pass, or changed since the base. */
static void
tap_put_block(struct test *t, struct buf *b)
{
	struct json_span line;

	buf_puts(b, "  ---\n");
	if (t->run->outcome != RUNS_PASS) {
		test_explain(t);
		line = text_last_line(&t->reason);
		tap_put_yaml(b, "message", line.p, line.n);
		tap_put_yaml(b, "output", buf_str(&t->output), t->output.len);
	}
	if (test_change(t))
		buf_printf(b, "  change: %s\n", test_change(t));
	if (t->pair && t->pair->base)
		buf_printf(b, "  base: %s\n", test_outcome(t->pair->base));
	buf_puts(b, "  ...\n");
}

static void
put_point(struct test *t, size_t number, struct buf *b)
{
	size_t at = b->len;

	buf_printf(b, "%sok %zu - ", t->run->outcome == RUNS_PASS ? "" :
	    "not ", number);
	put_tap_text(b, &t->name);
	buf_byte(b, '\n');
	if (t->run->outcome != RUNS_PASS || test_change(t))
		tap_put_block(t, b);
	visible_replace(b, at, VISIBLE_LINES);
}

int
tap_put(const struct report *r, struct out *o)
{
	struct test t = { .run = NULL };
	struct buf *b = out_begin(o);
	size_t i;
	int bad = 0;

	buf_printf(b, "TAP version 14\n1..%zu\n", r->runs->n);
	if (r->diff) {
		buf_puts(b, "# ");
		diffview_put_head(r->diff, b);
	}
	bad = out_end(o);
	for (i = 0; i < r->runs->n && !bad; i++) {
		bad = test_read(r, i, &t);
		if (!bad) {
			put_point(&t, i + 1, out_begin(o));
			bad = out_end(o);
		}
	}
	test_release(&t);
	return bad ? -1 : 0;
}
