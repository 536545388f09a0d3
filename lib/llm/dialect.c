#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "record/parts.h"
#include "chat.h"
#include "dialect.h"

void
completion_release(struct completion *c)
{
	buf_release(&c->reply);
	memset(c, 0, sizeof(*c));
}

/* The tokens that a field of the usage has, or -1. */
static long long
usage_tokens(struct json_span usage, const char *field)
{
	double d;

	if (!json_is(usage, JSON_OBJECT) ||
	    !json_double(json_get(usage, field), &d) || d < 0 || d > 1e15)
		return -1;
	return (long long)d;
}

static void
add_checked(struct buf *b, const char *key, struct json_span v)
{
	if (json_is_null(v)) {
		json_add_null(b, key);
		return;
	}
	json_key(b, key);
	json_compact(b, v);
}

/* --- OpenAI --------------------------------------------------------------- */

static void
openai_put_body(const struct chat *c, long long most_tokens, struct buf *b)
{
	static const char *const ours[] = { "model", "messages", "stream" };

	(void)most_tokens;
	json_open(b, NULL, '{');
	json_add_text(b, "model", c->model.p, c->model.len);
	json_add(b, "messages", c->messages);
	if (c->params.p)
		json_add_others(b, c->params, ours, LEN(ours));
	json_close(b, '}');
}

static struct json_span
dialect_first_of(struct json_span list)
{
	struct json_span key, v;
	struct json_iter it;

	if (!json_is(list, JSON_ARRAY))
		return (struct json_span){ NULL, 0 };
	it = json_each(list);
	return json_next(&it, &key, &v) ? v : (struct json_span){ NULL, 0 };
}

/* Whether a message's content is a value that no text can be made of. */
static int
is_no_text(struct json_span content)
{
	return content.p && !json_is_null(content) &&
	    !json_is(content, JSON_ARRAY);
}

static int
dialect_openai_read(struct json_span body, struct completion *c)
{
	struct json_span choice = dialect_first_of(json_get(body, "choices"));
	struct json_span message, usage, calls = { NULL, 0 };
	struct buf text = { 0 };

	if (!json_is(choice, JSON_OBJECT))
		return -1;
	message = json_get(choice, "message");
	if (json_is(message, JSON_OBJECT)) {
		calls = json_get(message, "tool_calls");
		if (!parts_text(&text, json_get(message, "content"), "") &&
		    !parts_text(&text, json_get(message, "refusal"), "") &&
		    is_no_text(json_get(message, "content")))
			return -1;
	} else if (!parts_text(&text, json_get(choice, "text"), "")) {
		return -1;
	}
	json_open(&c->reply, NULL, '{');
	json_add_text(&c->reply, "content", buf_str(&text), text.len);
	add_checked(&c->reply, "finish_reason",
	    json_get(choice, "finish_reason"));
	add_checked(&c->reply, "model", json_get(body, "model"));
	usage = json_get(body, "usage");
	add_checked(&c->reply, "usage", usage);
	if (json_is(calls, JSON_ARRAY))
		add_checked(&c->reply, "tool_calls", calls);
	json_close(&c->reply, '}');
	c->prompt_tokens = usage_tokens(usage, "prompt_tokens");
	c->reply_tokens = usage_tokens(usage, "completion_tokens");
	buf_release(&text);
	return 0;
}

/* --- Anthropic ------------------------------------------------------------ */

static int
is_system(struct json_span message)
{
	struct json_span role = json_get(message, "role");

	return json_is_str(role, "system") || json_is_str(role, "developer");
}

/* Appends the messages; those of the system have a field of their own. */
static void
anthropic_put_messages(const struct chat *c, struct buf *b)
{
	struct json_span key, v;
	struct json_iter it;
	struct buf system = { 0 };

	json_open(b, "messages", '[');
	for (it = json_each(c->messages); json_next(&it, &key, &v); ) {
		if (!is_system(v)) {
			json_add(b, NULL, v);
			continue;
		}
		if (system.len)
			buf_puts(&system, "\n\n");
		parts_text(&system, json_get(v, "content"), "");
	}
	json_close(b, ']');
	if (system.len)
		json_add_text(b, "system", system.p, system.len);
	buf_release(&system);
}

