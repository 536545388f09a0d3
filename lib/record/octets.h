#ifndef OCTETS_H
#define OCTETS_H

/*
 * Bytes that a recorder wrote as base64.
 */
#include "json/json.h"

struct buf;

/*
 * If string, which is at path, stands for bytes by the types of the recording
 * (absent: none are known), and they are UTF-8: appends their text to b as JSON
 * and returns 1. Else returns 0 with b unchanged.
 */
int octets_read(struct buf *b, struct json_span string, const char *path,
    struct json_span types);

#endif
