#ifndef SPANFOREIGN_H
#define SPANFOREIGN_H

/*
 * What a span says that others wrote: here it has to be looked for, where our
 * own spans have an attribute for it.
 */
#include "json/json.h"

struct buf;
struct otlpspan;

/*
 * Of a span that failed: the message and the type of its last exception, or
 * what else says why. Strings, or absent.
 */
struct json_span foreign_error(const struct otlpspan *s);
struct json_span foreign_error_type(const struct otlpspan *s);

/* The name of the project or the service, or absent. */
struct json_span foreign_name(const struct otlpspan *s);

/*
 * Appends the text of the last message from one of the roles, if v is a list
 * of messages or has one: what a user typed, or was answered. Returns 0 when
 * there is no such text.
 */
int foreign_text(struct buf *text, struct json_span v, const char *const
    roles[3]);

#endif