/* The JSON schema that a request has for its reply, or absent. */
static struct json_span
anthropic_schema(struct json_span params)
{
	static const char *const path[] = {
		"response_format", "json_schema", "schema"
	};
	size_t i;

	for (i = 0; i < LEN(path) && json_is(params, JSON_OBJECT); i++)
		params = json_get(params, path[i]);
	return json_is(params, JSON_OBJECT) ? params :
	    (struct json_span){ NULL, 0 };
}

/* Appends the schema as that of a tool to be called, then other tools. */
static void
anthropic_put_schema(struct json_span schema, struct json_span others,
    struct buf *b)
{
	static const char name[] = "reply";
	struct json_span key, v;
	struct json_iter it;

	json_open(b, "tools", '[');
	json_open(b, NULL, '{');
	json_add_str(b, "name", name);
	json_add_str(b, "description", "Gives the answer.");
	json_add(b, "input_schema", schema);
	json_close(b, '}');
	if (json_is(others, JSON_ARRAY))
		for (it = json_each(others); json_next(&it, &key, &v); )
			json_add(b, NULL, v);
	json_close(b, ']');
	json_open(b, "tool_choice", '{');
	json_add_str(b, "type", "tool");
	json_add_str(b, "name", name);
	json_close(b, '}');
}

static void
anthropic_put_body(const struct chat *c, long long most_tokens, struct buf *b)
{
	static const char *const ours[] = {
		"model", "messages", "stream", "system", "max_tokens",
		"max_completion_tokens", "response_format", "stop",
		/* these two if there is a schema */
		"tools", "tool_choice"
	};
	struct json_span stop = { 0 }, schema;

	json_open(b, NULL, '{');
	json_add_text(b, "model", c->model.p, c->model.len);
	json_add_int(b, "max_tokens", c->most_tokens >= 0 ? c->most_tokens :
	    most_tokens);
	anthropic_put_messages(c, b);
	if (c->params.p) {
		schema = anthropic_schema(c->params);
		if (schema.p)
			anthropic_put_schema(schema,
			    json_get(c->params, "tools"), b);
		stop = json_get(c->params, "stop");
		json_add_others(b, c->params, ours,
		    LEN(ours) - (schema.p ? 0 : 2));
	}
	if (json_is(stop, JSON_ARRAY)) {
		json_add(b, "stop_sequences", stop);
	} else if (json_is(stop, JSON_STRING)) {
		json_open(b, "stop_sequences", '[');
		json_add(b, NULL, stop);
		json_close(b, ']');
	}
	json_close(b, '}');
}

/* The reason in OpenAI's words. */
static const char *
anthropic_reason(struct json_span reason)
{
	static const char *const words[][2] = {
		{ "end_turn", "stop" }, { "stop_sequence", "stop" },
		{ "max_tokens", "length" }, { "tool_use", "tool_calls" },
		{ "refusal", "content_filter" }
	};
	size_t i;

	for (i = 0; i < LEN(words); i++)
		if (json_is_str(reason, words[i][0]))
			return words[i][1];
	return NULL;
}

/* Steps to the next call of a tool in a reply. Returns 0 after the last. */
static int
anthropic_next_call(struct json_iter *it, struct json_span *call)
{
	struct json_span key;

	while (json_next(it, &key, call))
		if (json_is(*call, JSON_OBJECT) &&
		    json_is_str(json_get(*call, "type"), "tool_use"))
			return 1;
	return 0;
}

/* Returns the arguments of the tool of anthropic_put_schema, or absent. */
static struct json_span
anthropic_answer(struct json_span content)
{
	struct json_iter it = json_each(content);
	struct json_span call;

	while (anthropic_next_call(&it, &call))
		if (json_is_str(json_get(call, "name"), "reply"))
			return json_get(call, "input");
	return (struct json_span){ NULL, 0 };
}

