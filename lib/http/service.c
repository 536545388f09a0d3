#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/util.h"
#include "config/config.h"
#include "config/schema.h"
#include "run/constant.h"
#include "binding.h"
#include "fill.h"
#include "service.h"

#define MIB ((size_t)1 << 20)

/* A value of runner.http, its variables replaced; absent when null. */
static struct json_span
service_get(const struct service *s, const char *name)
{
	struct json_span v = json_get(json_buf(&s->json), name), none = { 0 };

	return json_is_null(v) ? none : v;
}

/* The text of a value, to be freed; NULL if absent. */
static char *
span_text(struct json_span v)
{
	struct buf b = { 0 };

	if (!v.p)
		return NULL;
	fill_put_text(&b, v);
	return buf_detach(&b, NULL);
}

/* A dotted path, to be freed; NULL if absent. */
static char *
dotted_path(struct json_span v)
{
	struct buf b = { 0 };
	char *text = span_text(v);

	if (!text)
		return NULL;
	fill_put_path(&b, strcmp(text, ".") ? text : "$");
	free(text);
	return buf_detach(&b, NULL);
}

/* --- numbers -------------------------------------------------------------- */

static double
service_seconds(struct json_span v, double preset)
{
	double seconds;

	return v.p && schema_seconds(v, &seconds) ? seconds : preset;
}

static double
service_number(struct json_span v, double preset)
{
	double d;

	return v.p && json_double(v, &d) ? d : preset;
}

/* "5/s", "100/m": sets the seconds between two requests. */
static int
service_read_rate(struct service *s, struct err *e)
{
	char *text = span_text(service_get(s, "rate_limit"));
	char unit = 0, more;
	double n = 0;
	int bad;

	if (!text)
		return 0;
	bad = sscanf(text, "%lf/%c%c", &n, &unit, &more) != 2 ||
	    !strchr("smh", unit) || !(n > 0);
	if (bad)
		err_set(e, 0, 0, "runner.http.rate_limit '%s': expected "
		    "N/s, N/m or N/h", text);
	else
		s->interval = (unit == 's' ? 1 : unit == 'm' ? 60 : 3600) / n;
	free(text);
	return bad ? -1 : 0;
}

static int
read_range(const char *text, struct service_range *r)
{
	char more;
	int n = sscanf(text, "%3d-%3d%c", &r->from, &r->to, &more);

	if (n == 1) {
		r->to = r->from;
		n = sscanf(text, "%3d%c", &r->from, &more) + 1;
	}
	return n == 2 && r->from >= 200 && r->to <= 299 && r->from <= r->to;
}

static int
read_ok(struct service *s, struct err *e)
{
	struct json_span v = service_get(s, "ok_status"), key, item;
	struct json_iter it;
	char *text;
	size_t cap = 0;
	int good = 1;

	s->ok = xcalloc(1, sizeof(*s->ok));
	s->ok[0] = (struct service_range){ 200, 299 };
	s->nok = cap = 1;
	if (!json_is(v, JSON_ARRAY))
		return 0;
	s->nok = 0;
	for (it = json_each(v); good && json_next(&it, &key, &item); ) {
		ALLOC_GROW(s->ok, s->nok + 1, cap);
		text = span_text(item);
		good = read_range(text, &s->ok[s->nok++]);
		if (!good)
			err_set(e, 0, 0, "runner.http.ok_status: '%s': "
			    "expected a status or FROM-TO within 200-299; any "
			    "other status is a failed run", text);
		free(text);
	}
	return good ? 0 : -1;
}

static void
read_retry(struct service *s)
{
	static const int presets[] = { 429, 502, 503, 504 };
	struct json_span retry = service_get(s, "retry"), codes, key, item;
	struct json_iter it;
	double d;
	size_t i, cap = 0;

	codes = json_get(retry, "status_codes");
	s->attempts = (unsigned)service_number(json_get(retry, "attempts"), 2);
	s->backoff = service_seconds(json_get(retry, "backoff"), 0.2);
	s->max_wait = service_seconds(json_get(retry, "max_wait"), 60);
	if (!json_is(codes, JSON_ARRAY)) {
		s->nretried = LEN(presets);
		s->retried = xcalloc(LEN(presets), sizeof(*presets));
		for (i = 0; i < LEN(presets); i++)
			s->retried[i] = presets[i];
		return;
	}
	for (it = json_each(codes); json_next(&it, &key, &item); ) {
		ALLOC_GROW(s->retried, s->nretried + 1, cap);
		if (json_double(item, &d))
			s->retried[s->nretried++] = (int)d;
	}
}

/* --- words ---------------------------------------------------------------- */

/* The strings of a list, or one string. */
static void
service_read_words(struct json_span v, char ***words, size_t *n)
{
	struct json_span key, item;
	struct json_iter it;
	size_t cap = 0;

	if (json_is(v, JSON_STRING)) {
		*words = xcalloc(1, sizeof(**words));
		(*words)[(*n)++] = span_text(v);
	}
	if (!json_is(v, JSON_ARRAY))
		return;
	for (it = json_each(v); json_next(&it, &key, &item); ) {
		ALLOC_GROW(*words, *n + 1, cap);
		(*words)[(*n)++] = span_text(item);
	}
}

