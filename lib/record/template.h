#ifndef TEMPLATE_H
#define TEMPLATE_H

/*
 * Templates: recorded calls with the text in them that inputs are made from.
 */
#include "json/json.h"

struct buf;

/* The fields of a recording, in the order that template_put wants them. */
enum { TEMPLATE_TARGET, TEMPLATE_KWARGS, TEMPLATE_OBJECTS, TEMPLATE_TIMESTAMP,
    TEMPLATE_FIELDS };
extern const char *const template_fields[TEMPLATE_FIELDS];

/*
 * Finds the text in recorded arguments: at path where one is given, else at
 * the first of data.content, input, input_text, message, query, text and
 * content that is a string. Returns its path (path itself, or one of these),
 * with *text set, or NULL.
 */
const char *template_find(struct json_span kwargs, const char *path,
    struct json_span *text);

/*
 * Appends the template of a recording and a newline. text and path may be
 * absent: null is written, and such a call can only be replayed as it was.
 * Fields of the recording that are not known are carried through.
 */
void template_put(struct buf *b, struct json_span record,
    const struct json_span v[TEMPLATE_FIELDS], struct json_span text,
    const char *path, const char *file, long long line);

#endif
