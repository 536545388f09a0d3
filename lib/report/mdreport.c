/*
 * Markdown of GitHub: a comparison, if there is one, the counts, the runs that
 * do not pass.
 */
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/visible.h"
#include "json/json.h"
#include "io/out.h"
#include "record/excerpt.h"
#include "evaluate/diff.h"
#include "evaluate/diffview.h"
#include "evaluate/runs.h"
#include "evaluate/statistics.h"
#include "evaluate/text.h"
#include "report.h"
#include "test.h"
#include "mdreport.h"

#define SHOWN 200		/* bytes of an excerpt, about */
#define ITEM_SHOWN 240		/* bytes of an item of a list */
#define PAIRS_SHOWN 20		/* runs of a kind in a comparison */

static void
md_put_head(const struct report *r, const struct test_counts *c,
    struct buf *b)
{
	size_t passed = c->tests - c->failures - c->errors;
	struct interval ci = stat_wilson(passed, c->tests, 0.05);

	if (!r->diff)
		buf_printf(b, "> [!%s]\n> ", passed == c->tests ? "TIP" :
		    "CAUTION");
	buf_puts(b, "**");
	text_put_md(b, r->name, strlen(r->name));
	buf_printf(b, "**: %zu of %zu runs pass\n\n", passed, c->tests);
	buf_puts(b, "| Runs | Pass | Fail | Errors | Pass rate |\n"
	    "| ---: | ---: | ---: | ---: | --- |\n");
	buf_printf(b, "| %zu | %zu | %zu | %zu | %.1f %% (%.1f to %.1f) |\n",
	    c->tests, passed, c->failures, c->errors, c->tests ?
	    100 * (double)passed / (double)c->tests : 0, 100 * ci.low,
	    100 * ci.high);
}

/* Appends the comparison, with as many runs as fit into half the room. */
static int
md_put_diff(const struct report *r, struct buf *b)
{
	struct diffview v = { r->diff, NULL, PAIRS_SHOWN };
	size_t at = b->len;

	for (;;) {
		if (diffview_put_markdown(&v, b))
			return -1;
		if (!v.most || !r->most_bytes ||
		    b->len - at <= r->most_bytes / 2)
			break;
		v.most /= 2;
		b->len = at;
	}
	buf_byte(b, '\n');
	return 0;
}

/* Appends an item of a list; the text is cut between two characters. */
static void
md_put_item(const char *label, struct buf *text, struct buf *b)
{
	buf_printf(b, "\n- %s: ", label);
	text_put_md(b, buf_str(text), utf8_cut(buf_str(text), text->len,
	    ITEM_SHOWN));
	text->len = 0;
}

static void
md_put_entry(struct test *t, struct buf *b)
{
	struct buf text = { 0 };
	struct json_span line;

	test_explain(t);
	buf_puts(b, "\n<details><summary>");
	text_put_md(b, buf_str(&t->name), t->name.len);
	buf_puts(b, "</summary>\n");
	excerpt_put(&text, t->v[TEST_INPUT], SHOWN);
	md_put_item("input", &text, b);
	excerpt_put(&text, t->v[TEST_OUTPUT], SHOWN);
	md_put_item("output", &text, b);
	line = text_last_line(&t->reason);
	buf_add(&text, line.p, line.n);
	md_put_item("why", &text, b);
	buf_puts(b, "\n\n</details>\n");
	buf_release(&text);
}

/* Whether a run is an entry: not one that the comparison shows. */
static int
is_entry(const struct report *r, size_t i)
{
	return r->runs->v[i].outcome != RUNS_PASS && (!r->diff ||
	    r->diff->pairs[i].change != DIFF_REGRESSED);
}

/* Writes the report; entries are complete, as long as there is room. */
int
md_report_put(const struct report *r, struct out *o)
{
	struct test_counts c = test_count_all(r->runs);
	struct test t = { .run = NULL };
	struct buf entry = { 0 }, *b = out_begin(o);
	size_t i, at = b->len, left_out = 0;
	int bad = r->diff && md_put_diff(r, b);

	md_put_head(r, &c, b);
	for (i = 0; i < r->runs->n && !bad; i++) {
		if (!is_entry(r, i))
			continue;
		if (left_out) {
			left_out++;
			continue;
		}
		bad = test_read(r, i, &t);
		entry.len = 0;
		if (!bad)
			md_put_entry(&t, &entry);
		/* the last line has its room, too */
		if (r->most_bytes && b->len - at + entry.len + 100 >
		    r->most_bytes)
			left_out++;
		else
			buf_add(b, entry.p, entry.len);
	}
	if (left_out)
		buf_printf(b, "\n%zu more left out\n", left_out);
	visible_replace(b, at, VISIBLE_LINES);
	test_release(&t);
	buf_release(&entry);
	return bad || out_end(o) ? -1 : 0;
}
