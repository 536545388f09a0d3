#ifndef HASH_H
#define HASH_H

/*
 * A 64-bit keyed hash: SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012). The key is 16 bytes made of the two words; the
 * bytes of the words and of the message are taken in little-endian order, so
 * that the value is the same on every machine.
 */
#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(uint64_t k0, uint64_t k1, const void *p, size_t n);

/* A hash as 16 hexadecimal digits and a NUL. */
#define HASH_TEXT 17
void hash_text(uint64_t hash, char text[HASH_TEXT]);

#endif
