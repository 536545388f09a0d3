#include <string.h>

#include "base/util.h"
#include "export.h"
#include "leftover.h"
#include "spanmake.h"
#include "ccthread.h"

/* A conversation that is longer is cut. */
#define TALK_MAX (4 << 20)

void
ccthread_release(struct ccthread *t)
{
	buf_release(&t->trace);
	buf_release(&t->id);
	buf_release(&t->parent);
	buf_release(&t->name);
	buf_release(&t->prompt);
	buf_release(&t->prompt_id);
	buf_release(&t->question);
	buf_release(&t->answer);
	buf_release(&t->first_prompt);
	buf_release(&t->last_answer);
	buf_release(&t->talk);
	buf_release(&t->metadata);
	buf_release(&t->outcome);
	buf_release(&t->error);
	buf_release(&t->pending);
	buf_release(&t->message);
	buf_release(&t->input);
	buf_release(&t->blocks);
	buf_release(&t->model);
	buf_release(&t->usage);
	buf_release(&t->details);
}

static void
ccthread_move(struct buf *to, struct buf *from)
{
	struct buf b = *to;

	*to = *from;
	*from = b;
	from->len = 0;
}

void
ccthread_child(struct ccthread *t, struct json_span tool)
{
	export_keep(&t->parent, tool);
}

/* --- turns --------------------------------------------------------------- */

/* Adds a message to the conversation. */
static void
add_talk(struct buf *b, const char *role, const struct buf *text)
{
	if (!text->len)
		return;
	if (b->len)
		buf_byte(b, ',');
	json_open(b, NULL, '{');
	json_add_str(b, "role", role);
	json_add(b, "content", json_buf(text));
	json_close(b, '}');
}

static void
note_turn(struct ccthread *t)
{
	t->turns++;
	if (!t->first_prompt.len)
		buf_add(&t->first_prompt, t->question.p, t->question.len);
	export_keep(&t->last_answer, json_buf(&t->answer));
	if (t->talk.len > TALK_MAX) {
		t->untold++;
		return;
	}
	add_talk(&t->talk, "user", &t->question);
	add_talk(&t->talk, "assistant", &t->answer);
}

void
ccthread_end_turn(struct export *x, struct ccthread *t,
    const struct buf *parent)
{
	struct json_span none = { 0 };
	struct buf name = { 0 };

	ccthread_end_answer(x, t);
	if (!t->id.len)
		return;
	if (!t->side)
		note_turn(t);
	spanmake_begin(&x->make, json_buf(&t->trace), json_buf(&t->id),
	    parent && parent->len ? json_buf(parent) : none);
	buf_printf(&name, "turn %zu", t->turns);
	spanmake_name(&x->make, t->side ? json_buf(&t->name) : none,
	    t->side ? "sidechain" : buf_str(&name));
	spanmake_times(&x->make, t->asked, t->answered);
	if (t->failed)
		spanmake_failed(&x->make, json_buf(&t->answer));
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "openinference.span.kind", "AGENT");
	spanmake_input(&x->make, json_buf(&t->question));
	if (!t->failed)
		spanmake_output(&x->make, json_buf(&t->answer));
	export_span(x);
	buf_release(&name);
	t->id.len = t->question.len = t->answer.len = 0;
	t->failed = 0;
}

void
ccthread_open(struct export *x, struct ccthread *t, struct json_span id,
    uint64_t time)
{
	struct json_span parts[] = { id, { "turn", 4 } };

	/* a sidechain is one step, whatever the number of its prompts */
	if (t->side && t->id.len)
		return;
	if (!t->side && t->id.len && !t->prompt.len)
		return;
	if (!t->side)
		ccthread_end_turn(x, t, NULL);
	if (t->prompt.len) {
		ccthread_move(&t->question, &t->prompt);
		ccthread_move(&t->id, &t->prompt_id);
		t->asked = t->prompted;
	} else {
		t->id.len = 0;
		spanmake_id(&t->id, parts, LEN(parts));
		t->asked = time;
	}
	t->answered = time;
}

void
ccthread_prompt(struct export *x, struct ccthread *t, struct json_span text,
    struct json_span id, uint64_t time, int real)
{
	/* a prompt that was not answered */
	if (t->prompt.len && t->real)
		ccthread_open(x, t, id, t->prompted);
	ccthread_end_answer(x, t);
	export_keep(&t->prompt, text);
	export_keep(&t->prompt_id, id);
	t->real = real;
	t->prompted = time;
}

