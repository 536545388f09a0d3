#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "evaluate/checks.h"
#include "format/termwidth.h"
#include "trace/story.h"
#include "trace/trace.h"
#include "runview.h"

#define COLUMNS_MIN 20
#define INDENT 2

void
runview_release(struct runview *p)
{
	buf_release(&p->text);
	free(p->starts);
}

/* --- lines --------------------------------------------------------------- */

static void
runview_begin_line(struct runview *p)
{
	ALLOC_GROW(p->starts, p->n + 1, p->cap);
	p->starts[p->n++] = p->text.len;
}

static size_t
runview_width(const struct runview *p)
{
	return (p->columns > COLUMNS_MIN ? p->columns : COLUMNS_MIN) - INDENT;
}

static void
runview_add_heading(struct runview *p, const char *s, size_t n)
{
	if (p->n)
		runview_begin_line(p);
	runview_begin_line(p);
	buf_puts(&p->text, "\033[1m");
	termwidth_put(&p->text, s, n, runview_width(p));
	buf_puts(&p->text, "\033[0m");
}

static void
runview_add_text(struct runview *p, const char *s, size_t n)
{
	size_t used;

	do {
		runview_begin_line(p);
		buf_fill(&p->text, ' ', INDENT);
		used = n ? termwidth_wrap(&p->text, s, n, runview_width(p)) : 0;
		s += used;
		n -= used;
	} while (n);
}

/* Adds a text as text, another value as JSON on several lines. */
static void
runview_add_value(struct runview *p, const char *heading, struct json_span v)
{
	struct buf text = { 0 };

	if (heading)
		runview_add_heading(p, heading, strlen(heading));
	if (json_is(v, JSON_STRING))
		json_text(&text, v);
	else if (v.p)
		json_pretty(&text, v, 0);
	runview_add_text(p, buf_str(&text), text.len);
	buf_release(&text);
}

/* Appends the text of a value, or nothing if it is absent or null. */
static void
runview_put(struct buf *b, struct json_span v)
{
	if (!json_is_null(v))
		trace_plain(b, v);
}

/* --- a run --------------------------------------------------------------- */

/* Takes pieces of the story. */
static void
runview_take(void *arg, const char *label, const struct buf *text)
{
	struct runview *p = arg;
	struct buf line = { 0 };

	buf_printf(&line, "%s: ", label);
	buf_add(&line, text->p, text->len);
	runview_add_text(p, buf_str(&line), line.len);
	buf_release(&line);
}

static void
runview_take_turn(void *arg, const struct story_turn *turn)
{
	runview_take(arg, buf_str(turn->role), turn->content);
}

/* Whether the only message is the output, which is shown anyway. */
static int
is_output(const struct trace *t)
{
	struct json_span sent = json_get(t->v[TRACE_CALLBACKS], "send");
	struct json_span failed = json_get(t->v[TRACE_CALLBACKS], "error");
	struct json_span key, value, only = { 0 };
	struct json_iter it;
	size_t n = 0;

	if (!json_is(sent, JSON_ARRAY) || (json_is(failed, JSON_ARRAY) &&
	    failed.n > 2))
		return 0;
	for (it = json_each(sent); json_next(&it, &key, &value); n++)
		only = value;
	return n == 1 && only.n == t->v[TRACE_OUTPUT].n &&
	    !memcmp(only.p, t->v[TRACE_OUTPUT].p, only.n);
}

static void
runview_add_steps(struct runview *p, struct trace *t)
{
	const struct observation *o;
	struct buf line = { 0 };
	size_t i;

	trace_add_all(t, t->v[TRACE_OBSERVATIONS]);
	trace_sort(t);
	runview_add_heading(p, "Steps", 5);
	for (i = 0; i < t->nobs; i++) {
		o = &t->obs[i];
		line.len = 0;
		runview_put(&line, o->v[OBS_TYPE]);
		buf_byte(&line, ' ');
		runview_put(&line, o->v[OBS_NAME]);
		buf_puts(&line, ": ");
		runview_put(&line, o->v[OBS_INPUT]);
		buf_puts(&line, " -> ");
		runview_put(&line, o->v[trace_failed(o) ? OBS_ERROR :
		    OBS_OUTPUT]);
		runview_add_text(p, buf_str(&line), line.len);
	}
	buf_release(&line);
}

static void
runview_add_checks(struct runview *p, struct trace *t)
{
	struct json_span key, check, pass, reason;
	struct json_iter it = checks_each(t->v[TRACE_EVALUATION]);
	struct buf line = { 0 };

	runview_add_heading(p, "Checks", 6);
	if (!checks_of(t->v[TRACE_EVALUATION]).p) {
		runview_add_text(p, "it was not evaluated", 20);
		return;
	}
	while (json_next(&it, &key, &check)) {
		line.len = 0;
		pass = json_get(check, "pass");
		buf_puts(&line, !json_is(pass, JSON_BOOL) ? "not judged: " :
		    json_is_true(pass) ? "pass: " : "fail: ");
		runview_put(&line, json_get(check, "name"));
		reason = checks_reason(check);
		if (!json_is_null(reason)) {
			buf_puts(&line, ": ");
			runview_put(&line, reason);
		}
		runview_add_text(p, buf_str(&line), line.len);
	}
	buf_release(&line);
}

void
runview_lay_out(struct runview *p, struct json_span record)
{
	struct trace t = { .nobs = 0 };
	struct json_span expected = { 0 };

	p->n = p->text.len = 0;
	if (trace_reset(&t, record))
		return;
	runview_add_value(p, "Input", t.v[TRACE_INPUT]);
	if (story_has_turns(&t)) {
		runview_add_heading(p, "Conversation", 12);
		story_turns(&t, runview_take_turn, p);
	}
	runview_add_value(p, "Output", t.v[TRACE_OUTPUT]);
	if (json_is(t.v[TRACE_METADATA], JSON_OBJECT))
		expected = json_get(t.v[TRACE_METADATA], "expected");
	if (!json_is_null(expected))
		runview_add_value(p, "Expected", expected);
	if (!json_is_null(t.v[TRACE_ERROR]))
		runview_add_value(p, "Error", t.v[TRACE_ERROR]);
	if (story_has_messages(&t) && !is_output(&t)) {
		runview_add_heading(p, "Messages", 8);
		story_messages(&t, runview_take, p);
	}
	if (p->checks)
		runview_add_checks(p, &t);
	if (p->steps && json_is(t.v[TRACE_OBSERVATIONS], JSON_ARRAY))
		runview_add_steps(p, &t);
	trace_release(&t);
}

struct json_span
runview_line(const struct runview *p, size_t i)
{
	size_t end = i + 1 < p->n ? p->starts[i + 1] : p->text.len;

	return (struct json_span){ p->text.p + p->starts[i],
	    end - p->starts[i] };
}
