#ifndef RECOGNIZE_H
#define RECOGNIZE_H

/*
 * Says what a file or a record is that is of another kind than expected, and
 * which command helps. In the texts FILE stands for the name of the file, and
 * KIND for the kind that was expected.
 */
#include <stddef.h>

#include "json/json.h"

/*
 * What the first n bytes of a file are, such as "compressed with zstd: try zstd
 * -dc FILE | fl-import KIND"; NULL if they may be of that kind.
 */
const char *recognize_bytes(const char *p, size_t n, const char *kind);

/* What a checked JSON object is, likewise; NULL if it is not known. */
const char *recognize_object(struct json_span v, const char *kind);

#endif
