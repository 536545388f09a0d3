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

/* A request. Zeroed memory is an empty one. */
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
 * Moves the bytes of the request from the start of in to r. Returns 1 when the
 * request is complete; 0 when more bytes are needed; or the status to refuse it
 * with: 400, 413, 431 or 501.
 */
int wire_read(struct wire_request *r, struct buf *in);

/* Frees the memory and makes it empty, ready for the next request. */
void wire_release(struct wire_request *r);

/* The value of a header, the first of that name; absent if there is none. */
struct json_span wire_header(const struct wire_request *r, const char *name);

/* Whether a header concerns only the connection (hop-by-hop). */
int wire_is_hop(struct json_span name);

/* Whether a text is this word, without regard to case. */
int wire_is(struct json_span text, const char *word);

/* Append a status line, a whole reply with a JSON error, and a chunk. */
void wire_put_status(struct buf *b, int status);
void wire_put_error(struct buf *b, int status, const char *message);
void wire_put_chunk(struct buf *b, const char *p, size_t n);

#endif
