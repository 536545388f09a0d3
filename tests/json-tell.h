#ifndef JSON_TELL_H
#define JSON_TELL_H

/*
 * All that lib/json makes of a text, for the tests and the fuzzer: two
 * builds of it are compared by what this says.
 */
#include <stddef.h>

struct buf;

/*
 * Appends a line, without its newline, about the n bytes at s, which need be
 * no JSON. Its fields have a tab between them, and in them control characters
 * and '%' are %HH:
 *
 *	the verdict in strict mode: "y MET", or "n OFFSET MESSAGE"
 *	the same in lax mode; the others are there only when it is "y"
 *	of an object NAME=VALUE and a newline for each of the names below
 *	json_pretty
 *	json_compact
 *	the value put together again from what walking through it finds
 *	what contradicts json.h, each with a '!' before it
 *
 * A verdict has a '!' behind it when it depends on where the text lies.
 */
void json_tell(struct buf *b, const char *s, size_t n);

/* The names of the fields in the report, and NULL. */
extern const char *const json_tell_names[];

#endif