/* --- answers ------------------------------------------------------------- */

void
ccthread_message(struct ccthread *t, const char *role,
    struct json_span content)
{
	struct buf *b = &t->pending;

	if (b->len)
		buf_byte(b, ',');
	json_open(b, NULL, '{');
	json_add_str(b, "role", role);
	json_add(b, "content", content);
	json_close(b, '}');
}

/* Adds the blocks of a message's content. */
static void
add_blocks(struct ccthread *t, struct json_span content)
{
	struct json_span unused, v, text;
	struct json_iter it;
	struct buf *b = &t->blocks;

	if (json_is(content, JSON_STRING)) {
		if (b->len)
			buf_byte(b, ',');
		json_open(b, NULL, '{');
		json_add_str(b, "type", "text");
		json_add(b, "text", content);
		json_close(b, '}');
		export_keep(&t->answer, content);
		return;
	}
	if (!json_is(content, JSON_ARRAY))
		return;
	for (it = json_each(content); json_next(&it, &unused, &v); ) {
		if (b->len)
			buf_byte(b, ',');
		buf_add(b, v.p, v.n);
		text = json_get(v, "text");
		if (json_is_str(json_get(v, "type"), "text") &&
		    json_is(text, JSON_STRING) && text.n > 2)
			export_keep(&t->answer, text);
	}
}

/* Adds a member to the details of an answer. */
static void
add_detail(struct ccthread *t, const char *key, struct json_span v)
{
	if (json_is_null(v))
		return;
	json_add(&t->details, key, v);
}

void
ccthread_answer(struct export *x, struct ccthread *t, struct json_span id,
    struct json_span message, struct json_span line, uint64_t time)
{
	struct json_span v;

	if (t->message.len != id.n || memcmp(t->message.p, id.p, id.n) != 0) {
		ccthread_end_answer(x, t);
		ccthread_open(x, t, id, time);
		export_keep(&t->message, id);
		ccthread_move(&t->input, &t->pending);
		t->blocks.len = 0;
		/* the model began when it got the message before */
		t->begun = t->last && t->last < time ? t->last : time;
	}
	t->ended = t->answered = time;
	t->failed = json_is_true(json_get(line, "isApiErrorMessage"));
	add_blocks(t, json_get(message, "content"));
	export_keep(&t->model, json_get(message, "model"));
	v = json_get(message, "usage");
	if (json_is(v, JSON_OBJECT))
		export_keep(&t->usage, v);
	t->details.len = 0;
	json_open(&t->details, NULL, '{');
	add_detail(t, "requestId", json_get(line, "requestId"));
	add_detail(t, "stop_reason", json_get(message, "stop_reason"));
	add_detail(t, "usage", json_buf(&t->usage));
	json_close(&t->details, '}');
}

void
ccthread_end_answer(struct export *x, struct ccthread *t)
{
	struct buf b = { 0 };

	if (!t->message.len)
		return;
	spanmake_begin(&x->make, json_buf(&t->trace), json_buf(&t->message),
	    json_buf(&t->id));
	spanmake_name(&x->make, json_buf(&t->model), "model");
	spanmake_times(&x->make, t->begun, t->ended);
	if (t->failed)
		spanmake_failed(&x->make, json_buf(&t->answer));
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "openinference.span.kind", "LLM");
	if (t->model.len)
		spanmake_put(&x->make, "gen_ai.response.model",
		    json_buf(&t->model));
	if (t->input.len) {
		buf_byte(&b, '[');
		buf_add(&b, t->input.p, t->input.len);
		buf_byte(&b, ']');
		spanmake_input(&x->make, json_buf(&b));
	}
	b.len = 0;
	buf_puts(&b, "{\"role\":\"assistant\",\"content\":[");
	if (t->blocks.len)
		buf_add(&b, t->blocks.p, t->blocks.len);
	buf_puts(&b, "]}");
	spanmake_output(&x->make, json_buf(&b));
	spanmake_usage(&x->make, json_buf(&t->usage));
	if (t->details.len > 2)
		spanmake_json(&x->make, "metadata", json_buf(&t->details));
	export_span(x);
	t->answers++;
	t->message.len = t->input.len = t->blocks.len = t->usage.len = 0;
	buf_release(&b);
}

/* --- sessions ------------------------------------------------------------ */

