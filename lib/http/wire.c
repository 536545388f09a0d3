#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "wire.h"

/* --- words ---------------------------------------------------------------- */

int
wire_is(struct json_span text, const char *word)
{
	return text.p && text.n == strlen(word) &&
	    !strncasecmp(text.p, word, text.n);
}

struct json_span
wire_header(const struct wire_request *r, const char *name)
{
	struct json_span none = { 0 };
	size_t i;

	for (i = 0; i < r->nheaders; i++)
		if (wire_is(r->headers[i].name, name))
			return r->headers[i].value;
	return none;
}

int
wire_is_hop(struct json_span name)
{
	static const char *const hops[] = {
		"connection", "keep-alive", "proxy-connection",
		"proxy-authenticate", "proxy-authorization", "te", "trailer",
		"transfer-encoding", "upgrade"
	};
	size_t i;

	for (i = 0; i < LEN(hops); i++)
		if (wire_is(name, hops[i]))
			return 1;
	return 0;
}

/* --- the head ------------------------------------------------------------- */

static struct json_span
trimmed(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct json_span){ p, (size_t)(end - p) };
}

/* Parses "METHOD TARGET HTTP/1.x". Returns 0, or -1. */
static int
parse_request_line(struct wire_request *r, const char *p, const char *end)
{
	const char *one = memchr(p, ' ', (size_t)(end - p)), *two;

	two = one ? memchr(one + 1, ' ', (size_t)(end - one - 1)) : NULL;
	if (!two || one == p || two == one + 1 || end - two != 9 ||
	    memcmp(two + 1, "HTTP/1.", 7))
		return -1;
	r->method = (struct json_span){ p, (size_t)(one - p) };
	r->target = (struct json_span){ one + 1, (size_t)(two - one - 1) };
	r->old = two[8] == '0';
	return 0;
}

static int
parse_header(struct wire_request *r, const char *p, const char *end)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	struct wire_header *h;

	if (!colon || colon == p || *p == ' ' || *p == '\t' ||
	    colon[-1] == ' ' || colon[-1] == '\t')
		return -1;
	r->headers = xreallocarray(r->headers, r->nheaders + 1,
	    sizeof(*r->headers));
	h = &r->headers[r->nheaders++];
	h->name = (struct json_span){ p, (size_t)(colon - p) };
	h->value = trimmed(colon + 1, end);
	return 0;
}

/* Reads a length in digits. Returns 0, or -1. */
static int
parse_length(struct json_span v, int base, size_t *n)
{
	char text[24], *end;

	if (!v.n || v.n >= sizeof(text))
		return -1;
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	if (strspn(text, base == 16 ? "0123456789abcdefABCDEF" :
	    "0123456789") != v.n)
		return -1;
	*n = (size_t)strtoull(text, &end, base);
	return 0;
}

/* Reads the length of the body from the headers. Returns 0 or a status. */
static int
parse_framing(struct wire_request *r)
{
	struct json_span length = wire_header(r, "content-length");
	struct json_span coding = wire_header(r, "transfer-encoding");
	struct json_span connection = wire_header(r, "connection");
	size_t i, lengths = 0;

	for (i = 0; i < r->nheaders; i++)
		lengths += (size_t)(wire_is(r->headers[i].name,
		    "content-length") || wire_is(r->headers[i].name,
		    "transfer-encoding"));
	/* the end of the request must be unambiguous */
	if (lengths > 1)
		return 400;
	if (coding.p && !wire_is(coding, "chunked"))
		return 501;
	r->chunked = coding.p != NULL;
	if (length.p && parse_length(length, 10, &r->length))
		return 400;
	r->close = r->old ? !wire_is(connection, "keep-alive") :
	    wire_is(connection, "close");
	r->expects = wire_is(wire_header(r, "expect"), "100-continue");
	return r->length > WIRE_BODY_MAX ? 413 : 0;
}

static int
parse_head(struct wire_request *r)
{
	const char *p = r->head.p, *end = p + r->head.len, *eol;
	int first = 1;

	for (; p < end; p = eol + 2, first = 0) {
		eol = p;
		while (eol + 1 < end && memcmp(eol, "\r\n", 2))
			eol++;
		if (first ? parse_request_line(r, p, eol) :
		    parse_header(r, p, eol))
			return 400;
	}
	r->has_head = 1;
	return first ? 400 : parse_framing(r);
}

