#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/util.h"
#include "json/tree.h"
#include "chat.h"

/* Tokens of a message besides its text. */
#define TOKENS_MESSAGE 4

enum { CHAT_MESSAGES, CHAT_MODEL, CHAT_PARAMS, CHAT_SAMPLE, CHAT_REPLY,
	CHAT_FIELDS };
static const char *const chat_fields[CHAT_FIELDS] = {
	"messages", "model", "params", "sample", "reply"
};

void
chat_release(struct chat *c)
{
	buf_release(&c->record);
	buf_release(&c->model);
	memset(c, 0, sizeof(*c));
}

long long
chat_tokens(const char *p, size_t n)
{
	long long ascii = 0, others = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)p[i];

		ascii += byte < 0x80;
		others += byte >= 0xc0;
	}
	return others + (ascii + 3) / 4;
}

static int
chat_is_message(struct json_span v)
{
	return json_is(v, JSON_OBJECT) &&
	    json_is(json_get(v, "role"), JSON_STRING);
}

static const char *
read_messages(struct chat *c)
{
	struct json_span key, v;
	struct json_iter it;
	size_t n = 0;

	if (!json_is(c->messages, JSON_ARRAY))
		return "it has no list of messages";
	for (it = json_each(c->messages); json_next(&it, &key, &v); n++) {
		if (!chat_is_message(v))
			return "a message is not an object with a role";
		c->prompt_tokens += TOKENS_MESSAGE + chat_tokens(v.p, v.n);
	}
	return n ? NULL : "it has no messages";
}

static const char *
read_params(struct chat *c)
{
	static const char *const limits[] = {
		"max_tokens", "max_completion_tokens"
	};
	struct json_span v;
	double d;
	size_t i;

	c->most_tokens = -1;
	if (json_is_null(c->params)) {
		c->params.p = NULL;
		return NULL;
	}
	if (!json_is(c->params, JSON_OBJECT))
		return "params is not an object";
	if (json_is_true(json_get(c->params, "stream")))
		return "params.stream: replies are read whole";
	if (json_double(json_get(c->params, "n"), &d) && d > 1)
		return "params.n: for N replies write N requests, each with "
		    "another number in 'sample'";
	for (i = 0; i < LEN(limits); i++) {
		v = json_get(c->params, limits[i]);
		if (json_double(v, &d) && d >= 0 && d < 1e12)
			c->most_tokens = (long long)d;
	}
	c->prompt_tokens += chat_tokens(c->params.p, c->params.n);
	return NULL;
}

static const char *
check_chat(struct chat *c, struct json_span model, struct json_span sample,
    const char *preset)
{
	const char *why = read_messages(c);
	double d = 0;

	if (!why)
		why = read_params(c);
	if (why)
		return why;
	if (!json_is_null(model) && !json_is(model, JSON_STRING))
		return "model is not a string";
	if (!json_is_null(model))
		json_text(&c->model, model);
	else if (preset)
		buf_puts(&c->model, preset);
	if (!c->model.len)
		return "it has no model; give --model";
	if (!json_is_null(sample) && (!json_double(sample, &d) || d < 0 ||
	    d > 1e15))
		return "sample is not a number from 0";
	c->sample = (long long)d;
	return NULL;
}

int
chat_read(struct chat *c, struct json_span record, const char *model,
    const char **why)
{
	struct json_span v[CHAT_FIELDS];
	struct json_fault f;

	memset(c, 0, sizeof(*c));
	buf_add(&c->record, record.p, record.n);
	buf_str(&c->record);
	/* the source has checked it */
	json_scan(c->record.p, c->record.len, JSON_LAX, chat_fields, v,
	    CHAT_FIELDS, &f);
	c->messages = v[CHAT_MESSAGES];
	c->params = v[CHAT_PARAMS];
	c->reply = json_is(v[CHAT_REPLY], JSON_OBJECT) ? v[CHAT_REPLY] :
	    (struct json_span){ NULL, 0 };
	*why = check_chat(c, v[CHAT_MODEL], v[CHAT_SAMPLE], model);
	return *why ? -1 : 0;
}

/* --- keys ----------------------------------------------------------------- */

/* Appends all that a reply depends on, as one object. */
static void
put_essence(const struct chat *c, const char *api, const char *host,
    struct json_span headers, struct buf *b)
{
	json_open(b, NULL, '{');
	json_add_str(b, "api", api);
	json_add_str(b, "host", host);
	if (headers.n)
		json_add(b, "headers", headers);
	json_add_text(b, "model", c->model.p, c->model.len);
	json_add(b, "messages", c->messages);
	if (c->params.p && c->params.n > 2)
		json_add(b, "params", c->params);
	json_add_int(b, "sample", c->sample);
	json_close(b, '}');
}

void
chat_set_key(struct chat *c, const char *api, const char *host,
    struct json_span headers)
{
	static struct tree tree;
	static struct buf essence, canonical;
	uint64_t half;

	essence.len = canonical.len = 0;
	put_essence(c, api, host, headers, &essence);
	/* a text too long for the tree is its own canonical form */
	if (tree_parse(&tree, json_buf(&essence)))
		buf_add(&canonical, essence.p, essence.len);
	else
		tree_canonical(&tree, 0, &canonical);
	c->hash = hash_bytes(0, 1, canonical.p, canonical.len);
	half = hash_bytes(1, 0, canonical.p, canonical.len);
	hex_write(c->key, c->hash, 16);
	hex_write(c->key + 16, half, 16);
	c->key[32] = '\0';
}
