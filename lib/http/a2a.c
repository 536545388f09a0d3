#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "json/json.h"
#include "json/path.h"
#include "record/parts.h"
#include "answer.h"

/*
 * Agent2Agent, version 1.0, the binding to HTTP with JSON: a message is
 * answered by a message or by a task. States are named as in 1.0
 * (TASK_STATE_COMPLETED) or as before (completed).
 */

/* What a state means for a run. */
enum state_meaning { STATE_OPEN, STATE_DONE, STATE_FAILED };

static const struct {
	const char *name;
	enum state_meaning meaning;
	const char *code;	/* code of the failure */
} states[] = {
	{ "completed", STATE_DONE, NULL },
	{ "failed", STATE_FAILED, "task_failed" },
	{ "rejected", STATE_FAILED, "task_rejected" },
	{ "canceled", STATE_FAILED, "task_canceled" },
	{ "input-required", STATE_FAILED, "input_required" },
	{ "auth-required", STATE_FAILED, "auth_required" },
};

/* The name of a state in lower case with dashes, without its prefix. */
static void
set_state(struct answer *a, struct json_span v)
{
	static const char prefix[] = "task-state-";
	struct buf *b = &a->state;
	size_t i;

	if (!json_is(v, JSON_STRING))
		return;
	b->len = 0;
	json_text(b, v);
	for (i = 0; i < b->len; i++)
		if (b->p[i] == '_')
			b->p[i] = '-';
		else if (b->p[i] >= 'A' && b->p[i] <= 'Z')
			b->p[i] = (char)(b->p[i] | 0x20);
	if (b->len > sizeof(prefix) - 1 &&
	    !memcmp(b->p, prefix, sizeof(prefix) - 1))
		buf_splice(b, 0, sizeof(prefix) - 1, NULL, 0);
}

/* The first part that is data, or absent. */
static struct json_span
find_data(struct json_span parts)
{
	struct json_span key, part, data = { 0 };
	struct json_iter it;

	if (!json_is(parts, JSON_ARRAY))
		return data;
	for (it = json_each(parts); !data.p && json_next(&it, &key, &part); )
		data = json_get(part, "data");
	return data;
}

/* Sets the output to text, or else to data. Returns 0 if there is neither. */
static int
take_found(struct answer *a, int any, struct buf *text, struct json_span data)
{
	a->output.len = 0;
	if (any)
		json_put_text(&a->output, buf_str(text), text->len);
	else if (data.p)
		json_compact(&a->output, data);
	buf_release(text);
	return any || data.p;
}

/* Sets the output to what parts have. Returns 0 if that is nothing. */
static int
take_parts(struct answer *a, struct json_span parts)
{
	struct buf text = { 0 };
	int any = parts_text(&text, parts, "\n");

	return take_found(a, any, &text, find_data(parts));
}

/* The parts of all artifacts, joined. */
static int
take_artifacts(struct answer *a, struct json_span artifacts)
{
	struct json_span key, artifact, parts, data = { 0 };
	struct buf text = { 0 };
	struct json_iter it;
	int any = 0;

	if (!json_is(artifacts, JSON_ARRAY))
		return 0;
	for (it = json_each(artifacts); json_next(&it, &key, &artifact); ) {
		if (any)
			buf_byte(&text, '\n');
		parts = json_get(artifact, "parts");
		any |= parts_text(&text, parts, "\n");
		if (!data.p)
			data = find_data(parts);
	}
	return take_found(a, any, &text, data);
}

static enum state_meaning
state_meaning(const struct answer *a, const char **code)
{
	size_t i;

	for (i = 0; i < LEN(states); i++)
		if (a->state.len == strlen(states[i].name) &&
		    !memcmp(a->state.p, states[i].name, a->state.len)) {
			*code = states[i].code;
			return states[i].meaning;
		}
	return STATE_OPEN;
}

/* Fails for a state that is a failure, with what the agent says of it. */
static int
fail_state(struct answer *a, const char *code, struct json_span status)
{
	struct buf text = { 0 };

	parts_text(&text, path_get(status, "message.parts"), "\n");
	answer_fail(a, code, "the task is %s%s%s", buf_str(&a->state),
	    text.len ? ": " : "", buf_str(&text));
	buf_release(&text);
	return -1;
}

static int
take_task(struct answer *a, struct json_span task)
{
	struct json_span status = json_get(task, "status");
	const char *code = NULL;

	set_state(a, json_get(status, "state"));
	a->task.len = 0;
	switch (state_meaning(a, &code)) {
	case STATE_FAILED:
		return fail_state(a, code, status);
	case STATE_OPEN:
		if (json_is(json_get(task, "id"), JSON_STRING))
			json_text(&a->task, json_get(task, "id"));
		return a->task.len ? 0 : answer_fail(a, "no_output",
		    "the task is not done, and has no id");
	case STATE_DONE:
		break;
	}
	if (take_artifacts(a, json_get(task, "artifacts")) ||
	    take_parts(a, path_get(status, "message.parts")) ||
	    take_parts(a, path_get(task, "history.-1.parts")))
		return 0;
	return answer_fail(a, "no_output", "the task has no text");
}

/* Whether this is the object, or the member of that name has it. */
static struct json_span
unwrapped(struct json_span reply, const char *name, const char *has)
{
	struct json_span v = json_get(reply, name), none = { 0 };

	if (json_is(v, JSON_OBJECT))
		return v;
	return json_get(reply, has).p ? reply : none;
}

static int
a2a_whole(struct answer *a, struct json_span reply)
{
	struct json_span message = unwrapped(reply, "message", "parts");
	struct json_span task = unwrapped(reply, "task", "status");

	if (message.p)
		return take_parts(a, json_get(message, "parts")) ? 0 :
		    answer_fail(a, "no_output", "the message has no text");
	if (task.p)
		return take_task(a, task);
	return answer_fail(a, "no_output", "the reply has no message and no "
	    "task");
}

/* Takes the text of an artifact that comes in pieces. */
static void
take_artifact_update(struct answer *a, struct json_span update)
{
	struct json_span key, part;
	struct json_span parts = path_get(update, "artifact.parts");
	struct json_iter it;

	if (!json_is(parts, JSON_ARRAY))
		return;
	for (it = json_each(parts); json_next(&it, &key, &part); )
		if (json_is(json_get(part, "text"), JSON_STRING))
			answer_add_text(a, json_get(part, "text"));
}

static int
a2a_event(struct answer *a, struct json_span event)
{
	struct json_span update = json_get(event, "statusUpdate"), status;
	const char *code = NULL;

	if (json_get(event, "artifactUpdate").p) {
		take_artifact_update(a, json_get(event, "artifactUpdate"));
		return 0;
	}
	if (!update.p)
		return a2a_whole(a, event);
	status = json_get(update, "status");
	set_state(a, json_get(status, "state"));
	switch (state_meaning(a, &code)) {
	case STATE_FAILED:
		return fail_state(a, code, status);
	case STATE_DONE:
		a->is_done = 1;
		a->task.len = 0;
		if (!a->has_text)
			take_parts(a, path_get(status, "message.parts"));
		break;
	case STATE_OPEN:
		break;
	}
	return 0;
}

const struct answer_kind answer_a2a = { a2a_whole, a2a_event, NULL };