void
ccthread_result(struct ccthread *t, struct json_span line)
{
	static const char *const kept[] = {
		"subtype", "num_turns", "total_cost_usd", "duration_api_ms",
		"usage", "modelUsage", "permission_denials",
		"structured_output", "errors"
	};
	const struct json_span text = json_get(line, "result");
	const int said = json_is(text, JSON_STRING) && text.n > 2;
	const int failed = json_is_true(json_get(line, "is_error"));
	struct json_span v;
	double ms;
	size_t i;

	t->outcome.len = 0;
	json_open(&t->outcome, NULL, '{');
	for (i = 0; i < LEN(kept); i++) {
		v = json_get(line, kept[i]);
		if (!json_is_null(v) && !(v.n == 2 && strchr("[{\"", *v.p)))
			json_add(&t->outcome, kept[i], v);
	}
	json_close(&t->outcome, '}');
	t->error.len = 0;
	if (failed)
		export_keep(&t->error, said ? text :
		    json_get(line, "subtype"));
	if (said && !failed)
		export_keep(t->id.len ? &t->answer : &t->last_answer, text);
	if (json_double(json_get(line, "duration_ms"), &ms) && ms > 0)
		t->spent += ms;
}

/*
 * Adds what the last message said. Its tokens count if there are no answers:
 * those have their own.
 */
static void
put_outcome(struct export *x, struct ccthread *t)
{
	static const struct {
		const char *from;
		const char *to;
	} counts[] = {
		{ "input_tokens", "prompt_tokens" },
		{ "output_tokens", "completion_tokens" },
	};
	struct json_span usage, v;
	struct buf b = { 0 };
	double n, total = 0;
	size_t i;

	if (t->spent > 0) {
		json_add_double(&b, NULL, t->spent);
		spanmake_put(&x->make, "fluxloop.duration_ms", json_buf(&b));
	}
	if (!t->outcome.len)
		return;
	usage = json_get(json_buf(&t->outcome), "usage");
	if (t->answers || !json_is(usage, JSON_OBJECT)) {
		buf_release(&b);
		return;
	}
	b.len = 0;
	json_open(&b, NULL, '{');
	for (i = 0; i < LEN(counts); i++) {
		v = json_get(usage, counts[i].from);
		if (!json_double(v, &n))
			continue;
		json_add(&b, counts[i].to, v);
		total += n;
	}
	json_add_double(&b, "total_tokens", total);
	json_close(&b, '}');
	spanmake_json(&x->make, "fluxloop.token_usage", json_buf(&b));
	buf_release(&b);
}

void
ccthread_end_session(struct export *x, struct ccthread *t)
{
	struct json_span none = { 0 };
	struct buf b = { 0 };

	if (t->prompt.len && t->real)
		ccthread_open(x, t, json_buf(&t->prompt_id), t->prompted);
	ccthread_end_turn(x, t, NULL);
	spanmake_begin(&x->make, json_buf(&t->trace), json_buf(&t->trace),
	    none);
	spanmake_name(&x->make, none, "session");
	spanmake_times(&x->make, t->first, t->last);
	if (t->error.len)
		spanmake_failed(&x->make, json_buf(&t->error));
	spanmake_attributes(&x->make);
	spanmake_str(&x->make, "fluxloop.record", "row");
	if (t->name.len)
		spanmake_put(&x->make, "langfuse.trace.name",
		    json_buf(&t->name));
	else
		spanmake_str(&x->make, "langfuse.trace.name", "claude-code");
	spanmake_input(&x->make, json_buf(&t->first_prompt));
	spanmake_output(&x->make, json_buf(&t->last_answer));
	if (t->turns > 1) {
		buf_byte(&b, '[');
		buf_add(&b, t->talk.p, t->talk.len);
		buf_byte(&b, ']');
		spanmake_json(&x->make, "fluxloop.conversation", json_buf(&b));
	}
	put_outcome(x, t);
	if (t->outcome.len) {
		if (!t->metadata.len)
			json_open(&t->metadata, NULL, '{');
		json_add_others(&t->metadata, json_buf(&t->outcome), NULL, 0);
	}
	if (t->metadata.len) {
		json_close(&t->metadata, '}');
		spanmake_json(&x->make, "metadata", json_buf(&t->metadata));
	}
	export_span(x);
	leftover_add(&x->left, "turns of conversations over 4 MiB", t->untold);
	buf_release(&b);
}
