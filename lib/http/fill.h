#ifndef FILL_H
#define FILL_H

/*
 * Templates of requests: JSON values with holes that values of a run fill. A
 * string is inserted as a string, whatever its text looks like.
 *
 * A string that begins with "$." is a hole: a dotted path in the request of
 * fluxloop-protocol(7), such as "$.input" or "$.context.persona". "$.messages"
 * is the conversation of the run, or one message of the user with the input. A
 * string that is "{{NAME}}" is a hole, too; in a longer string, {{NAME}} is
 * replaced by the value's text, and the string stays a string. NAME is such a
 * path without "$."; prompt is another name of input. "$$" at the start of a
 * string stands for "$".
 */
#include <stddef.h>

#include "json/json.h"

struct buf;
struct err;

/* What the holes are filled from. */
struct fill {
	struct json_span request;	/* the request of fluxloop-protocol(7),
				   an object */
	struct json_span messages;	/* the conversation, an array */
};

/* Appends a path without "$." or "json.", with [0] and [-1] as .0 and .-1. */
void fill_put_path(struct buf *b, const char *path);

/*
 * Appends a template's value with its holes filled. Returns 0, or -1 with *e
 * filled in when a hole has no value.
 */
int fill_put(const struct fill *f, struct json_span template, struct buf *b,
    struct err *e);

/* Appends the text of a string, or any other value as JSON. */
void fill_put_text(struct buf *b, struct json_span v);

/* Appends text with all but unreserved characters as %XX (RFC 3986). */
void fill_put_encoded(struct buf *b, const char *p, size_t n);

/*
 * Appends the members of an object as application/x-www-form-urlencoded, with
 * '&' between them and their holes filled. A list becomes a member for each
 * element. Returns 0, or -1 with *e filled in.
 */
int fill_put_form(const struct fill *f, struct json_span object,
    struct buf *b, struct err *e);

#endif