static void
free_words(char **words, size_t n)
{
	while (n)
		free(words[--n]);
	free(words);
}

/* The place of a word in a list that ends in NULL; or of its end. */
static size_t
word_index(struct json_span v, const char *const *words)
{
	size_t i;

	for (i = 0; words[i] && !json_is_str(v, words[i]); i++)
		;
	return i;
}

/* --- secrets -------------------------------------------------------------- */

void
service_mask(const struct service *s, struct buf *b, size_t from)
{
	secret_values_mask(&s->secrets, b, from, 0);
}

/* --- headers -------------------------------------------------------------- */

static int
service_add_header(struct service *s, struct json_span key,
    struct json_span value, struct json_span written, struct err *e)
{
	struct service_header *h;

	s->headers = xreallocarray(s->headers, s->nheaders + 1,
	    sizeof(*s->headers));
	h = &s->headers[s->nheaders++];
	h->name = span_text(key);
	h->value = span_text(value);
	h->secret = secret_values_add_header(&s->secrets, h->name, h->value,
	    written);
	if (!*h->name || strpbrk(h->name, " :\r\n") ||
	    strpbrk(h->value, "\r\n"))
		return err_set(e, 0, 0, "runner.http.headers: '%s' is not a "
		    "header's name, or its value has a line end", h->name);
	return 0;
}

static int
read_headers(struct service *s, const struct config *c, struct err *e)
{
	struct json_span v = service_get(s, "headers"), key = { 0 }, value;
	struct json_span written = config_get(c, "runner.http.headers");
	struct json_iter it;
	char *name;
	int bad = 0;

	if (!json_is(v, JSON_OBJECT))
		return 0;
	for (it = json_each(v); !bad && json_next(&it, &key, &value); ) {
		if (json_is_null(value))
			continue;
		name = span_text(key);
		bad = service_add_header(s, key, value,
		    json_get(written, name), e);
		free(name);
	}
	secret_values_complete(&s->secrets);
	return bad;
}

/* --- the body ------------------------------------------------------------- */

static int
read_body(struct service *s, struct err *e)
{
	static const char *const types[] = { "json", "form", "text", NULL };
	struct json_span t = service_get(s, "body_template");
	struct json_span type = json_get(t, "type");

	s->body = service_get(s, "body");
	s->query = service_get(s, "query");
	if (json_is(t, JSON_OBJECT)) {
		if (s->body.p)
			return err_set(e, 0, 0, "runner.http.body and "
			    "body_template are both set: remove one");
		s->body = json_get(t, "mapping");
		if (type.p)
			s->type = (enum service_body)word_index(type, types);
		if (!s->body.p)
			return err_set(e, 0, 0,
			    "runner.http.body_template has no mapping");
	}
	/* "$.kwargs" may be one */
	if (s->type == SERVICE_FORM && !json_is(s->body, JSON_OBJECT) &&
	    !json_is(s->body, JSON_STRING))
		return err_set(e, 0, 0, "runner.http.body_template: a form "
		    "needs a mapping of names to values");
	return 0;
}

/* --- where ---------------------------------------------------------------- */

/* Returns the end that an interface adds to the configured URL. */
static const char *
api_suffix(const struct service *s)
{
	switch (s->api) {
	case SERVICE_CHAT:
		return "/chat/completions";
	case SERVICE_RESPONSES:
		return "/responses";
	case SERVICE_A2A:
		return s->binding->rpc ? "" : s->stream == SERVICE_SSE ?
		    s->binding->stream : s->binding->send;
	default:
		return "";
	}
}

static int
path_ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* Adds the interface's part of the path, unless it is there. */
static void
add_suffix(struct service *s)
{
	const char *suffix = api_suffix(s);
	char *path = weburl_plain_path(&s->url), *query;
	size_t n = strlen(path);

	if (!path_ends_in(path, suffix)) {
		query = s->url.path + n;
		while (n && path[n - 1] == '/')
			n--;
		query = xasprintf("%.*s%s%s", (int)n, path, suffix, query);
		free(s->url.path);
		s->url.path = query;
	}
	free(path);
}

/* Adds the interface's part of the path, and names calls by the URL. */
static void
complete_url(struct service *s)
{
	char *path;

	add_suffix(s);
	path = weburl_plain_path(&s->url);
	free(s->name);
	s->name = xasprintf("%s %s", s->method, path);
	free(path);
}

void
service_set_url(struct service *s, struct weburl *base)
{
	weburl_release(&s->url);
	s->url = *base;
	memset(base, 0, sizeof(*base));
	complete_url(s);
}

/* Whether the host stands in the configuration as it is, not in a variable. */
static int
is_written(const struct config *c, const struct weburl *u)
{
	char *text = config_text(c, "runner.http.url");
	struct weburl written;
	struct err e = { 0 };
	int is = text && !weburl_parse(&written, text, &e) &&
	    !strcmp(written.host, u->host);

	if (text && !e.msg)
		weburl_release(&written);
	err_release(&e);
	free(text);
	return is;
}

