#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "fill.h"
#include "binding.h"

/*
 * Agent2Agent 1.0, sections 9 and 11, and 0.3.0, sections 3.5.6 and 7. With
 * HTTP and JSON 0.3 has the fields of its a2a.proto, not those of its JSON.
 */
static const struct binding bindings[] = {
	{
		.name = "HTTP+JSON", .major = 1, .version = "1.0",
		.send = "/message:send", .stream = "/message:stream",
		.role = "ROLE_USER", .parts = "parts"
	}, {
		.name = "JSONRPC", .major = 1, .version = "1.0", .rpc = 1,
		.send = "SendMessage", .stream = "SendStreamingMessage",
		.task = "GetTask",
		.role = "ROLE_USER", .parts = "parts"
	}, {
		.name = "HTTP+JSON", .major = 0, .version = "0.3",
		.send = "/v1/message:send", .stream = "/v1/message:stream",
		.role = "ROLE_USER", .parts = "content", .boxed = 1
	}, {
		.name = "JSONRPC", .major = 0, .version = "0.3", .rpc = 1,
		.send = "message/send", .stream = "message/stream",
		.task = "tasks/get",
		.role = "user", .parts = "parts", .kinds = 1
	}
};

const struct binding *
binding_find(const char *name, int major)
{
	size_t i;

	for (i = 0; i < LEN(bindings); i++)
		if (bindings[i].major == major &&
		    !strcasecmp(bindings[i].name, name))
			return &bindings[i];
	return NULL;
}

const struct binding *
binding_preset(void)
{
	return &bindings[0];
}

static int
binding_ends_in(const char *text, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && !memcmp(text + n - m, end, m);
}

int
binding_sends(const char *text, size_t n, int rpc, int *stream)
{
	const struct binding *d;
	size_t i;

	for (i = 0; i < LEN(bindings); i++) {
		d = &bindings[i];
		if (d->rpc != rpc)
			continue;
		*stream = binding_ends_in(text, n, d->stream);
		if (*stream || binding_ends_in(text, n, d->send))
			return 1;
	}
	return 0;
}

static void
add_input_part(struct buf *b, const struct binding *d, struct json_span input)
{
	struct buf text = { 0 };
	int is_data = json_is(input, JSON_OBJECT);

	json_open(b, NULL, '{');
	if (d->kinds)
		json_add_str(b, "kind", is_data ? "data" : "text");
	if (is_data && d->boxed) {
		json_open(b, "data", '{');
		json_add(b, "data", input);
		json_close(b, '}');
	} else if (is_data) {
		json_add(b, "data", input);
	} else {
		fill_put_text(&text, input);
		json_add_text(b, "text", buf_str(&text), text.len);
	}
	json_close(b, '}');
	buf_release(&text);
}

void
binding_add_message(struct buf *b, const struct binding *d, const char *id,
    struct json_span input)
{
	json_open(b, "message", '{');
	if (d->kinds)
		json_add_str(b, "kind", "message");
	json_add_str(b, "role", d->role);
	json_add_str(b, "messageId", id);
	json_open(b, d->parts, '[');
	add_input_part(b, d, input);
	json_close(b, ']');
	json_close(b, '}');
}

void
binding_open_rpc(struct buf *b, const char *method, const char *id,
    const char *tenant)
{
	json_open(b, NULL, '{');
	json_add_str(b, "jsonrpc", "2.0");
	json_add_str(b, "id", id);
	json_add_str(b, "method", method);
	json_open(b, "params", '{');
	if (tenant)
		json_add_str(b, "tenant", tenant);
}

void
binding_close_rpc(struct buf *b)
{
	json_close(b, '}');
	json_close(b, '}');
}
