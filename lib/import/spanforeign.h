#ifndef SPANFOREIGN_H
#define SPANFOREIGN_H

/*
 * Finds the values in other programs' spans that our own spans (otlp.h) have in
 * an attribute.
 */
#include "json/json.h"

struct otlpspan;

/*
 * The message and the type of a failed span's last exception, or its error
 * type: JSON strings, or absent.
 */
struct json_span foreign_error(const struct otlpspan *s);
struct json_span foreign_error_type(const struct otlpspan *s);

/* The name of the project or else the service, or absent. */
struct json_span foreign_name(const struct otlpspan *s);

#endif
