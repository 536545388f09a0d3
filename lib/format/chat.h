#ifndef CHAT_H
#define CHAT_H

/*
 * Chat messages: [{"role","content",...}], or an object that has only such an
 * array, as "messages".
 */
#include "json/json.h"

struct buf;

/* A message, whose members were found in one walk. */
struct chat_message {
	struct json_span whole;
	struct json_span role;
	struct json_span content;	/* or else its parts */
	struct json_span parts;
	int others;		/* 1: it has other members that are not null */
};

/* Returns 1 and sets *messages to the first one, or 0 if v is not a chat. */
int chat_find(struct json_span v, struct json_iter *messages);

/* Reads the next message. Returns 1, 0 at the end, -1 if it is not one. */
int chat_next(struct json_iter *messages, struct chat_message *m);

/*
 * Appends what a message says as text: its content, or the parts of its content
 * with a newline between them. A file is a note (media.h); what is not text is
 * JSON.
 */
void chat_put_text(struct buf *b, struct json_span content);

/* Appends an object of the members that are neither role nor content, if any. */
void chat_put_others(struct buf *b, const struct chat_message *m);

#endif
