#include <string.h>

#include "base/buf.h"
#include "json/json.h"
#include "json/path.h"
#include "record/parts.h"
#include "fill.h"
#include "answer.h"

/*
 * OpenAI's interfaces, as its API reference and those of the servers that are
 * compatible with it describe them: chat completions and responses.
 */

/* --- chat completions ----------------------------------------------------- */

static void
set_plain_text(struct buf *b, struct json_span v)
{
	if (!json_is(v, JSON_STRING))
		return;
	b->len = 0;
	json_text(b, v);
}

static void
set_json(struct buf *b, struct json_span v)
{
	if (json_is_null(v))
		return;
	b->len = 0;
	json_compact(b, v);
}

/* Takes the model and the tokens, which the last chunk of a stream has, too. */
static void
take_usage(struct answer *a, struct json_span reply)
{
	struct json_span usage = json_get(reply, "usage");

	set_plain_text(&a->model, json_get(reply, "model"));
	if (!json_is(usage, JSON_OBJECT))
		return;
	answer_set_tokens(a, 0, json_get(usage, "prompt_tokens"));
	answer_set_tokens(a, 1, json_get(usage, "completion_tokens"));
	answer_set_tokens(a, 0, json_get(usage, "input_tokens"));
	answer_set_tokens(a, 1, json_get(usage, "output_tokens"));
	answer_set_tokens(a, 2, json_get(usage, "total_tokens"));
}

/* Adds the calls of a message, or their parts of a chunk, by their index. */
static void
take_calls(struct answer *a, struct json_span calls)
{
	struct json_span key, call, function;
	struct json_iter it;
	struct answer_tool *tool;
	size_t i = 0;
	double d;

	if (!json_is(calls, JSON_ARRAY))
		return;
	for (it = json_each(calls); json_next(&it, &key, &call); i++) {
		if (json_is(json_get(call, "index"), JSON_NUMBER) &&
		    json_double(json_get(call, "index"), &d) && d >= 0)
			i = d < 1e6 ? (size_t)d : (size_t)1e6;
		tool = answer_tool(a, i);
		function = json_get(call, "function");
		set_plain_text(&tool->id, json_get(call, "id"));
		set_plain_text(&tool->name, json_get(function, "name"));
		if (json_is(json_get(function, "arguments"), JSON_STRING))
			json_text(&tool->arguments,
			    json_get(function, "arguments"));
	}
}

/* Makes the calls of tools the output of a reply that has nothing else. */
static int
put_calls(struct answer *a)
{
	size_t i;

	if (!a->ntools)
		return 0;
	json_open(&a->output, NULL, '[');
	for (i = 0; i < a->ntools; i++) {
		json_open(&a->output, NULL, '{');
		json_add_text(&a->output, "name", buf_str(&a->tools[i].name),
		    a->tools[i].name.len);
		json_add_text(&a->output, "arguments",
		    buf_str(&a->tools[i].arguments),
		    a->tools[i].arguments.len);
		json_close(&a->output, '}');
	}
	json_close(&a->output, ']');
	return 1;
}

/* Sets the output to a message's text, its refusal, or its calls. */
static int
take_message(struct answer *a, struct json_span message)
{
	struct buf text = { 0 };

	take_calls(a, json_get(message, "tool_calls"));
	if (parts_text(&text, json_get(message, "content"), "") ||
	    parts_text(&text, json_get(message, "refusal"), ""))
		json_put_text(&a->output, buf_str(&text), text.len);
	else if (!put_calls(a))
		answer_fail(a, "no_output", "the reply's message has no "
		    "content");
	buf_release(&text);
	return *a->code ? -1 : 0;
}

/* Fails for a reply without choices, with the error that it reports instead. */
static int
fail_no_choice(struct answer *a, struct json_span reply)
{
	struct json_span error = json_get(reply, "error");
	struct json_span text = json_is(error, JSON_OBJECT) ?
	    json_get(error, "message") : error;
	struct buf b = { 0 };

	if (!text.p || json_is_null(text))
		return answer_fail(a, "no_output", "the reply has no choices");
	fill_put_text(&b, text);
	answer_fail(a, "response_failed", "the response failed: %s",
	    buf_str(&b));
	buf_release(&b);
	return -1;
}

