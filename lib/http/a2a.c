#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "json/json.h"
#include "record/parts.h"
#include "binding.h"
#include "fill.h"
#include "answer.h"

#define ERROR_MAX 2000		/* bytes of an error of JSON-RPC */

/*
 * Replies of Agent2Agent: a message is answered by a message or by a task. They
 * are read by their shape, whatever the binding and the version:
 *
 * 1.0, and 0.3 with HTTP and JSON
 *	{"task": {...}}, {"statusUpdate": {...}}
 * 0.3 with JSON-RPC
 *	{"kind": "task", ...}, {"kind": "status-update", ...}
 * JSON-RPC
 *	{"jsonrpc": "2.0", "result": one of these} or {"error": {...}}
 *
 * States are named as in 1.0 (TASK_STATE_COMPLETED) or as before (completed).
 */

/*
 * What a state means for a run. A task that asks for something ends the run,
 * which has one turn, as a failure whose output is the agent's question.
 */
enum state_meaning { STATE_OPEN, STATE_DONE, STATE_FAILED, STATE_ASKS };

static const struct {
	const char *name;
	enum state_meaning meaning;
	const char *code;	/* code of the failure */
} states[] = {
	{ "completed", STATE_DONE, NULL },
	{ "failed", STATE_FAILED, "task_failed" },
	{ "rejected", STATE_FAILED, "task_rejected" },
	{ "canceled", STATE_FAILED, "task_canceled" },
	{ "cancelled", STATE_FAILED, "task_canceled" },	/* HTTP+JSON, 0.3 */
	{ "input-required", STATE_ASKS, "input_required" },
	{ "auth-required", STATE_ASKS, "auth_required" },
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

/* --- parts ---------------------------------------------------------------- */

/* The contents of parts. */
struct found {
	struct buf text;
	int any;		/* 1: there is text */
	struct buf values;	/* JSON: data and files, elements of a list */
	size_t nvalues;
};

static void
add_value(struct found *f, struct json_span v)
{
	if (f->nvalues++)
		buf_byte(&f->values, ',');
	json_compact(&f->values, v);
}

/* Adds the contents of a part: text, data, or a file, unchanged. */
static void
collect_part(const struct answer *a, struct found *f, struct json_span part,
    const char *before)
{
	struct json_span text = json_get(part, "text");
	struct json_span data = json_get(part, "data");

	if (json_is(text, JSON_STRING)) {
		buf_puts(&f->text, before);
		json_text(&f->text, text);
		f->any = 1;
	} else if (data.p && a->service->binding->boxed &&
	    json_get(data, "data").p) {
		add_value(f, json_get(data, "data"));
	} else if (data.p) {
		add_value(f, data);
	} else if (json_get(part, "file").p || json_get(part, "url").p ||
	    json_get(part, "raw").p) {
		add_value(f, part);
	}
}

/* Adds the contents of parts; `between` is put between their texts. */
static void
collect_parts(const struct answer *a, struct found *f, struct json_span parts,
    const char *between)
{
	struct json_span key = { 0 }, part;
	struct json_iter it;
	const char *before = f->any ? "\n" : "";
	size_t n;

	if (!json_is(parts, JSON_ARRAY))
		return;
	for (it = json_each(parts); json_next(&it, &key, &part); ) {
		n = f->text.len;
		collect_part(a, f, part, before);
		if (f->text.len > n)
			before = between;
	}
}

/* Sets the output to text, or else to values. Returns 0 if there is neither. */
static int
take_found(struct answer *a, struct found *f)
{
	int any = f->any || f->nvalues;

	a->output.len = 0;
	if (f->any)
		json_put_text(&a->output, buf_str(&f->text), f->text.len);
	else if (f->nvalues == 1)
		buf_add(&a->output, f->values.p, f->values.len);
	else if (f->nvalues)
		buf_printf(&a->output, "[%s]", buf_str(&f->values));
	buf_release(&f->text);
	buf_release(&f->values);
	return any;
}

/* Sets the output to the contents of a message. Returns 0 if it is empty. */
static int
take_message(struct answer *a, struct json_span message)
{
	struct found f = { 0 };
	struct json_span parts = json_get(message, "parts");

	collect_parts(a, &f, parts.p ? parts : json_get(message, "content"),
	    "\n");
	return take_found(a, &f);
}

/*
 * Sets the output to the contents of all artifacts. The texts of one are joined
 * directly: the pieces of a stream become parts of the artifact.
 */
static int
take_artifacts(struct answer *a, struct json_span artifacts)
{
	struct json_span key = { 0 }, artifact;
	struct found f = { 0 };
	struct json_iter it;

	if (!json_is(artifacts, JSON_ARRAY))
		return 0;
	for (it = json_each(artifacts); json_next(&it, &key, &artifact); )
		collect_parts(a, &f, json_get(artifact, "parts"), "");
	return take_found(a, &f);
}

/* The last message of the agent, or absent. */
static struct json_span
last_said(struct json_span history)
{
	struct json_span key = { 0 }, message, role, last = { 0 };
	struct json_iter it;

	if (!json_is(history, JSON_ARRAY))
		return last;
	for (it = json_each(history); json_next(&it, &key, &message); ) {
		role = json_get(message, "role");
		if (json_is_str(role, "agent") ||
		    json_is_str(role, "ROLE_AGENT"))
			last = message;
	}
	return last;
}

/* --- tasks ---------------------------------------------------------------- */

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

/* Fails for a state that is a failure, with the agent's message. */
static int
fail_state(struct answer *a, const char *code, struct json_span status)
{
	struct json_span message = json_get(status, "message");
	struct buf text = { 0 };

	if (!parts_text(&text, json_get(message, "parts"), "\n"))
		parts_text(&text, json_get(message, "content"), "\n");
	answer_fail(a, code, "the task is %s%s%s", buf_str(&a->state),
	    text.len ? ": " : "", buf_str(&text));
	buf_release(&text);
	return -1;
}

/*
 * Notes the status of a task, and the task while it is not done. Returns 0, or
 * -1 if it failed.
 */
static int
take_status(struct answer *a, struct json_span status, struct json_span id)
{
	const char *code = NULL;
	enum state_meaning meaning;

	set_state(a, json_get(status, "state"));
	meaning = state_meaning(a, &code);
	if (meaning == STATE_ASKS)
		take_message(a, json_get(status, "message"));
	if (meaning == STATE_FAILED || meaning == STATE_ASKS)
		return fail_state(a, code, status);
	a->task.len = 0;
	if (meaning == STATE_OPEN && json_is(id, JSON_STRING))
		json_text(&a->task, id);
	a->is_done = meaning == STATE_DONE;
	return 0;
}

static int
take_task(struct answer *a, struct json_span task)
{
	struct json_span status = json_get(task, "status");

	if (take_status(a, status, json_get(task, "id")))
		return -1;
	if (a->task.len)
		return 0;
	if (!a->is_done)
		return answer_fail(a, "no_output", "the task is not done, and "
		    "has no id");
	if (take_artifacts(a, json_get(task, "artifacts")) ||
	    take_message(a, json_get(status, "message")) ||
	    take_message(a, last_said(json_get(task, "history"))))
		return 0;
	return answer_fail(a, "no_output", "the task has no text");
}

/* --- envelopes ------------------------------------------------------------ */

/* Fails with an error of JSON-RPC. */
static int
fail_rpc(struct answer *a, struct json_span error)
{
	struct json_span data = json_get(error, "data");
	struct buf b = { 0 };
	double code = 0;

	if (json_is(json_get(error, "message"), JSON_STRING))
		json_text(&b, json_get(error, "message"));
	if (!json_is_null(data)) {
		buf_puts(&b, b.len ? ": " : "");
		fill_put_text(&b, data);
	}
	if (b.len > ERROR_MAX)
		b.len = utf8_check(b.p, ERROR_MAX);
	json_double(json_get(error, "code"), &code);
	answer_fail(a, "rpc_error", "the agent reports error %.0f: %s", code,
	    buf_str(&b));
	buf_release(&b);
	return -1;
}

/* Sets *reply to the result of JSON-RPC. Returns -1 if it is an error. */
static int
open_envelope(struct answer *a, struct json_span *reply)
{
	struct json_span error = json_get(*reply, "error");

	if (json_is(error, JSON_OBJECT))
		return fail_rpc(a, error);
	if (json_get(*reply, "jsonrpc").p)
		*reply = json_get(*reply, "result");
	return 0;
}

/*
 * Returns the member of that name; or the object itself, if it has that kind,
 * or no kind but a certain member. Absent for other objects.
 */
static struct json_span
unwrapped(struct json_span reply, const char *name, const char *kind,
    const char *has)
{
	struct json_span v = json_get(reply, name), none = { 0 };
	struct json_span own = json_get(reply, "kind");

	if (json_is(v, JSON_OBJECT))
		return v;
	if (json_is(own, JSON_STRING) ? json_is_str(own, kind) :
	    json_get(reply, has).p != NULL)
		return reply;
	return none;
}

static struct json_span
unwrapped_message(struct json_span reply)
{
	struct json_span v = unwrapped(reply, "message", "message", "parts");

	return v.p ? v : unwrapped(reply, "message", "message", "content");
}

static int
a2a_whole(struct answer *a, struct json_span reply)
{
	struct json_span message, task;

	if (open_envelope(a, &reply))
		return -1;
	message = unwrapped_message(reply);
	task = unwrapped(reply, "task", "task", "status");
	if (message.p)
		return take_message(a, message) ? 0 :
		    answer_fail(a, "no_output", "the message has no text");
	if (task.p)
		return take_task(a, task);
	return answer_fail(a, "no_output", "the reply has no message and no "
	    "task");
}

/* --- streams -------------------------------------------------------------- */

/* The artifact with this id, which is made if it is missing. */
static struct answer_artifact *
stream_artifact(struct answer *a, struct json_span id)
{
	struct answer_artifact *t;
	size_t i;

	for (i = 0; i < a->nartifacts; i++) {
		t = &a->artifacts[i];
		if (t->id.len == id.n && !memcmp(buf_str(&t->id), id.p, id.n))
			return t;
	}
	a->artifacts = xreallocarray(a->artifacts, i + 1,
	    sizeof(*a->artifacts));
	t = &a->artifacts[a->nartifacts++];
	memset(t, 0, sizeof(*t));
	buf_add(&t->id, id.p, id.n);
	return t;
}

/* Takes an artifact, or a piece of one; its text is passed on. */
static int
take_artifact(struct answer *a, struct json_span artifact, int append)
{
	static const char newline[] = "\"\\n\"";
	struct json_span key = { 0 }, part;
	struct json_span id = json_get(artifact, "artifactId");
	struct json_iter it;
	struct answer_artifact *t;
	size_t n = a->nartifacts;
	int is_new;

	if (!json_is(json_get(artifact, "parts"), JSON_ARRAY))
		return 0;
	if (!id.p)
		id = (struct json_span){ "null", 4 };
	t = stream_artifact(a, id);
	is_new = a->nartifacts > n;
	if (is_new && a->has_text)
		answer_add_text(a, (struct json_span){ newline,
		    sizeof(newline) - 1 });
	if (!append)
		t->parts.len = 0;
	it = json_each(json_get(artifact, "parts"));
	while (json_next(&it, &key, &part)) {
		if (t->parts.len)
			buf_byte(&t->parts, ',');
		json_compact(&t->parts, part);
		/* text that was passed on cannot be replaced */
		if ((is_new || append) && json_is(json_get(part, "text"),
		    JSON_STRING))
			answer_add_text(a, json_get(part, "text"));
	}
	return t->parts.len <= a->service->max_reply ? 0 :
	    answer_fail(a, "too_large", "an artifact is larger than "
	    "max_reply_mb, %zu MiB", a->service->max_reply >> 20);
}

static int
take_status_event(struct answer *a, struct json_span status,
    struct json_span id)
{
	struct json_span message = json_get(status, "message");

	if (json_is(message, JSON_OBJECT)) {
		a->said.len = 0;
		json_compact(&a->said, message);
	}
	return take_status(a, status, id);
}

/* Takes a task as it is now. */
static int
take_task_event(struct answer *a, struct json_span task)
{
	struct json_span key = { 0 }, artifact, said;
	struct json_span artifacts = json_get(task, "artifacts");
	struct json_iter it;

	if (json_is(artifacts, JSON_ARRAY))
		for (it = json_each(artifacts); json_next(&it, &key,
		    &artifact); )
			if (take_artifact(a, artifact, 0))
				return -1;
	said = last_said(json_get(task, "history"));
	if (said.p) {
		a->said.len = 0;
		json_compact(&a->said, said);
	}
	return take_status_event(a, json_get(task, "status"),
	    json_get(task, "id"));
}

/* Takes a message, which is the whole answer. */
static int
take_message_event(struct answer *a, struct json_span message)
{
	if (!take_message(a, message))
		return answer_fail(a, "no_output", "the message has no text");
	if (json_is(json_buf(&a->output), JSON_STRING))
		answer_add_text(a, json_buf(&a->output));
	a->is_done = 1;
	return 0;
}

static int
a2a_event(struct answer *a, struct json_span event)
{
	struct json_span v;

	if (open_envelope(a, &event))
		return -1;
	v = unwrapped(event, "artifactUpdate", "artifact-update", "artifact");
	if (v.p)
		return take_artifact(a, json_get(v, "artifact"),
		    json_is_true(json_get(v, "append")));
	v = unwrapped(event, "statusUpdate", "status-update", "final");
	if (v.p)
		return take_status_event(a, json_get(v, "status"),
		    json_get(v, "taskId"));
	v = unwrapped_message(event);
	if (v.p)
		return take_message_event(a, v);
	v = unwrapped(event, "task", "task", "status");
	return v.p ? take_task_event(a, v) : 0;
}

/* Sets the output to the artifacts of a complete stream. */
static int
a2a_end(struct answer *a)
{
	struct buf b = { 0 };
	size_t i;
	int any;

	/* there is a message, or the task will be polled */
	if (a->output.len || a->task.len || !(a->is_done || a->nartifacts))
		return 0;
	json_open(&b, NULL, '[');
	for (i = 0; i < a->nartifacts; i++)
		buf_printf(&b, "%s{\"parts\":[%s]}", i ? "," : "",
		    buf_str(&a->artifacts[i].parts));
	json_close(&b, ']');
	any = take_artifacts(a, json_buf(&b)) || (a->said.len &&
	    take_message(a, json_buf(&a->said)));
	buf_release(&b);
	return any ? 0 : answer_fail(a, "no_output", "the task has no text");
}

const struct answer_kind answer_a2a = { a2a_whole, a2a_event, a2a_end };
