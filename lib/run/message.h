#ifndef MESSAGE_H
#define MESSAGE_H

/*
 * The lines that an agent writes, fluxloop-protocol(7).
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct buf;

enum message_type {
	MESSAGE_NONE,		/* the line is not a message */
	MESSAGE_HELLO, MESSAGE_START, MESSAGE_DELTA, MESSAGE_OBSERVATION,
	MESSAGE_CALLBACK, MESSAGE_FINAL, MESSAGE_ERROR
};

enum message_field {
	MESSAGE_HAS_TYPE, MESSAGE_HAS_ID, MESSAGE_HAS_OUTPUT,
	    MESSAGE_HAS_ERROR, MESSAGE_HAS_CODE, MESSAGE_HAS_OBSERVATION,
	    MESSAGE_HAS_NAME,
	MESSAGE_HAS_KIND, MESSAGE_HAS_ARGS, MESSAGE_HAS_KWARGS,
	    MESSAGE_HAS_DELTA, MESSAGE_HAS_PIPELINE, MESSAGE_HAS_CONCURRENCY,
	MESSAGE_HAS_CLOCK, MESSAGE_HAS_RETRY, MESSAGE_HAS_FATAL,
	    MESSAGE_FIELDS
};

/* The id of the request that a message is about, or: */
#define MESSAGE_ANY 0		/* none is named: the oldest one */
#define MESSAGE_STRANGE (-1)	/* there can be no such request */

struct message {
	enum message_type type;
	int broken;		/* 1: not a message, but meant to be one */
	int untyped;		/* 1: not a message, but a reply to a request
				   without a "type" that is known */
	struct json_fault fault;	/* why a broken one is not JSON */
	int is_reply;		/* 1: a broken message that ends its run */
	long long id;		/* id of a request, from 1, or one of the
				   above */
	struct json_span v[MESSAGE_FIELDS];	/* fields of the line */
};

/*
 * Reads n bytes. If they are not a message, only type, broken and is_reply are
 * set. A line counts as broken if it begins like an object with a "type", also
 * in UTF-16, or like a reply that Python printed or that has several lines. A
 * byte order mark before a message is skipped. An object is an untyped reply if
 * it has an id and an output or error, and has no fields but those of messages;
 * its id is set, too.
 */
void message_read(struct message *m, const char *p, size_t n);

/*
 * message_count returns a number from 1 to 4096; message_clock a time in
 * microseconds, or 0; message_retry the microseconds after which the attempt is
 * to be repeated, or -1; message_is whether a field is the string text.
 */
unsigned message_count(const struct message *m, enum message_field f);
int64_t message_clock(const struct message *m);
int64_t message_retry(const struct message *m);
int message_is(const struct message *m, enum message_field f,
    const char *text);

/* Appends the text of a string field, or the JSON of another value. */
void message_text(const struct message *m, enum message_field f,
    struct buf *b);

#endif
