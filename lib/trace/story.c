#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "story.h"

const struct story_output story_outputs[STORY_OUTPUTS] = {
	{ "Standard output", TRACE_STDOUT },
	{ "Standard error", TRACE_STDERR }
};

/* Appends the text of a field of an object, or nothing. */
static void
story_text(struct json_span object, const char *name, struct buf *b)
{
	struct json_span v = { 0 };

	if (json_is(object, JSON_OBJECT))
		v = json_get(object, name);
	if (!json_is_null(v))
		trace_plain(b, v);
}

/* --- facts --------------------------------------------------------------- */

/* "fail, score 0.62 of 0.7" */
static void
put_verdict(struct json_span evaluation, struct buf *b)
{
	struct json_span pass = json_get(evaluation, "pass");
	double score, threshold;

	buf_puts(b, json_is_null(pass) ? "not judged" : json_is_true(pass) ?
	    "pass" : "fail");
	if (json_double(json_get(evaluation, "score"), &score))
		buf_printf(b, ", score %.3g", score);
	if (json_double(json_get(evaluation, "threshold"), &threshold))
		buf_printf(b, " of %.3g", threshold);
}

/* Takes the checks that do not hold, with their reasons. */
static void
take_checks(struct json_span evaluation, story_take *take, void *arg)
{
	struct json_span checks = json_get(evaluation, "checks"), key, check;
	struct json_span pass;
	struct json_iter it;
	struct buf text = { 0 };

	if (!json_is(checks, JSON_ARRAY))
		return;
	for (it = json_each(checks); json_next(&it, &key, &check); ) {
		if (!json_is(check, JSON_OBJECT))
			continue;
		pass = json_get(check, "pass");
		if (json_is_true(pass))
			continue;
		text.len = 0;
		story_text(check, "name", &text);
		buf_puts(&text, ": ");
		story_text(check, json_is_null(pass) ? "error" : "reason",
		    &text);
		take(arg, json_is_null(pass) ? "Not judged" : "Failed check",
		    &text);
	}
	buf_release(&text);
}

static void
take_field(struct json_span object, const char *name, const char *label,
    story_take *take, void *arg)
{
	struct buf text = { 0 };

	story_text(object, name, &text);
	if (text.len)
		take(arg, label, &text);
	buf_release(&text);
}

static size_t
count_errors(const struct trace *t)
{
	struct json_span errors = { 0 }, key, value;
	struct json_iter it;
	size_t n = 0;

	if (json_is(t->v[TRACE_CALLBACKS], JSON_OBJECT))
		errors = json_get(t->v[TRACE_CALLBACKS], "error");
	if (json_is(errors, JSON_ARRAY))
		for (it = json_each(errors); json_next(&it, &key, &value); )
			n++;
	return n;
}

void
story_facts(const struct trace *t, story_take *take, void *arg)
{
	struct json_span evaluation = t->v[TRACE_EVALUATION];
	struct buf text = { 0 };
	size_t errors = count_errors(t);
	double d;

	if (json_is(evaluation, JSON_OBJECT)) {
		put_verdict(evaluation, &text);
		take(arg, "Verdict", &text);
		take_checks(evaluation, take, arg);
	}
	if (errors) {
		text.len = 0;
		buf_printf(&text, "called %zu time%s", errors, errors == 1 ?
		    "" : "s");
		take(arg, "Error callback", &text);
	}
	take_field(t->v[TRACE_METADATA], "strategy", "Strategy", take, arg);
	take_field(t->v[TRACE_METADATA], "variation", "Variation", take, arg);
	if (json_is(t->v[TRACE_ATTEMPTS], JSON_NUMBER) &&
	    json_double(t->v[TRACE_ATTEMPTS], &d) && d > 1) {
		text.len = 0;
		trace_plain(&text, t->v[TRACE_ATTEMPTS]);
		take(arg, "Attempts", &text);
	}
	buf_release(&text);
}

/* --- messages ------------------------------------------------------------ */

