#ifndef RECOGNIZE_H
#define RECOGNIZE_H

/*
 * Recognizes files and records of another kind than expected, and the command
 * that helps. In the texts FILE stands for the name of the file, and KIND for
 * the kind that was expected.
 */
#include <stddef.h>

#include "json/json.h"

/*
 * Describes a file by its first n bytes, such as "compressed with zstd: try
 * zstd -dc FILE | fl-import KIND"; NULL if they may be of that kind.
 */
const char *recognize_bytes(const char *p, size_t n, const char *kind);

/* Describes a checked JSON object in the same way; NULL if it is unknown. */
const char *recognize_object(struct json_span v, const char *kind);

#endif
