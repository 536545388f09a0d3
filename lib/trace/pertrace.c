#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "step.h"
#include "trace.h"
#include "pertrace.h"

const char *const pertrace_fields[PERTRACE_FIELDS] = {
	"final_output", "summary", "timeline", "metrics"
};

/* Writes one member after another, in one line or each in a line of its own. */
struct writer {
	struct buf *b;
	int pretty;
	size_t indent;		/* indent of the members of the open object */
};

static void
pertrace_new_line(struct writer *w)
{
	buf_byte(w->b, '\n');
	buf_fill(w->b, ' ', w->indent);
}

/* Everything before a value: the comma, the line and the key. */
static void
pertrace_begin(struct writer *w, const char *key)
{
	json_comma(w->b);
	if (w->pretty && w->indent)
		pertrace_new_line(w);
	if (!key)
		return;
	json_put_text(w->b, key, strlen(key));
	buf_puts(w->b, w->pretty ? ": " : ":");
}

static void
open_bracket(struct writer *w, const char *key, char bracket)
{
	pertrace_begin(w, key);
	buf_byte(w->b, bracket);
	w->indent += 2;
}

static void
close_bracket(struct writer *w, char bracket)
{
	w->indent -= 2;
	/* the last byte is all that is left of a buffer; see trace_load */
	if (w->pretty && !strchr("[{", w->b->p[w->b->len - 1]))
		pertrace_new_line(w);
	buf_byte(w->b, bracket);
}

/*
 * json_pretty writes NaN and lone surrogates as they were: where there are
 * any, they are replaced first, as in a record in one line.
 */
static void
put_pretty(struct writer *w, struct json_span v)
{
	struct buf strict = { 0 };
	struct json_fault f;

	if (json_scan(v.p, v.n, JSON_LAX, NULL, NULL, 0, &f)) {
		json_compact(&strict, v);
		v.p = strict.p;
		v.n = strict.len;
	}
	json_pretty(w->b, v, w->indent);
	buf_release(&strict);
}

static void
pertrace_add(struct writer *w, const char *key, struct json_span v)
{
	pertrace_begin(w, key);
	if (!v.p)
		buf_puts(w->b, "null");
	else if (w->pretty)
		put_pretty(w, v);
	else
		json_compact(w->b, v);
}

static void
add_null(struct writer *w, const char *key)
{
	static const struct json_span none;

	pertrace_add(w, key, none);
}

static void
add_int(struct writer *w, const char *key, size_t i)
{
	pertrace_begin(w, key);
	buf_printf(w->b, "%zu", i);
}

static void
add_double(struct writer *w, const char *key, double d)
{
	struct buf text = { 0 };

	json_add_double(&text, NULL, d);
	pertrace_begin(w, key);
	buf_add(w->b, text.p, text.len);
	buf_release(&text);
}

/* The fields that the record and its summary have in common. */
static void
pertrace_put_fields(struct writer *w, const struct trace *t)
{
	static const int fields[] = {
		TRACE_ITERATION, TRACE_PERSONA, TRACE_INPUT, TRACE_OUTPUT,
		    TRACE_DURATION,
		TRACE_SUCCESS
	};
	struct buf id = { 0 };
	size_t i;

	trace_id_text(t, &id);
	pertrace_begin(w, "trace_id");
	json_put_text(w->b, id.p, id.len);
	buf_release(&id);
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		pertrace_add(w, trace_fields[fields[i]], t->v[fields[i]]);
	for (i = TRACE_ERROR; i <= TRACE_ERROR_KIND; i++)
		if (t->v[i].p)
			pertrace_add(w, trace_fields[i], t->v[i]);
}

static void
pertrace_put_step(struct writer *w, struct trace *t, size_t step)
{
	const struct observation *o = trace_load(t, step);
	static const int fields[] = {
		OBS_TRACE_ID, OBS_TYPE, OBS_NAME, OBS_START, OBS_END, OBS_LEVEL
	};
	double ms;
	size_t i;

	open_bracket(w, NULL, '{');
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		pertrace_add(w, observation_fields[fields[i]], o->v[fields[i]]);
	if (trace_duration(t, o, &ms))
		add_double(w, "duration_ms", ms);
	else
		add_null(w, "duration_ms");
	add_int(w, "step", step + 1);
	add_int(w, "depth", o->depth);
	if (o->parent == TRACE_NONE)
		add_null(w, "parent_step");
	else
		add_int(w, "parent_step", o->parent + 1);
	pertrace_add(w, "input", o->v[OBS_INPUT]);
	trace_pause(t);
	pertrace_add(w, "output", o->v[OBS_OUTPUT]);
	trace_pause(t);
	pertrace_add(w, "raw", o->raw);
	close_bracket(w, '}');
}

