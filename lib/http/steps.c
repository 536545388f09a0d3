#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "json/isotime.h"
#include "json/json.h"
#include "answer.h"
#include "call.h"
#include "service.h"

/*
 * Reports a call as steps of the trace: a span for the request, and below it
 * the model and the tools in the reply.
 */

#define WHOLE_MAX 65536		/* bytes of a reply that is shown whole */

/* Begins the message, and the observation in it. */
static void
begin_step(const struct call *c, struct buf *b, const char *id,
    const char *parent, const char *type)
{
	json_open(b, NULL, '{');
	json_add_str(b, "type", "observation");
	call_add_id(c, b);
	json_open(b, "observation", '{');
	json_add_str(b, "id", id);
	if (parent)
		json_add_str(b, "parent_observation_id", parent);
	json_add_str(b, "type", type);
}

static void
add_times(const struct call *c, struct buf *b)
{
	isotime_add(b, "start_time", c->wall);
	isotime_add(b, "end_time", c->wall + (c->ended - c->started));
}

static void
end_step(struct buf *b)
{
	json_close(b, '}');
	json_close(b, '}');
	buf_byte(b, '\n');
}

/* Whether the body that was sent is JSON. */
static int
sent_json(const struct call *c)
{
	const struct request *q = &c->request;

	return q->body.len && (!c->service->body.p ||
	    c->service->type == SERVICE_JSON);
}

static void
add_sent(const struct call *c, struct buf *b)
{
	const struct request *q = &c->request;

	if (sent_json(c))
		json_add(b, "input", json_buf(&q->body));
	else if (q->body.len)
		json_add_text(b, "input", q->body.p, q->body.len);
	else if (q->text)
		json_add_str(b, "input", q->text);
}

/* Adds the output: the whole reply if it is not too large, else the answer. */
static void
add_received(const struct call *c, struct buf *b)
{
	const struct answer *a = &c->answer;

	if (a->form == ANSWER_WHOLE && a->body.len &&
	    a->body.len <= WHOLE_MAX && !a->is_text && !a->is_html) {
		json_key(b, "output");
		json_compact(b, json_buf(&a->body));
	} else if (a->output.len) {
		json_add(b, "output", json_buf(&a->output));
	} else if (a->text.len) {
		json_add_text(b, "output", a->text.p, a->text.len);
	}
}

static void
add_ms(struct buf *b, const char *key, int64_t us)
{
	if (us >= 0) {
		json_key(b, key);
		buf_fixed2(b, (double)us / 1000);
	}
}

static void
add_metadata(const struct call *c, struct buf *b)
{
	json_open(b, "metadata", '{');
	if (c->status)
		json_add_int(b, "http_status", c->status);
	add_ms(b, "ttfb_ms", c->first_byte);
	add_ms(b, "ttft_ms", c->first_text);
	json_add_int(b, "attempts", c->attempt);
	json_add_int(b, "bytes", (long long)c->bytes);
	if (c->answer.events)
		json_add_int(b, "events", (long long)c->answer.events);
	if (c->redirects)
		json_add_int(b, "redirects", c->redirects);
	if (c->polls)
		json_add_int(b, "polls", c->polls);
	if (c->wait_ms >= 0) {
		json_key(b, "retry_after_ms");
		buf_printf(b, "%.0f", c->wait_ms);
	}
	json_close(b, '}');
}

static void
put_span(const struct call *c, struct buf *b, const char *id)
{
	begin_step(c, b, id, NULL, "span");
	json_add_str(b, "name", c->service->name);
	add_times(c, b);
	add_sent(c, b);
	if (!*c->code)
		add_received(c, b);
	if (*c->code) {
		json_add_str(b, "level", "error");
		json_add_str(b, "status_message", c->error.msg);
	}
	add_metadata(c, b);
	end_step(b);
}

/* Adds the input of the model: the messages or the input of the body. */
static void
add_prompt(const struct call *c, struct buf *b)
{
	struct json_span v = { 0 };

	if (sent_json(c)) {
		v = json_get(json_buf(&c->request.body), "messages");
		if (!v.p)
			v = json_get(json_buf(&c->request.body), "input");
	}
	json_add(b, "input", v.p ? v : (struct json_span){ "null", 4 });
}

static void
add_step_tokens(const struct answer *a, struct buf *b)
{
	static const char *const names[] = {
		"prompt_tokens", "completion_tokens", "total_tokens"
	};
	size_t i;

	for (i = 0; i < 3; i++)
		if (a->tokens[i] >= 0)
			json_add_int(b, names[i], a->tokens[i]);
}

static void
put_generation(const struct call *c, struct buf *b, const char *parent)
{
	const struct answer *a = &c->answer;
	char id[UUID_TEXT];

	uuid_random(id);
	begin_step(c, b, id, parent, "generation");
	json_add_str(b, "name", "model");
	add_times(c, b);
	add_prompt(c, b);
	if (a->output.len)
		json_add(b, "output", json_buf(&a->output));
	if (a->model.len)
		json_add_text(b, "model", a->model.p, a->model.len);
	add_step_tokens(a, b);
	if (a->finish.len) {
		json_open(b, "metadata", '{');
		json_add(b, "finish_reason", json_buf(&a->finish));
		json_close(b, '}');
	}
	end_step(b);
}

/* Adds the arguments of a tool: JSON, or text that is not JSON. */
static void
add_arguments(struct buf *b, const struct buf *text)
{
	struct json_fault f;

	if (text->len && json_scan(text->p, text->len, JSON_LAX | JSON_INSIDE,
	    NULL, NULL, 0, &f) >= 0) {
		json_key(b, "input");
		json_compact(b, json_trim(json_buf(text)));
	} else {
		json_add_text(b, "input", text->len ? text->p : "", text->len);
	}
}

static void
put_tool(const struct call *c, struct buf *b, const char *parent,
    const struct answer_tool *tool)
{
	char id[UUID_TEXT];

	uuid_random(id);
	begin_step(c, b, id, parent, "tool");
	json_add_text(b, "name", tool->name.len ? tool->name.p : "tool",
	    tool->name.len ? tool->name.len : 4);
	add_times(c, b);
	add_arguments(b, &tool->arguments);
	if (tool->id.len) {
		json_open(b, "metadata", '{');
		json_add_text(b, "tool_call_id", tool->id.p, tool->id.len);
		json_close(b, '}');
	}
	end_step(b);
}

void
call_put_steps(const struct call *c, struct buf *b)
{
	const struct answer *a = &c->answer;
	char id[UUID_TEXT];
	size_t i;

	uuid_random(id);
	put_span(c, b, id);
	if (a->service && (a->model.len || a->tokens[0] >= 0 ||
	    a->tokens[1] >= 0 || a->tokens[2] >= 0))
		put_generation(c, b, id);
	for (i = 0; i < a->ntools; i++)
		put_tool(c, b, id, &a->tools[i]);
}
