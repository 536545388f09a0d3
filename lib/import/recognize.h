#ifndef RECOGNIZE_H
#define RECOGNIZE_H

/*
 * Says what a file or a record is that is not OTLP, and which command helps.
 */
#include <stddef.h>

#include "json/json.h"

/*
 * What the first n bytes of a file are, such as "compressed with zstd: try zstd
 * -dc FILE | fl-import otlp"; NULL if they may be lines of JSON.
 */
const char *recognize_bytes(const char *p, size_t n);

/* What a checked JSON object is, likewise; NULL if it is not known. */
const char *recognize_object(struct json_span v);

#endif
