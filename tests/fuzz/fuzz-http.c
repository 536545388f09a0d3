/*
 * For libFuzzer: data from a network, and sources of requests. The first byte
 * selects one: a reply, as an interface reads it; a request to the recorder; a
 * curl command; a form; a template. A reply must give the same output however
 * it is cut into pieces, and all output must be JSON.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"
#include "http/answer.h"
#include "http/curlcmd.h"
#include "http/fill.h"
#include "http/form.h"
#include "http/service.h"
#include "http/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "fuzz-http: %s\n", what);
	abort();
}

static void
check_json(struct buf *b)
{
	struct json_fault f;

	check(json_scan(buf_str(b), b->len, JSON_LAX, NULL, NULL, 0, &f) >= 0,
	    "what is written is not JSON");
}

/* Reads a reply in pieces of n bytes; appends its output, or its error code. */
static void
read_reply(const struct service *s, const char *type, const char *p,
    size_t size, size_t n, struct buf *to)
{
	struct answer a;
	size_t i, piece;
	int r = 0;

	answer_begin(&a, s, type, NULL, NULL);
	for (i = 0; i < size && !r; i += piece) {
		piece = size - i < n ? size - i : n;
		r = answer_feed(&a, p + i, piece);
	}
	if (r >= 0 && !answer_end(&a)) {
		if (!a.task.len)
			check_json(&a.output);
		buf_add(to, buf_str(&a.output), a.output.len);
	} else {
		check(*a.code && a.error.msg, "a failure without a reason");
		buf_puts(to, a.code);
	}
	answer_release(&a);
}

static void
check_reply(unsigned which, const char *p, size_t n)
{
	static const char *const types[] = {
		"application/json", "text/event-stream",
		"application/x-ndjson", "text/plain"
	};
	struct service s = {
		.api = (enum service_api)(which % 4), .max_reply = 1 << 20
	};
	struct buf whole = { 0 }, cut = { 0 };
	const char *type = types[which / 4 % 4];

	read_reply(&s, type, p, n, n ? n : 1, &whole);
	read_reply(&s, type, p, n, which / 16 % 7 + 1, &cut);
	check(whole.len == cut.len && !strcmp(buf_str(&whole), buf_str(&cut)),
	    "the output depends on how the reply is cut");
	buf_release(&whole);
	buf_release(&cut);
}

static void
check_wire(const char *p, size_t n)
{
	struct wire_request r = { 0 };
	struct buf in = { 0 };
	int got, i;

	buf_add(&in, p, n);
	for (i = 0; i < 10 && (got = wire_read(&r, &in)) == 1; i++) {
		check(r.method.n && r.target.n, "a request without a method");
		wire_release(&r);
	}
	wire_release(&r);
	buf_release(&in);
}

static void
ignore(const char *msg)
{
	(void)msg;
}

static void
check_text(unsigned which, const char *p, size_t n)
{
	static const char request[] = "{\"input\":\"\\\"x\\u0000\",\"a\":[1]}";
	struct fill f = { { request, sizeof(request) - 1 }, { "[]", 2 } };
	struct buf b = { 0 };
	struct json_fault fault;
	struct err e = { 0 };
	char *text = malloc(n + 1);

	if (!text)
		abort();
	memcpy(text, p, n);
	text[n] = '\0';
	if (which % 3 == 0 && !curlcmd_read(text, &b, ignore, &e))
		check_json(&b);
	if (which % 3 == 1 && form_put_json(&b, p, n))
		check_json(&b);
	if (which % 3 == 2 && n && (*text == '{' || *text == '[') &&
	    json_scan(text, n, 0, NULL, NULL, 0, &fault) >= 0 &&
	    !fill_put(&f, (struct json_span){ text, n }, &b, &e))
		check_json(&b);
	err_release(&e);
	buf_release(&b);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 2;

	if (size < 2)
		return 0;
	switch (data[0] % 3) {
	case 0:
		check_reply(data[1], p, size - 2);
		break;
	case 1:
		check_wire(p, size - 2);
		break;
	default:
		check_text(data[1], p, size - 2);
	}
	return 0;
}
