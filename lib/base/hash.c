#include "hex.h"
#include "hash.h"

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[0] = ROTL(v[0], 32);
	v[2] += v[3];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[2] = ROTL(v[2], 32);
}

/* A word of n bytes, at most 8, in little-endian order. */
static uint64_t
sip_word(const unsigned char *p, size_t n)
{
	uint64_t w = 0;
	size_t i;

	for (i = 0; i < n; i++)
		w |= (uint64_t)p[i] << (8 * i);
	return w;
}

static void
sip_absorb(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

static void
sip_begin(uint64_t v[4], uint64_t k0, uint64_t k1)
{
	v[0] = k0 ^ 0x736f6d6570736575u;
	v[1] = k1 ^ 0x646f72616e646f6du;
	v[2] = k0 ^ 0x6c7967656e657261u;
	v[3] = k1 ^ 0x7465646279746573u;
}

/* The hash, after the last word. */
static uint64_t
sip_end(uint64_t v[4])
{
	size_t i;

	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
hash_bytes(uint64_t k0, uint64_t k1, const void *p, size_t n)
{
	const unsigned char *s = p;
	size_t left = n;
	uint64_t v[4];

	sip_begin(v, k0, k1);
	for (; left >= 8; s += 8, left -= 8)
		sip_absorb(v, sip_word(s, 8));
	sip_absorb(v, (uint64_t)n << 56 | sip_word(s, left));
	return sip_end(v);
}

uint64_t
hash_words(uint64_t k0, uint64_t k1, const uint64_t *words, size_t n)
{
	uint64_t v[4];
	size_t i;

	sip_begin(v, k0, k1);
	for (i = 0; i < n; i++)
		sip_absorb(v, words[i]);
	sip_absorb(v, (uint64_t)n * 8 << 56);
	return sip_end(v);
}

void
hash_text(uint64_t hash, char text[HASH_TEXT])
{
	hex_write(text, hash, HASH_TEXT - 1);
	text[HASH_TEXT - 1] = '\0';
}