/* Moves n bytes from the start of in to the end of to, which may be NULL. */
static void
take_bytes(struct buf *in, size_t n, struct buf *to)
{
	if (to)
		buf_add(to, in->p, n);
	buf_splice(in, 0, n, NULL, 0);
}

/* The offset of the first place of a text, or -1. */
static ptrdiff_t
find_bytes(const struct buf *in, const char *text)
{
	size_t n = strlen(text), i;

	for (i = 0; i + n <= in->len; i++)
		if (!memcmp(in->p + i, text, n))
			return (ptrdiff_t)i;
	return -1;
}

/* --- the body ------------------------------------------------------------- */

/* Reads the line before a chunk. Returns 1, 0 for more, or a status. */
static int
begin_chunk(struct wire_request *r, struct buf *in)
{
	ptrdiff_t eol = find_bytes(in, "\r\n");
	struct json_span size;

	if (eol < 0)
		return in->len > 1024 ? 400 : 0;
	size = trimmed(in->p, in->p + eol);
	size.n = memchr(size.p, ';', size.n) ?
	    (size_t)((const char *)memchr(size.p, ';', size.n) - size.p) :
	    size.n;
	if (parse_length(trimmed(size.p, size.p + size.n), 16, &r->length))
		return 400;
	take_bytes(in, (size_t)eol + 2, NULL);
	if (r->length > WIRE_BODY_MAX - r->body.len)
		return 413;
	r->in_chunk = r->length > 0;
	r->in_trailer = !r->length;
	return 1;
}

static int
read_chunks(struct wire_request *r, struct buf *in)
{
	ptrdiff_t eol;
	int got;

	for (;;) {
		if (r->in_trailer) {
			eol = find_bytes(in, "\r\n");
			if (eol < 0)
				return in->len > WIRE_HEAD_MAX ? 431 : 0;
			take_bytes(in, (size_t)eol + 2, NULL);
			if (!eol)
				return 1;
		} else if (r->in_chunk) {
			if (in->len < r->length + 2)
				return 0;
			if (memcmp(in->p + r->length, "\r\n", 2))
				return 400;
			take_bytes(in, r->length, &r->body);
			take_bytes(in, 2, NULL);
			r->in_chunk = 0;
		} else {
			got = begin_chunk(r, in);
			if (got != 1)
				return got;
		}
	}
}

int
wire_read(struct wire_request *r, struct buf *in)
{
	ptrdiff_t end;
	int bad;

	/* empty lines before a request are skipped */
	while (!r->has_head && in->len >= 2 && !memcmp(in->p, "\r\n", 2))
		take_bytes(in, 2, NULL);
	if (!r->has_head) {
		end = find_bytes(in, "\r\n\r\n");
		if (end < 0)
			return in->len > WIRE_HEAD_MAX ? 431 : 0;
		if (end > WIRE_HEAD_MAX)
			return 431;
		take_bytes(in, (size_t)end + 2, &r->head);
		take_bytes(in, 2, NULL);
		bad = parse_head(r);
		if (bad)
			return bad;
	}
	if (r->chunked)
		return read_chunks(r, in);
	if (in->len < r->length)
		return 0;
	take_bytes(in, r->length, &r->body);
	return 1;
}

void
wire_release(struct wire_request *r)
{
	buf_release(&r->head);
	buf_release(&r->body);
	free(r->headers);
	memset(r, 0, sizeof(*r));
}

/* --- replies -------------------------------------------------------------- */

static const char *
wire_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" }, { 201, "Created" }, { 204, "No Content" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" },
		{ 413, "Content Too Large" }, { 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 502, "Bad Gateway" }, { 503, "Service Unavailable" }
	};
	size_t i;

	for (i = 0; i < LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

void
wire_put_status(struct buf *b, int status)
{
	buf_printf(b, "HTTP/1.1 %03d %s\r\n", status, wire_reason(status));
}

void
wire_put_error(struct buf *b, int status, const char *message)
{
	struct buf json = { 0 };

	json_open(&json, NULL, '{');
	json_open(&json, "error", '{');
	json_add_str(&json, "message", message);
	json_add_str(&json, "type", "fl-http");
	json_close(&json, '}');
	json_close(&json, '}');
	wire_put_status(b, status);
	buf_printf(b, "Content-Type: application/json\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n", json.len);
	buf_add(b, json.p, json.len);
	buf_release(&json);
}

void
wire_put_chunk(struct buf *b, const char *p, size_t n)
{
	buf_printf(b, "%zx\r\n", n);
	buf_add(b, p, n);
	buf_puts(b, "\r\n");
}
