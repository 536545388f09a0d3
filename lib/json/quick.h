#ifndef QUICK_H
#define QUICK_H

/*
 * What a text says at its ends, found without reading what is between them.
 * The answers hold if the text is a JSON object; whether it is one is checked
 * later. 0 means that it is not certain.
 */
#include <stddef.h>

#include "json.h"

/*
 * 1 if the last field has that name, and is a string of plain characters
 * without escapes: sets *v to it, with its quotes. White space may follow the
 * object.
 */
int quick_last(struct json_span text, const char *name, struct json_span *v);

/* 1 if there is a field of that name, after no others than plain strings. */
int quick_begins(struct json_span text, const char *name);

#endif
