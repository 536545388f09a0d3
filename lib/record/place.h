#ifndef PLACE_H
#define PLACE_H

/*
 * Where the text is that a recorded call was made with.
 */
#include "json/json.h"

struct buf;

/*
 * Finds the text in recorded arguments, an object: a string at data.content;
 * else the first of the usual names (input, input_text, message, query,
 * question, prompt, user_input, text, content, ...; upper case, '_' and '-' do
 * not count) that has a string, or an object or list with a text in it; else
 * the same one level down in an argument, or as deep as usual envelopes (event,
 * body, payload, params, ...) are nested.
 *
 * The text of a list of messages is that of the last one from a user; the text
 * of a list of parts is its last text. What a recorder writes for a callable,
 * an object or a secret is not a text, nor is a string that stands for bytes, a
 * date, a number or the like by the types of the recording (absent: none are
 * known).
 *
 * Appends the dotted path (json/path.h) and sets *text. Returns 1, or 0 with
 * path unchanged if nothing was found.
 */
int place_find(struct json_span kwargs, struct json_span types,
    struct buf *path, struct json_span *text);

/*
 * Goes on from a value at path to the text in it if it is a list of messages or
 * parts: appends to path and changes *value. Leaves any other value alone.
 */
void place_enter_list(struct buf *path, struct json_span *value);

/*
 * Appends the path of the place in the arguments of a call where an input goes:
 * configured, if the arguments have it, else own, else the usual one. Where
 * nothing is there, the first of the two that is not NULL. A text goes into a
 * list of parts, not in its place. Nothing is appended if there is no place.
 */
void place_of_input(struct buf *path, struct json_span kwargs,
    const char *configured, const char *own, int is_text);

/*
 * Whether a string could be the text of a call: it is not what a recorder
 * writes for a callable, an object or a secret.
 */
int place_is_text(struct json_span string);

#endif