int
story_has_messages(const struct trace *t)
{
	struct json_span key, list, k, v;
	struct json_iter it, messages;

	if (!json_is(t->v[TRACE_CALLBACKS], JSON_OBJECT))
		return 0;
	for (it = json_each(t->v[TRACE_CALLBACKS]); json_next(&it, &key,
	    &list); )
		if (json_is(list, JSON_ARRAY)) {
			messages = json_each(list);
			if (json_next(&messages, &k, &v))
				return 1;
		}
	return 0;
}

void
story_messages(const struct trace *t, story_take *take, void *arg)
{
	struct json_span key, list, k, message;
	struct buf kind = { 0 }, text = { 0 };
	struct json_iter it, messages;

	if (!json_is(t->v[TRACE_CALLBACKS], JSON_OBJECT))
		return;
	for (it = json_each(t->v[TRACE_CALLBACKS]); json_next(&it, &key,
	    &list); ) {
		if (!json_is(list, JSON_ARRAY))
			continue;
		kind.len = 0;
		json_text(&kind, key);
		for (messages = json_each(list); json_next(&messages, &k,
		    &message); ) {
			text.len = 0;
			trace_plain(&text, message);
			take(arg, buf_str(&kind), &text);
		}
	}
	buf_release(&kind);
	buf_release(&text);
}

/* --- the conversation ---------------------------------------------------- */

int
story_has_turns(const struct trace *t)
{
	struct json_span key, turn;
	struct json_iter it;

	if (!json_is(t->v[TRACE_CONVERSATION], JSON_ARRAY))
		return 0;
	it = json_each(t->v[TRACE_CONVERSATION]);
	return json_next(&it, &key, &turn) && json_is(turn, JSON_OBJECT);
}

/* Appends NAME=VALUE to a list. */
static void
add_source(struct buf *b, const char *name, const struct buf *value)
{
	if (!value->len)
		return;
	buf_printf(b, "%s%s=", b->len ? " ; " : "", name);
	buf_add(b, value->p, value->len);
}

/*
 * Appends the source as the original does: source, actions, closing, persona.
 */
static void
put_source(struct json_span turn, struct buf *b)
{
	struct json_span meta = json_get(turn, "metadata"), list, key, item;
	struct json_iter it;
	struct buf text = { 0 };

	story_text(turn, "source", &text);
	add_source(b, "source", &text);
	if (json_is(meta, JSON_OBJECT)) {
		list = json_get(meta, "actions");
		text.len = 0;
		if (json_is(list, JSON_ARRAY))
			for (it = json_each(list); json_next(&it, &key,
			    &item); ) {
				if (text.len)
					buf_puts(&text, ", ");
				trace_plain(&text, item);
			}
		add_source(b, "actions", &text);
		text.len = 0;
		if (!trace_falsy(json_get(meta, "closing")))
			buf_puts(&text, "true");
		add_source(b, "closing", &text);
		text.len = 0;
		if (!trace_falsy(json_get(meta, "persona")))
			story_text(meta, "persona", &text);
		add_source(b, "persona", &text);
	}
	buf_release(&text);
}

void
story_turns(const struct trace *t,
    void (*take)(void *arg, const struct story_turn *turn), void *arg)
{
	struct json_span key, v;
	struct buf role = { 0 }, content = { 0 }, source = { 0 };
	struct story_turn turn = { &role, &content, &source };
	struct json_iter it;

	if (!json_is(t->v[TRACE_CONVERSATION], JSON_ARRAY))
		return;
	for (it = json_each(t->v[TRACE_CONVERSATION]); json_next(&it, &key,
	    &v); ) {
		if (!json_is(v, JSON_OBJECT))
			continue;
		role.len = content.len = source.len = 0;
		story_text(v, "role", &role);
		if (!role.len)
			buf_puts(&role, "unknown");
		if (!trace_falsy(json_get(v, "content")))
			story_text(v, "content", &content);
		put_source(v, &source);
		take(arg, &turn);
	}
	buf_release(&role);
	buf_release(&content);
	buf_release(&source);
}