static int
chat_whole(struct answer *a, struct json_span reply)
{
	struct json_span choice = path_get(reply, "choices.0");

	take_usage(a, reply);
	if (!json_is(choice, JSON_OBJECT))
		return fail_no_choice(a, reply);
	set_json(&a->finish, json_get(choice, "finish_reason"));
	return take_message(a, json_get(choice, "message"));
}

static int
chat_event(struct answer *a, struct json_span event)
{
	struct json_span choice = path_get(event, "choices.0"), delta;

	take_usage(a, event);
	if (!json_is(choice, JSON_OBJECT))
		return 0;
	set_json(&a->finish, json_get(choice, "finish_reason"));
	delta = json_get(choice, "delta");
	take_calls(a, json_get(delta, "tool_calls"));
	if (json_is(json_get(delta, "content"), JSON_STRING))
		answer_add_text(a, json_get(delta, "content"));
	else if (json_is(json_get(delta, "refusal"), JSON_STRING))
		answer_add_text(a, json_get(delta, "refusal"));
	return 0;
}

static int
chat_end(struct answer *a)
{
	if (!a->is_done && !a->finish.len)
		return answer_fail(a, "truncated", "the stream ended without "
		    "[DONE] and without a finish_reason");
	if (!a->text.len)
		put_calls(a);
	return 0;
}

const struct answer_kind answer_chat = { chat_whole, chat_event, chat_end };

/* --- responses ------------------------------------------------------------ */

/* Adds the contents of an item of the output: text, or a call. */
static int
take_item(struct answer *a, struct json_span item, struct buf *text)
{
	struct json_span type = json_get(item, "type");
	struct answer_tool *tool;

	if (json_is_str(type, "message"))
		return parts_text(text, json_get(item, "content"), "");
	if (json_is_str(type, "function_call")) {
		tool = answer_tool(a, a->ntools);
		set_plain_text(&tool->id, json_get(item, "call_id"));
		set_plain_text(&tool->name, json_get(item, "name"));
		set_plain_text(&tool->arguments, json_get(item, "arguments"));
	}
	return 0;
}

/* Fails for a response that failed. */
static int
check_response(struct answer *a, struct json_span reply)
{
	struct json_span text = path_get(reply, "error.message");
	struct buf b = { 0 };

	if (!json_is_str(json_get(reply, "status"), "failed"))
		return 0;
	fill_put_text(&b, text);
	answer_fail(a, "response_failed", "the response failed: %s",
	    buf_str(&b));
	buf_release(&b);
	return -1;
}

static int
responses_whole(struct answer *a, struct json_span reply)
{
	struct json_span items = json_get(reply, "output"), key, item;
	struct buf text = { 0 };
	struct json_iter it;
	int any = 0;

	take_usage(a, reply);
	if (check_response(a, reply))
		return -1;
	set_json(&a->finish, json_get(reply, "status"));
	a->ntools = 0;
	if (json_is(items, JSON_ARRAY))
		for (it = json_each(items); json_next(&it, &key, &item); )
			any |= take_item(a, item, &text);
	a->output.len = 0;
	if (any)
		json_put_text(&a->output, buf_str(&text), text.len);
	else if (!put_calls(a))
		answer_fail(a, "no_output", "the response has no output text");
	buf_release(&text);
	return *a->code ? -1 : 0;
}

static int
responses_event(struct answer *a, struct json_span event)
{
	struct json_span type = json_get(event, "type");
	struct json_span response = json_get(event, "response");

	if (json_is_str(type, "response.output_text.delta") &&
	    json_is(json_get(event, "delta"), JSON_STRING))
		answer_add_text(a, json_get(event, "delta"));
	else if (json_is_str(type, "response.failed") ||
	    json_is_str(type, "response.completed") ||
	    json_is_str(type, "response.incomplete")) {
		a->is_done = 1;
		return json_is(response, JSON_OBJECT) ?
		    responses_whole(a, response) : 0;
	}
	return 0;
}

static int
responses_end(struct answer *a)
{
	if (!a->is_done)
		return answer_fail(a, "truncated", "the stream ended without "
		    "response.completed");
	return 0;
}

const struct answer_kind answer_responses = {
	responses_whole, responses_event, responses_end
};