int
service_allows(const struct service *s, const struct weburl *u)
{
	size_t i;

	if (weburl_is_loopback(u))
		return 1;
	for (i = 0; i < s->nhosts; i++)
		if (!strcasecmp(s->hosts[i], u->host))
			return 1;
	return 0;
}

static int
read_url(struct service *s, const struct config *c, struct err *e)
{
	char *text = span_text(service_get(s, "url"));
	int bad;

	if (!text)
		return err_set(e, 0, 0, "runner.http.url is not set");
	bad = weburl_parse(&s->url, text, e);
	free(text);
	if (bad)
		return err_set(e, 0, 0, "runner.http.url: %s", e->msg);
	service_read_words(config_get(c, "runner.http.hosts"), &s->hosts,
	    &s->nhosts);
	if (is_written(c, &s->url)) {
		s->hosts = xreallocarray(s->hosts, s->nhosts + 1,
		    sizeof(*s->hosts));
		s->hosts[s->nhosts++] = xstrdup(s->url.host);
	}
	if (!service_allows(s, &s->url))
		return err_set(e, 0, 0, "runner.http.url: the host '%s' comes "
		    "from a variable and is not this machine: write it in the "
		    "configuration, or name it in runner.http.hosts",
		    s->url.host);
	weburl_copy(&s->origin, &s->url);
	s->binding = binding_preset();
	if (s->api != SERVICE_A2A)
		complete_url(s);
	return 0;
}

/* --- all of it ------------------------------------------------------------ */

static void
read_times(struct service *s)
{
	s->timeout = service_seconds(service_get(s, "timeout"), 0);
	s->connect_timeout = service_seconds(service_get(s,
	    "connect_timeout"), 10);
	s->first_byte_timeout = service_seconds(service_get(s,
	    "first_byte_timeout"), 0);
	s->redirects = (unsigned)service_number(service_get(s,
	    "max_redirects"), 5);
	s->max_reply = (size_t)service_number(service_get(s,
	    "max_reply_mb"), 64) * MIB;
}

static void
service_read_reply(struct service *s)
{
	static const char *const streams[] = { "none", "sse", "jsonl", NULL };
	struct json_span stream = service_get(s, "stream");

	if (stream.p)
		s->stream = (enum service_stream)(SERVICE_NONE +
		    word_index(stream, streams));
	s->output_path = dotted_path(service_get(s, "output_path"));
	s->stream_path = dotted_path(service_get(s, "stream_output_path"));
	service_read_words(service_get(s, "stream_event_filter"), &s->filters,
	    &s->nfilters);
}

int
service_init(struct service *s, const struct config *c, struct err *e)
{
	static const char *const apis[] = {
		"openai-chat", "openai-responses", "a2a", NULL
	};
	struct json_span api;

	memset(s, 0, sizeof(*s));
	if (constant_read(&s->json, c, "runner.http", e))
		return -1;
	if (!s->json.len)
		return err_set(e, 0, 0, "runner.http.url is not set");
	buf_str(&s->json);
	api = service_get(s, "api");
	if (api.p)
		s->api = (enum service_api)(SERVICE_CHAT +
		    word_index(api, apis));
	s->method = span_text(service_get(s, "method"));
	if (!s->method)
		s->method = xstrdup("POST");
	s->params = service_get(s, "params");
	s->model = service_get(s, "model");
	if (s->api == SERVICE_CHAT && !s->model.p && !service_get(s,
	    "body").p && !service_get(s, "body_template").p &&
	    !config_true(c, "replay_args.enabled"))
		return err_set(e, 0, 0, "runner.http.api openai-chat needs "
		    "runner.http.model");
	service_read_reply(s);
	read_times(s);
	read_retry(s);
	return read_body(s, e) || read_ok(s, e) || service_read_rate(s, e) ||
	    read_headers(s, c, e) || read_url(s, c, e) ? -1 : 0;
}

void
service_release(struct service *s)
{
	size_t i;

	for (i = 0; i < s->nheaders; i++) {
		free(s->headers[i].name);
		free(s->headers[i].value);
	}
	secret_values_release(&s->secrets);
	free(s->headers);
	free_words(s->filters, s->nfilters);
	free_words(s->hosts, s->nhosts);
	free(s->ok);
	free(s->retried);
	free(s->output_path);
	free(s->stream_path);
	free(s->method);
	free(s->name);
	free(s->tenant);
	free(s->hint);
	weburl_release(&s->url);
	weburl_release(&s->origin);
	buf_release(&s->json);
	memset(s, 0, sizeof(*s));
}

int
service_is_ok(const struct service *s, int status)
{
	size_t i;

	for (i = 0; i < s->nok; i++)
		if (status >= s->ok[i].from && status <= s->ok[i].to)
			return 1;
	return 0;
}

int
service_is_retried(const struct service *s, int status)
{
	size_t i;

	for (i = 0; i < s->nretried; i++)
		if (s->retried[i] == status)
			return 1;
	return 0;
}
