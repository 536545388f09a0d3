#ifndef BINDING_H
#define BINDING_H

/*
 * How a client of Agent2Agent writes: its bindings to HTTP in the versions 0.3
 * and 1.0. What servers write differs likewise, and is read by its shape.
 */
#include <stddef.h>

#include "json/json.h"

struct buf;

struct binding {
	const char *name;	/* as the agent's card has it */
	int major;		/* of the version: 0 is 0.2 and 0.3 */
	const char *version;	/* for the header A2A-Version */
	int rpc;		/* JSON-RPC: what follows are its methods, else
				   what comes after the URL */
	const char *send;
	const char *stream;
	const char *task;	/* asks for a task; NULL: GET tasks/ID */
	const char *role;	/* of the user */
	const char *parts;	/* the member with the parts of a message */
	int kinds;		/* messages and parts have a member "kind" */
	int boxed;		/* data is in a member "data" of its own */
};

/* The binding of that name, in any case; or NULL. */
const struct binding *binding_find(const char *name, int major);

/* HTTP with JSON, version 1.0: what an agent without a card is taken for. */
const struct binding *binding_preset(void);

/*
 * Whether a text is a method of JSON-RPC that sends a message, rpc, or the path
 * of a URL ends as one that does. Sets *stream to whether a stream answers.
 */
int binding_sends(const char *text, size_t n, int rpc, int *stream);

/*
 * Appends the message of a user: an object is data, anything else text. id is
 * a new one.
 */
void binding_add_message(struct buf *b, const struct binding *d,
    const char *id, struct json_span input);

/* Begins a request of JSON-RPC, up to the members of params; ends it. */
void binding_open_rpc(struct buf *b, const char *method, const char *id,
    const char *tenant);
void binding_close_rpc(struct buf *b);

#endif
