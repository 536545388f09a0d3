#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "base/utf8.h"
#include "json/path.h"
#include "fill.h"
#include "answer.h"

#define SHOWN 200		/* bytes of a reply in a message */
#define TOOLS_MAX 1000		/* calls of tools in a reply */

static int answer_plain_whole(struct answer *a, struct json_span reply);
static int answer_plain_event(struct answer *a, struct json_span event);

static const struct answer_kind answer_plain = {
	answer_plain_whole, answer_plain_event, NULL
};

static const struct answer_kind *const kinds[] = {
	[SERVICE_PLAIN] = &answer_plain,
	[SERVICE_CHAT] = &answer_chat,
	[SERVICE_RESPONSES] = &answer_responses,
	[SERVICE_A2A] = &answer_a2a
};

/* --- for all interfaces --------------------------------------------------- */

int
answer_fail(struct answer *a, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (*a->code)
		return -1;
	snprintf(a->code, sizeof(a->code), "%s", code);
	va_start(ap, fmt);
	err_vset(&a->error, 0, 0, fmt, ap);
	va_end(ap);
	return -1;
}

void
answer_add_text(struct answer *a, struct json_span string)
{
	size_t from = a->text.len;

	json_text(&a->text, string);
	a->has_text = 1;
	if (a->delta && a->text.len > from)
		a->delta(a->arg, a->text.p + from, a->text.len - from);
}

struct answer_tool *
answer_tool(struct answer *a, size_t index)
{
	size_t n = a->ntools;

	if (index >= TOOLS_MAX)
		index = TOOLS_MAX - 1;
	if (index >= n) {
		a->tools = xreallocarray(a->tools, index + 1,
		    sizeof(*a->tools));
		memset(a->tools + n, 0, (index + 1 - n) * sizeof(*a->tools));
		a->ntools = index + 1;
	}
	return &a->tools[index];
}

void
answer_set_tokens(struct answer *a, size_t which, struct json_span v)
{
	double d;

	if (v.p && json_double(v, &d) && d >= 0 && d < 1e15)
		a->tokens[which] = (long long)d;
}

/* The start of a reply, for a message. To be freed. */
static char *
shown(const char *p, size_t n)
{
	struct buf b = { 0 };
	size_t end = n < SHOWN ? n : utf8_check(p, SHOWN);

	/* if not even the start is UTF-8, show the bytes as U+FFFD */
	json_put_text(&b, p, n && !end ? (n < SHOWN ? n : SHOWN) : end);
	if (end < n)
		buf_puts(&b, "...");
	return buf_detach(&b, NULL);
}

/* --- plain services ------------------------------------------------------- */

static int
answer_plain_whole(struct answer *a, struct json_span reply)
{
	json_compact(&a->output, reply);
	return 0;
}

/* Where the chunks of well-known streams have their text. */
static const char *const text_paths[] = {
	"choices.0.delta.content", "choices.0.text", "delta.text",
	"delta.content", "candidates.0.content.parts.0.text",
	"message.content", "delta", "content", "text", "token", "response"
};

static struct json_span
find_chunk_text(const struct answer *a, struct json_span event)
{
	struct json_span v = { 0 };
	size_t i;

	if (a->service->stream_path)
		return path_get(event, a->service->stream_path);
	if (json_is(event, JSON_STRING))
		return event;
	for (i = 0; i < LEN(text_paths); i++) {
		v = path_get(event, text_paths[i]);
		if (json_is(v, JSON_STRING))
			break;
	}
	return v;
}

static int
answer_plain_event(struct answer *a, struct json_span event)
{
	struct json_span v = find_chunk_text(a, event);

	if (json_is(v, JSON_STRING)) {
		answer_add_text(a, v);
	} else if (!json_is_null(v) && a->service->stream_path) {
		a->value.len = 0;
		json_compact(&a->value, v);
	}
	return 0;
}

/* --- events --------------------------------------------------------------- */

/* Whether the configuration selects events of this name or type. */
static int
is_wanted_event(const struct answer *a, const char *name,
    struct json_span event)
{
	const struct service *s = a->service;
	struct json_span type = json_get(event, "type");
	size_t i;

	for (i = 0; i < s->nfilters; i++)
		if (!strcmp(s->filters[i], name) ||
		    json_is_str(type, s->filters[i]))
			return 1;
	return !s->nfilters;
}

