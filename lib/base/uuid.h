#ifndef UUID_H
#define UUID_H

/*
 * UUIDs of RFC 9562 as text, in lower case with dashes.
 */
#include <stdint.h>

#define UUID_TEXT 37		/* 36 characters and a NUL */

/* Makes a random UUID (version 4). For one thread only. */
void uuid_random(char text[UUID_TEXT]);

/* Makes a UUID (version 8) of 128 bits, of which it keeps 122. */
void uuid_of(uint64_t high, uint64_t low, char text[UUID_TEXT]);

#endif
