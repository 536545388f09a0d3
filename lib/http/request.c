#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/util.h"
#include "base/uuid.h"
#include "json/path.h"
#include "binding.h"
#include "fill.h"
#include "weburl.h"
#include "request.h"

const char *const request_fields[REQUEST_FIELDS] = {
	[REQUEST_ID] = "id",
	[REQUEST_INPUT] = "input",
	[REQUEST_KWARGS] = "kwargs",
	[REQUEST_CONTEXT] = "context",
	[REQUEST_MESSAGES] = "messages"
};

/* --- the conversation ----------------------------------------------------- */

/* Whether an input is a list of messages. */
static int
is_messages(struct json_span v)
{
	struct json_span first = { 0 };

	if (json_is(v, JSON_ARRAY))
		first = path_get(v, "0");
	return json_is(first, JSON_OBJECT) && json_get(first, "role").p;
}

/* Adds a value as a string; another value than a string as JSON in one. */
static void
add_as_text(struct buf *b, const char *key, struct json_span v)
{
	struct buf text = { 0 };

	fill_put_text(&text, v);
	json_add_text(b, key, buf_str(&text), text.len);
	buf_release(&text);
}

/* Appends the conversation of a run. */
static void
put_conversation(struct buf *b, const struct json_span v[REQUEST_FIELDS])
{
	if (json_is(v[REQUEST_MESSAGES], JSON_ARRAY)) {
		json_compact(b, v[REQUEST_MESSAGES]);
	} else if (is_messages(v[REQUEST_INPUT])) {
		json_compact(b, v[REQUEST_INPUT]);
	} else {
		json_open(b, NULL, '[');
		json_open(b, NULL, '{');
		json_add_str(b, "role", "user");
		add_as_text(b, "content", v[REQUEST_INPUT]);
		json_close(b, '}');
		json_close(b, ']');
	}
}

/* --- bodies --------------------------------------------------------------- */

/* Replaces members of a recorded body by those of the configuration. */
static void
put_overridden(struct buf *b, const struct service *s, struct json_span body)
{
	struct json_span key = { 0 }, v;
	struct buf to = { 0 }, from = { 0 }, name = { 0 };
	struct json_iter it;

	json_compact(&from, body);
	if (s->model.p && !path_set(&to, json_buf(&from), "model", s->model)) {
		buf_release(&from);
		from = to;
		to = (struct buf){ 0 };
	}
	if (json_is(s->params, JSON_OBJECT))
		for (it = json_each(s->params); json_next(&it, &key, &v); ) {
			name.len = 0;
			json_text(&name, key);
			if (path_set(&to, json_buf(&from), buf_str(&name), v))
				continue;
			buf_release(&from);
			from = to;
			to = (struct buf){ 0 };
		}
	buf_add(b, from.p, from.len);
	buf_release(&from);
	buf_release(&to);
	buf_release(&name);
}

/* Adds the members of params, which come after our own members. */
static void
add_params(struct buf *b, const struct service *s)
{
	static const char *const not[] = { "model", "stream" };

	if (json_is(s->params, JSON_OBJECT))
		json_add_others(b, s->params, not, LEN(not));
}

static void
put_chat_body(struct buf *b, const struct service *s, const struct fill *f)
{
	json_open(b, NULL, '{');
	json_add(b, "model", s->model);
	json_add(b, "messages", f->messages);
	if (s->stream == SERVICE_SSE) {
		json_add_bool(b, "stream", 1);
		json_open(b, "stream_options", '{');
		json_add_bool(b, "include_usage", 1);
		json_close(b, '}');
	}
	add_params(b, s);
	json_close(b, '}');
}

static void
put_responses(struct buf *b, const struct service *s,
    const struct json_span v[REQUEST_FIELDS])
{
	json_open(b, NULL, '{');
	if (s->model.p)
		json_add(b, "model", s->model);
	if (is_messages(v[REQUEST_INPUT]))
		json_add(b, "input", v[REQUEST_INPUT]);
	else
		add_as_text(b, "input", v[REQUEST_INPUT]);
	if (s->stream == SERVICE_SSE)
		json_add_bool(b, "stream", 1);
	add_params(b, s);
	json_close(b, '}');
}

static void
put_a2a(struct buf *b, const struct service *s,
    const struct json_span v[REQUEST_FIELDS])
{
	const struct binding *d = s->binding;
	char id[UUID_TEXT];

	uuid_random(id);
	if (d->rpc)
		binding_open_rpc(b, s->stream == SERVICE_SSE ? d->stream :
		    d->send, id, s->tenant);
	else
		json_open(b, NULL, '{');
	binding_add_message(b, d, id, v[REQUEST_INPUT]);
	add_params(b, s);
	if (d->rpc)
		binding_close_rpc(b);
	else
		json_close(b, '}');
}