/* Fails if an event reports an error, as streams of any interface do. */
static int
check_event_error(struct answer *a, const char *name, struct json_span event,
    const char *data, size_t n)
{
	struct json_span error = json_get(event, "error"), text;
	struct buf b = { 0 };

	if (strcmp(name, "error") != 0 && !json_is_str(json_get(event, "type"),
	    "error") && !json_is(error, JSON_OBJECT) &&
	    !json_is(error, JSON_STRING))
		return 0;
	text = json_is(error, JSON_OBJECT) ? json_get(error, "message") :
	    json_is(error, JSON_STRING) ? error : json_get(event, "message");
	if (text.p)
		fill_put_text(&b, text);
	else
		buf_add(&b, data, n < SHOWN ? n : SHOWN);
	answer_fail(a, "stream_error", "the stream reports an error: %s",
	    buf_str(&b));
	buf_release(&b);
	return -1;
}

/* Takes an event whose data is not JSON: text of the answer. */
static int
take_raw_event(struct answer *a, const char *name, const char *data, size_t n,
    const struct json_fault *f)
{
	struct buf quoted = { 0 };
	struct json_span none = { 0 };
	char *text;

	if (check_event_error(a, name, none, data, n))
		return -1;
	if (a->sse.kind == SSE_LINES || a->service->api != SERVICE_PLAIN ||
	    a->service->stream_path) {
		text = shown(data, n);
		answer_fail(a, "bad_json", "an event of the stream is not "
		    "JSON: %s (byte %zu): %s", f->msg, f->at + 1, text);
		free(text);
		return -1;
	}
	json_put_text(&quoted, data, n);
	if (is_wanted_event(a, name, none))
		answer_add_text(a, json_buf(&quoted));
	buf_release(&quoted);
	return 0;
}

static int
take_event(void *arg, const char *name, const char *data, size_t n)
{
	struct answer *a = arg;
	struct json_fault f;
	struct json_span event = { data, n };

	a->events++;
	if (n == 6 && !memcmp(data, "[DONE]", 6)) {
		a->is_done = 1;
		return 1;
	}
	if (json_scan(data, n, JSON_LAX | JSON_INSIDE, NULL, NULL, 0, &f) < 0)
		return take_raw_event(a, name, data, n, &f);
	event = json_trim(event);
	if (check_event_error(a, name, event, data, n))
		return -1;
	if (!is_wanted_event(a, name, event))
		return 0;
	return kinds[a->service->api]->event(a, event) ? -1 : a->is_done;
}

/* --- begin, feed, end ----------------------------------------------------- */

static int
has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (; *text; text++)
		if (!strncasecmp(text, word, n))
			return 1;
	return 0;
}

/* Sets how a reply of this type is read. */
static void
choose_form(struct answer *a, const char *type)
{
	enum service_stream want = a->service->stream;
	int events = has_word(type, "text/event-stream");
	int lines = has_word(type, "ndjson") || has_word(type, "jsonl") ||
	    has_word(type, "json-lines") || has_word(type, "jsonlines");

	a->is_html = has_word(type, "text/html");
	a->is_text = has_word(type, "text/") && !a->is_html;
	if (want == SERVICE_NONE || a->is_html)
		return;
	if (!events && !lines) {
		events = want == SERVICE_SSE &&
		    !has_word(type, "application/json") &&
		    !has_word(type, "+json");
		lines = want == SERVICE_LINES;
	}
	if (events || lines)
		a->form = ANSWER_STREAM;
	a->sse.kind = events ? SSE_EVENTS : SSE_LINES;
}

void
answer_begin(struct answer *a, const struct service *s, const char *type,
    void (*delta)(void *, const char *, size_t), void *arg)
{
	memset(a, 0, sizeof(*a));
	a->service = s;
	a->delta = delta;
	a->arg = arg;
	a->tokens[0] = a->tokens[1] = a->tokens[2] = -1;
	a->sse.max = s->max_reply;
	choose_form(a, type ? type : "");
}

int
answer_feed(struct answer *a, const char *p, size_t n)
{
	int r;

	if (a->form == ANSWER_WHOLE) {
		if (a->body.len + n > a->service->max_reply)
			return answer_fail(a, "too_large", "the reply is "
			    "larger than max_reply_mb, %zu MiB",
			    a->service->max_reply >> 20);
		buf_add(&a->body, p, n);
		return 0;
	}
	r = sse_feed(&a->sse, p, n, take_event, a);
	if (r < 0 && !*a->code)
		answer_fail(a, "too_large", "an event of the stream is larger "
		    "than max_reply_mb, %zu MiB", a->service->max_reply >> 20);
	if (r >= 0 && a->text.len > a->service->max_reply)
		r = answer_fail(a, "too_large", "the text of the stream is "
		    "larger than max_reply_mb, %zu MiB",
		    a->service->max_reply >> 20);
	return r;
}

