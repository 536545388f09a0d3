#ifndef MESSAGES_H
#define MESSAGES_H

/*
 * Finds the text in the input and output of a model, a tool or an agent: lists
 * of messages, requests and answers of providers, and the objects that
 * frameworks wrap around them. All values are checked JSON.
 */
#include <stddef.h>

#include "json/json.h"

struct buf;

/* The two sides of a step. */
enum { MESSAGES_INPUT, MESSAGES_OUTPUT };

/*
 * Appends the text of v: a string itself; of a list of messages the last one
 * from the user (input) or from the model (output) that has text; of an object
 * the member that has it by the tables in messages.c. Parts of a message that
 * are calls of tools, their results or a model's thoughts are not text. If v is
 * a string with JSON, that JSON is searched. Returns 1, or 0 if there is none.
 */
int messages_text(struct buf *text, struct json_span v, int side);

/*
 * Finds the answer in a list of messages: the first of those from the model at
 * its end; absent if the last one is not from the model. Returns the number of
 * messages with an author; 0 for a value that is not a list of messages.
 */
size_t messages_answer(struct json_span list, struct json_span *answer);

/*
 * 1 if an output is messages of which none is from the model: a list of them,
 * or an object with such a list where an output has its text.
 */
int messages_are_asked(struct json_span v);

#endif
