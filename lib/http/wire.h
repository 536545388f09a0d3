#ifndef WIRE_H
#define WIRE_H

/*
 * HTTP/1.1 as a server reads and writes it (RFC 9112).
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"

#define WIRE_HEAD_MAX 65536		/* bytes of a request's headers */
#define WIRE_BODY_MAX ((size_t)100 << 20)

struct wire_header {
	struct json_span name, value;	/* text in head */
};

/* A request. Zeroed memory is one of which nothing has come. */
struct wire_request {
	struct buf head;		/* the request line and the headers */
	struct json_span method, target;	/* text in head */
	struct wire_header *headers;
	size_t nheaders;
	struct buf body;
	int old;			/* 1: HTTP/1.0 */
	int close;			/* 1: no request follows */
	int has_head;
	int expects;			/* 1: waits for 100 Continue */
	int chunked;
	size_t length;			/* bytes of the body, or of the chunk */
	int in_chunk, in_trailer;
};

/*
 * Takes what belongs to the request from the start of in. Returns 1 when it is
 * whole; 0 when more is needed; else the status of a refusal: 400, 413, 431 or
 * 501.
 */
int wire_read(struct wire_request *r, struct buf *in);

/* Makes it empty, for the next request, too. */
void wire_release(struct wire_request *r);

/* The value of a header, the first of that name; absent if there is none. */
struct json_span wire_header(const struct wire_request *r, const char *name);

/* Whether a header is about the connection and goes no further. */
int wire_is_hop(struct json_span name);

/* Whether a text is a word, in any case. */
int wire_is(struct json_span text, const char *word);

/* Appends a status line, a whole reply with a JSON error, a piece of a body. */
void wire_put_status(struct buf *b, int status);
void wire_put_error(struct buf *b, int status, const char *message);
void wire_put_chunk(struct buf *b, const char *p, size_t n);

#endif