/* Appends the calls of tools in OpenAI's form, whose arguments are a string. */
static void
anthropic_put_calls(struct buf *b, struct json_span content)
{
	struct json_iter it = json_each(content);
	struct json_span call, input;
	struct buf text = { 0 };
	int some = 0;

	while (anthropic_next_call(&it, &call)) {
		if (!some++)
			json_open(b, "tool_calls", '[');
		json_open(b, NULL, '{');
		add_checked(b, "id", json_get(call, "id"));
		json_add_str(b, "type", "function");
		json_open(b, "function", '{');
		add_checked(b, "name", json_get(call, "name"));
		buf_reset(&text);
		input = json_get(call, "input");
		if (input.p)
			json_compact(&text, input);
		json_add_text(b, "arguments", buf_str(&text), text.len);
		json_close(b, '}');
		json_close(b, '}');
	}
	if (some)
		json_close(b, ']');
	buf_release(&text);
}

/* The tokens of the prompt; those of Anthropic's cache are counted apart. */
static long long
anthropic_prompt_tokens(struct json_span usage)
{
	static const char *const cached[] = {
		"cache_creation_input_tokens", "cache_read_input_tokens"
	};
	long long n = usage_tokens(usage, "input_tokens"), more;
	size_t i;

	for (i = 0; i < LEN(cached) && n >= 0; i++) {
		more = usage_tokens(usage, cached[i]);
		n += more > 0 ? more : 0;
	}
	return n;
}

static void
anthropic_put_usage(struct completion *c, struct json_span usage)
{
	c->prompt_tokens = anthropic_prompt_tokens(usage);
	c->reply_tokens = usage_tokens(usage, "output_tokens");
	if (c->prompt_tokens < 0 || c->reply_tokens < 0) {
		json_add_null(&c->reply, "usage");
		return;
	}
	json_open(&c->reply, "usage", '{');
	json_add_int(&c->reply, "prompt_tokens", c->prompt_tokens);
	json_add_int(&c->reply, "completion_tokens", c->reply_tokens);
	json_close(&c->reply, '}');
}

static int
anthropic_read(struct json_span body, struct completion *c)
{
	struct json_span content = json_get(body, "content"), answer;
	struct json_span reason = json_get(body, "stop_reason");
	const char *word = anthropic_reason(reason);
	struct buf text = { 0 };

	if (!json_is(content, JSON_ARRAY))
		return -1;
	answer = anthropic_answer(content);
	if (answer.p)
		json_compact(&text, answer);
	else
		parts_text(&text, content, "");
	if (answer.p && word && !strcmp(word, "tool_calls"))
		word = "stop";
	json_open(&c->reply, NULL, '{');
	json_add_text(&c->reply, "content", buf_str(&text), text.len);
	if (word)
		json_add_str(&c->reply, "finish_reason", word);
	else
		add_checked(&c->reply, "finish_reason", reason);
	add_checked(&c->reply, "model", json_get(body, "model"));
	anthropic_put_usage(c, json_get(body, "usage"));
	if (!answer.p)
		anthropic_put_calls(&c->reply, content);
	json_close(&c->reply, '}');
	buf_release(&text);
	return 0;
}

/* --- the table ------------------------------------------------------------ */

static const struct dialect dialects[] = {
	{ "openai", "OPENAI_BASE_URL", "OPENAI_API_KEY",
	    "Authorization: Bearer ", NULL, "/chat/completions", NULL,
	    openai_put_body, dialect_openai_read },
	{ "anthropic", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY",
	    "x-api-key: ", "anthropic-version: 2023-06-01", "/messages", "/v1",
	    anthropic_put_body, anthropic_read }
};

const struct dialect *
dialect_find(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(dialects); i++)
		if (!strcmp(dialects[i].name, name))
			return &dialects[i];
	return NULL;
}

static int
dialect_ends_in(const char *p, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && !memcmp(p + n - m, end, m);
}

char *
dialect_url(const struct dialect *d, const char *base)
{
	size_t n = strcspn(base, "?#"), whole = n;
	struct buf b = { 0 };

	while (n && base[n - 1] == '/')
		n--;
	buf_add(&b, base, n);
	if (!dialect_ends_in(base, n, d->path)) {
		if (d->version && !dialect_ends_in(base, n, d->version))
			buf_puts(&b, d->version);
		buf_puts(&b, d->path);
	}
	if (base[whole] == '?')
		buf_add(&b, base + whole, strcspn(base + whole, "#"));
	buf_str(&b);
	return buf_detach(&b, NULL);
}