static void
put_plain_body(struct buf *b, const struct json_span v[REQUEST_FIELDS])
{
	json_open(b, NULL, '{');
	json_add(b, "input", v[REQUEST_INPUT]);
	json_close(b, '}');
}

/* Appends the body of a service without a template. */
static void
put_default_body(struct buf *b, const struct service *s, const struct fill *f,
    const struct json_span v[REQUEST_FIELDS])
{
	if (json_is(v[REQUEST_KWARGS], JSON_OBJECT)) {
		put_overridden(b, s, v[REQUEST_KWARGS]);
		return;
	}
	switch (s->api) {
	case SERVICE_CHAT:
		put_chat_body(b, s, f);
		break;
	case SERVICE_RESPONSES:
		put_responses(b, s, v);
		break;
	case SERVICE_A2A:
		put_a2a(b, s, v);
		break;
	case SERVICE_PLAIN:
		put_plain_body(b, v);
		break;
	}
}

static int
request_put_body(struct request *r, const struct service *s,
    const struct fill *f, const struct json_span v[REQUEST_FIELDS],
    struct err *e)
{
	struct buf text = { 0 };
	int bad;

	r->has_body = 1;
	if (!s->body.p) {
		put_default_body(&r->body, s, f, v);
		return 0;
	}
	if (s->type == SERVICE_FORM)
		return fill_put_form(f, s->body, &r->body, e);
	if (s->type == SERVICE_JSON)
		return fill_put(f, s->body, &r->body, e);
	bad = fill_put(f, s->body, &text, e);
	if (!bad)
		fill_put_text(&r->body, json_buf(&text));
	buf_release(&text);
	return bad;
}

/* --- the URL -------------------------------------------------------------- */

/* Whether the method has its parameters in the URL. */
static int
is_bodyless(const struct service *s)
{
	return !s->body.p && (!strcmp(s->method, "GET") ||
	    !strcmp(s->method, "DELETE"));
}

static int
put_url(struct request *r, const struct service *s, const struct fill *f,
    const struct json_span v[REQUEST_FIELDS], struct err *e)
{
	struct buf b = { 0 }, own = { 0 };
	struct json_span query = s->query;
	int bad = 0;

	weburl_copy(&r->url, &s->url);
	if (!query.p && is_bodyless(s)) {
		if (json_is(v[REQUEST_KWARGS], JSON_OBJECT))
			json_compact(&own, v[REQUEST_KWARGS]);
		else
			put_plain_body(&own, v);
		query = json_buf(&own);
	}
	if (json_is(query, JSON_OBJECT)) {
		buf_puts(&b, r->url.path);
		buf_byte(&b, strchr(r->url.path, '?') ? '&' : '?');
		bad = fill_put_form(f, query, &b, e);
		free(r->url.path);
		r->url.path = buf_detach(&b, NULL);
	}
	buf_release(&own);
	r->text = weburl_text(&r->url);
	return bad;
}

/* --- headers -------------------------------------------------------------- */

static void
request_add_header(struct request *r, const char *name, const char *value)
{
	r->headers = xreallocarray(r->headers, r->nheaders + 1,
	    sizeof(*r->headers));
	/* libcurl reads "Name;" as a header without a value */
	r->headers[r->nheaders++] = *value ? xasprintf("%s: %s", name, value) :
	    xasprintf("%s;", name);
}

static int
has_header(const struct service *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nheaders; i++)
		if (!strcasecmp(s->headers[i].name, name))
			return 1;
	return 0;
}

static const char *
content_type(const struct service *s)
{
	switch (s->body.p ? s->type : SERVICE_JSON) {
	case SERVICE_FORM:
		return "application/x-www-form-urlencoded";
	case SERVICE_TEXT:
		return "text/plain; charset=utf-8";
	default:
		return "application/json";
	}
}

/* "user:password" as the credentials of a basic authentication. */
static void
add_basic(struct request *r, const char *user)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf b = { 0 };
	size_t i, n = strlen(user);
	unsigned long three;

	buf_puts(&b, "Basic ");
	for (i = 0; i < n; i += 3) {
		three = (unsigned long)(unsigned char)user[i] << 16;
		if (i + 1 < n)
			three |= (unsigned long)(unsigned char)user[i + 1] << 8;
		if (i + 2 < n)
			three |= (unsigned char)user[i + 2];
		buf_byte(&b, digits[three >> 18]);
		buf_byte(&b, digits[three >> 12 & 63]);
		buf_byte(&b, i + 1 < n ? digits[three >> 6 & 63] : '=');
		buf_byte(&b, i + 2 < n ? digits[three & 63] : '=');
	}
	request_add_header(r, "Authorization", buf_str(&b));
	buf_release(&b);
}

