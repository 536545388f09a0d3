#ifndef HASH_H
#define HASH_H

/*
 * A keyed 64-bit hash: SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012). Key and message are read as little-endian bytes, so
 * that the value is the same on every machine.
 */
#include <stddef.h>
#include <stdint.h>

/* Hashes n bytes with the 128-bit key k0, k1. */
uint64_t hash_bytes(uint64_t k0, uint64_t k1, const void *p, size_t n);

/*
 * Hashes n numbers as hash_bytes does their little-endian bytes. Numbers go
 * through this one: their bytes in memory differ from machine to machine.
 */
uint64_t hash_words(uint64_t k0, uint64_t k1, const uint64_t *words, size_t n);

/*
 * A quick hash of a short word, for a table that nobody else fills: FNV-1a
 * (Fowler, Noll and Vo).
 */
static inline uint32_t
hash_word(const char *p, size_t n)
{
	uint32_t hash = 2166136261;
	size_t i;

	for (i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)p[i]) * 16777619;
	return hash;
}

/* Writes a hash as 16 hexadecimal digits and a NUL. */
#define HASH_TEXT 17
void hash_text(uint64_t hash, char text[HASH_TEXT]);

#endif