/* Replaces the output by the value at output_path of the reply. */
static int
take_path(struct answer *a, struct json_span reply)
{
	struct json_span v = path_get(reply, a->service->output_path);
	char *text;

	if (!v.p) {
		text = shown(reply.p, reply.n);
		answer_fail(a, "no_output", "the reply has nothing at "
		    "output_path '%s': %s", a->service->output_path, text);
		free(text);
		return -1;
	}
	a->output.len = 0;
	json_compact(&a->output, v);
	return 0;
}

/* Takes a reply that is not JSON: text, if that may be an answer. */
static int
take_text_body(struct answer *a, const struct json_fault *f)
{
	const struct service *s = a->service;
	int any = s->output_path && !*s->output_path;
	char *text;

	if (any || (a->is_text && !s->output_path &&
	    s->api == SERVICE_PLAIN)) {
		json_put_text(&a->output, a->body.p, a->body.len);
		return 0;
	}
	text = shown(buf_str(&a->body), a->body.len);
	if (!a->body.len)
		answer_fail(a, "bad_json", "the reply is empty");
	else if (a->is_html)
		answer_fail(a, "bad_json", "the reply is HTML, not JSON: %s",
		    text);
	else
		answer_fail(a, "bad_json", "the reply is not JSON: %s (byte "
		    "%zu): %s", f->msg, f->at + 1, text);
	free(text);
	return -1;
}

static int
end_whole(struct answer *a)
{
	struct json_fault f;
	struct json_span reply;

	if (a->body.len >= 3 && !memcmp(a->body.p, "\xef\xbb\xbf", 3))
		buf_splice(&a->body, 0, 3, NULL, 0);
	if (json_scan(buf_str(&a->body), a->body.len, JSON_LAX | JSON_INSIDE,
	    NULL, NULL, 0, &f) < 0)
		return take_text_body(a, &f);
	reply = json_trim(json_buf(&a->body));
	if (kinds[a->service->api]->whole(a, reply) &&
	    !(a->service->output_path && !strcmp(a->code, "no_output")))
		return -1;
	if (!a->service->output_path || a->task.len)
		return 0;
	*a->code = '\0';
	err_release(&a->error);
	return take_path(a, reply);
}

static int
end_stream(struct answer *a)
{
	const struct answer_kind *k = kinds[a->service->api];
	int r = 0;

	if (!a->is_done)
		r = sse_end(&a->sse, take_event, a);
	if (r < 0 || (k->end && k->end(a)))
		return answer_fail(a, "too_large", "the last event of the "
		    "stream is too large");
	if (a->output.len || a->task.len)
		return 0;
	if (a->value.len && !a->has_text)
		buf_add(&a->output, a->value.p, a->value.len);
	else if (a->has_text)
		json_put_text(&a->output, buf_str(&a->text), a->text.len);
	else
		return answer_fail(a, "no_output", "the stream of %zu event%s "
		    "has no text%s%s%s", a->events, a->events == 1 ? "" : "s",
		    a->service->stream_path ? " at stream_output_path '" : "",
		    a->service->stream_path ? a->service->stream_path : "",
		    a->service->stream_path ? "'" : "");
	return 0;
}

int
answer_end(struct answer *a)
{
	if (*a->code)
		return -1;
	return a->form == ANSWER_WHOLE ? end_whole(a) : end_stream(a);
}

void
answer_release(struct answer *a)
{
	struct buf *const all[] = {
		&a->body, &a->text, &a->value, &a->output, &a->model,
		&a->finish, &a->state, &a->task, &a->said
	};
	size_t i;

	for (i = 0; i < LEN(all); i++)
		buf_release(all[i]);
	for (i = 0; i < a->ntools; i++) {
		buf_release(&a->tools[i].id);
		buf_release(&a->tools[i].name);
		buf_release(&a->tools[i].arguments);
	}
	free(a->tools);
	for (i = 0; i < a->nartifacts; i++) {
		buf_release(&a->artifacts[i].id);
		buf_release(&a->artifacts[i].parts);
	}
	free(a->artifacts);
	sse_release(&a->sse);
	err_release(&a->error);
	memset(a, 0, sizeof(*a));
}
