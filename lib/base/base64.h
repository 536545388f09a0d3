#ifndef BASE64_H
#define BASE64_H

/*
 * Base64 (RFC 4648), in either alphabet, with or without '=' at the end.
 */
#include <stddef.h>
#include <sys/types.h>

/*
 * Writes the bytes that n characters stand for, at most n / 4 * 3 + 2, and
 * returns their number; or -1 if they are not base64.
 */
ssize_t base64_decode(char *to, const char *s, size_t n);

#endif