/* Adds the headers; without secrets if it goes to another origin. */
static void
add_headers(struct request *r, const struct service *s)
{
	int same = weburl_same_origin(&r->url, &s->origin);
	size_t i;

	if (r->has_body && !has_header(s, "Content-Type"))
		request_add_header(r, "Content-Type", content_type(s));
	if (!has_header(s, "Accept"))
		request_add_header(r, "Accept", s->stream == SERVICE_SSE ?
		    "text/event-stream, application/json" :
		    "application/json, text/event-stream, */*;q=0.5");
	if (!has_header(s, "User-Agent"))
		request_add_header(r, "User-Agent", "fluxloop");
	if (s->api == SERVICE_A2A && !has_header(s, "A2A-Version"))
		request_add_header(r, "A2A-Version", s->binding->version);
	for (i = 0; i < s->nheaders; i++)
		if (same || !s->headers[i].secret)
			request_add_header(r, s->headers[i].name,
			    s->headers[i].value);
	if (same && s->origin.user && !has_header(s, "Authorization"))
		add_basic(r, s->origin.user);
}

static void
drop_headers(struct request *r)
{
	while (r->nheaders)
		free(r->headers[--r->nheaders]);
}

/* --- all of it ------------------------------------------------------------ */

int
request_init(struct request *r, const struct service *s,
    struct json_span message, const struct json_span v[REQUEST_FIELDS],
    struct err *e)
{
	struct buf messages = { 0 };
	struct fill f = { .request = message };
	int bad;

	memset(r, 0, sizeof(*r));
	r->method = s->method;
	put_conversation(&messages, v);
	f.messages = json_buf(&messages);
	bad = put_url(r, s, &f, v, e);
	if (!bad && !is_bodyless(s))
		bad = request_put_body(r, s, &f, v, e);
	if (!bad)
		add_headers(r, s);
	buf_release(&messages);
	return bad;
}

void
request_release(struct request *r)
{
	drop_headers(r);
	free(r->headers);
	free(r->text);
	weburl_release(&r->url);
	buf_release(&r->body);
	buf_release(&r->ask);
	memset(r, 0, sizeof(*r));
}

void
request_get(struct request *r, const struct service *s,
    const struct weburl *url)
{
	memset(r, 0, sizeof(*r));
	r->method = "GET";
	weburl_copy(&r->url, url);
	r->text = weburl_text(&r->url);
	add_headers(r, s);
}

void
request_redirect(struct request *r, const struct service *s,
    struct weburl *to, int get)
{
	weburl_release(&r->url);
	r->url = *to;
	memset(to, 0, sizeof(*to));
	free(r->text);
	r->text = weburl_text(&r->url);
	if (get) {
		r->method = "GET";
		r->has_body = 0;
	}
	drop_headers(r);
	add_headers(r, s);
}

int
request_follow(struct request *r, const struct service *s,
    const char *location, int get, struct err *e)
{
	struct weburl to;
	struct err why = { 0 };
	int bad = 1;

	if (weburl_parse(&to, location, &why))
		err_set(e, 0, 0, "redirected to a wrong address: %s", why.msg);
	else if (!service_allows(s, &to))
		err_set(e, 0, 0, "redirected to %s, a host that the "
		    "configuration does not name; runner.http.hosts can",
		    location);
	else if (r->url.tls && !to.tls)
		err_set(e, 0, 0, "redirected to %s, which is not encrypted",
		    location);
	else
		bad = 0;
	if (!bad)
		request_redirect(r, s, &to, get);
	weburl_release(&to);
	err_release(&why);
	return bad ? -1 : 0;
}

/* Sets a URL to that of a task, beside the address for messages. */
static void
task_url(struct weburl *to, const struct service *s, const char *task)
{
	struct buf path = { 0 };
	size_t n = strcspn(s->url.path, "?");

	while (n && s->url.path[n - 1] != '/')
		n--;
	weburl_copy(to, &s->url);
	free(to->path);
	buf_add(&path, s->url.path, n);
	buf_puts(&path, "tasks/");
	fill_put_encoded(&path, task, strlen(task));
	to->path = buf_detach(&path, NULL);
}

void
request_ask_task(struct request *r, const struct service *s, const char *task)
{
	const struct binding *d = s->binding;
	struct weburl to;
	char id[UUID_TEXT];

	if (d->rpc) {
		uuid_random(id);
		r->ask.len = 0;
		binding_open_rpc(&r->ask, d->task, id, s->tenant);
		json_add_str(&r->ask, "id", task);
		binding_close_rpc(&r->ask);
		r->method = "POST";
		r->has_body = 1;
		weburl_copy(&to, &s->url);
	} else {
		task_url(&to, s, task);
	}
	request_redirect(r, s, &to, !d->rpc);
}
