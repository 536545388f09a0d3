#ifndef CHAT_H
#define CHAT_H

/*
 * Chat messages: [{"role","content",...}], or an object that has only such an
 * array, as "messages".
 */
#include "json/json.h"

struct buf;

/* Returns 1 and sets *messages to the array, or 0 if v is not a chat. */
int chat_find(struct json_span v, struct json_span *messages);

/*
 * Appends what a message says as text: its content, or the parts of its content
 * with a newline between them. A file is a note (media.h); what is not text is
 * JSON.
 */
void chat_put_text(struct buf *b, struct json_span content);

/* Appends an object of the members that are neither role nor content, if any. */
void chat_put_others(struct buf *b, struct json_span message);

#endif