static void
pertrace_put_summary(struct writer *w, const struct trace *t)
{
	size_t i;

	open_bracket(w, "summary", '{');
	pertrace_put_fields(w, t);
	for (i = TRACE_TOKEN_USAGE; i <= TRACE_TERMINATION_REASON; i++)
		pertrace_add(w, trace_fields[i], t->v[i]);
	close_bracket(w, '}');
}

/* Writes the members after the timeline. */
static void
put_rest(struct writer *w, const struct trace *t)
{
	/* fields that the original does not have */
	static const int extra[] = {
		TRACE_RUN_ID, TRACE_INPUT_ID, TRACE_ATTEMPTS, TRACE_CALLBACKS, TRACE_STDOUT,
		TRACE_STDERR, TRACE_SCORES, TRACE_EVALUATION, TRACE_METADATA
	};
	size_t i;

	if (json_is(t->v[TRACE_CONVERSATION], JSON_ARRAY)) {
		pertrace_add(w, "conversation", t->v[TRACE_CONVERSATION]);
	} else {
		open_bracket(w, "conversation", '[');
		close_bracket(w, ']');
	}
	for (i = TRACE_TOKEN_USAGE; i <= TRACE_TERMINATION_REASON; i++)
		if (i != TRACE_CONVERSATION && !trace_falsy(t->v[i]))
			pertrace_add(w, trace_fields[i], t->v[i]);
	for (i = 0; i < LEN(extra); i++)
		if (!trace_falsy(t->v[extra[i]]))
			pertrace_add(w, trace_fields[extra[i]],
			    t->v[extra[i]]);
	open_bracket(w, "metrics", '{');
	add_int(w, "observation_count", t->nobs);
	close_bracket(w, '}');
	add_int(w, "observation_count", t->nobs);
}

static void
pertrace_put_record(struct writer *w, struct trace *t)
{
	size_t i;

	trace_link(t);
	open_bracket(w, NULL, '{');
	pertrace_put_fields(w, t);
	pertrace_add(w, "final_output", t->v[TRACE_OUTPUT]);
	pertrace_put_summary(w, t);
	open_bracket(w, "timeline", '[');
	for (i = 0; i < t->nobs; i++)
		pertrace_put_step(w, t, i);
	close_bracket(w, ']');
	put_rest(w, t);
	close_bracket(w, '}');
	buf_byte(w->b, '\n');
}

void
pertrace_put(struct buf *b, struct trace *t)
{
	struct writer w = { .b = b };

	pertrace_put_record(&w, t);
}

void
pertrace_put_pretty(struct buf *b, struct trace *t)
{
	struct writer w = { .b = b, .pretty = 1 };

	pertrace_put_record(&w, t);
}

int
pertrace_is(struct json_span timeline, struct json_span summary)
{
	return json_is(timeline, JSON_ARRAY) && json_is(summary, JSON_OBJECT);
}

/* Reads the steps. An entry without its observation is one itself. */
static void
read_steps(struct trace *t, struct json_span timeline)
{
	struct json_iter it = json_each(timeline);
	struct json_span key, entry, raw;

	while (json_next(&it, &key, &entry)) {
		raw = json_get(entry, "raw");
		if (json_is(raw, JSON_OBJECT))
			entry = raw;
		if (json_is(entry, JSON_OBJECT))
			trace_add(t, entry);
	}
}

void
pertrace_read(struct trace *t, struct json_span timeline,
    struct json_span summary)
{
	size_t i;

	t->pertrace = 1;
	/* false values are in the summary alone */
	for (i = TRACE_TOKEN_USAGE; i <= TRACE_TERMINATION_REASON; i++)
		if (trace_falsy(t->v[i]))
			t->v[i] = json_get(summary, trace_fields[i]);
	/* every run succeeds or fails: this was made without a row */
	if (json_is(t->v[TRACE_SUCCESS], JSON_NULL)) {
		t->row.p = NULL;
		for (i = 0; i < TRACE_FIELDS; i++)
			if (json_is(t->v[i], JSON_NULL))
				t->v[i].p = NULL;
	}
	read_steps(t, timeline);
}
