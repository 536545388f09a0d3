#ifndef PARTS_H
#define PARTS_H

/*
 * The content of messages, as models' APIs and agents write it.
 */
#include "json/json.h"

struct buf;

/*
 * Appends the text of a content: a string, or the texts in a list of parts such
 * as {"type":"text","text":"..."}, with between between them. Returns 0 if it
 * has no text.
 */
int parts_text(struct buf *b, struct json_span content, const char *between);

#endif
