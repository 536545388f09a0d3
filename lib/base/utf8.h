#ifndef UTF8_H
#define UTF8_H

/*
 * UTF-8 as RFC 3629 has it. Where text comes from JSON it may also hold lone
 * surrogates in the three bytes that they would have (ED A0..BF 80..BF), which
 * is called WTF-8; such text is never written out as it is.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Returns how many bytes from the start are valid UTF-8: n when all are.
 * A surrogate is not valid.
 */
size_t utf8_check(const char *s, size_t n);

/* 1 when the n bytes are a valid character's beginning that lacks its end. */
int utf8_is_cut(const char *s, size_t n);

/*
 * Decodes the character at s, which has n > 0 bytes, into *c and returns its
 * length in bytes. Accepts surrogates. Bytes that are not UTF-8 come out one by
 * one as U+FFFD.
 */
size_t utf8_decode(const char *s, size_t n, uint32_t *c);

/* The length of n bytes of text cut to at most max, between two characters. */
size_t utf8_cut(const char *s, size_t n, size_t max);

/* Writes c as 1 to 4 bytes to s and returns how many. */
size_t utf8_encode(char *s, uint32_t c);

/* Appends c. */
void utf8_put(struct buf *b, uint32_t c);

/* The number of characters in n bytes, counted as utf8_decode gives them. */
size_t utf8_len(const char *s, size_t n);

#endif
