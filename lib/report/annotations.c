/*
 * Annotations of GitHub, of which it shows ten errors of a step: what regressed
 * since the base comes first.
 */
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
#include "annotations.h"

#define ANNOTATIONS 10		/* annotations that are shown */

/* Appends text of a workflow command; a property has more escapes. */
static void
put_command(struct buf *b, const char *s, size_t n, int property)
{
	for (; n; s++, n--)
		if (*s == '%' || *s == '\r' || *s == '\n' ||
		    (property && (*s == ':' || *s == ',')))
			buf_printf(b, "%%%02X", (unsigned char)*s);
		else
			buf_byte(b, *s);
}

/* Appends the verdict of the comparison. Returns 1 if that is an error. */
static size_t
github_put_verdict(const struct diff *d, struct buf *b)
{
	int worse = d->verdict == DIFF_REGRESSION;
	struct buf text = { 0 };

	diffview_put_head(d, &text);
	buf_printf(b, "::%s title=%s::", worse ? "error" : "notice",
	    diff_verdicts[d->verdict]);
	put_command(b, text.p, text.len - 1, 0);
	buf_byte(b, '\n');
	buf_release(&text);
	return (size_t)worse;
}

static void
put_annotation(struct test *t, struct buf *b)
{
	struct json_span line;

	test_explain(t);
	line = text_last_line(&t->reason);
	buf_puts(b, "::error title=");
	if (test_change(t)) {
		buf_puts(b, test_change(t));
		buf_puts(b, "%3A ");
	}
	put_command(b, t->name.p, t->name.len, 1);
	buf_puts(b, "::");
	put_command(b, line.p, line.n, 0);
	buf_byte(b, '\n');
}

static int
has_regressed(const struct report *r, size_t i)
{
	return r->diff && r->diff->pairs[i].change == DIFF_REGRESSED;
}

int
github_put(const struct report *r, struct out *o)
{
	struct test t = { .run = NULL };
	struct buf *b = out_begin(o);
	size_t i, at = b->len, n = 0, left_out = 0, most = ANNOTATIONS - 1;
	int bad = 0, regressed;

	if (r->diff)
		most -= github_put_verdict(r->diff, b);
	for (regressed = 1; regressed >= 0; regressed--)
		for (i = 0; i < r->runs->n && !bad; i++) {
			if (r->runs->v[i].outcome == RUNS_PASS ||
			    has_regressed(r, i) != regressed)
				continue;
			if (n++ >= most) {
				left_out++;
				continue;
			}
			bad = test_read(r, i, &t);
			if (!bad)
				put_annotation(&t, b);
		}
	if (left_out)
		buf_printf(b, "::error title=%zu more::and %zu more runs do "
		    "not pass\n", left_out, left_out);
	visible_replace(b, at, VISIBLE_LINES);
	test_release(&t);
	return bad || out_end(o) ? -1 : 0;
}
