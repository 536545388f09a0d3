#ifndef UUID_H
#define UUID_H

/*
 * UUIDs as RFC 9562 has them, as text in lower case with dashes.
 */
#include <stdint.h>

#define UUID_TEXT 37		/* 36 characters and a NUL */

/* A random one (version 4), from the system's random numbers. */
void uuid_random(char text[UUID_TEXT]);

/* One made of 128 bits that mean something elsewhere (version 8). */
void uuid_of(uint64_t high, uint64_t low, char text[UUID_TEXT]);

#endif
