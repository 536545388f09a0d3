#ifndef SPAN_H
#define SPAN_H

/*
 * A borrowed piece of text, and the characters and words in it. The text is
 * UTF-8; offsets and lengths are in bytes.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

/* A piece of a text; p is never NULL. */
struct span {
	const char *p;
	size_t n;
};

/* 1 when c is one of the characters of set; a NUL never is. */
int span_char_in(const char *set, int c);

/* One byte in lower case when it is an ASCII letter. */
char span_ascii_lower(char c);

/* Kinds of characters: ASCII digits; white space; what ends a sentence;
 * quotation marks. */
int span_is_digit(uint32_t c);
int span_is_space(uint32_t c);
int span_is_stop(uint32_t c);
int span_is_quote(uint32_t c);

/* Spans of n bytes, of a string, of a buffer, from offset at to the end. */
struct span span_of(const char *p, size_t n);
struct span span_str(const char *p);
struct span span_buf(const struct buf *b);
struct span span_from(struct span s, size_t at);

/* The byte after the last. */
const char *span_end(struct span s);

/* Appends the span. */
void span_put(struct buf *b, struct span s);

/* The character at offset at; *next is the offset of the one after it. */
uint32_t span_char(struct span s, size_t at, size_t *next);

/* The first character; the last one and its offset. 0 for an empty span. */
uint32_t span_first(struct span s);
uint32_t span_last(struct span s, size_t *at);

/* The span without the white space around it. */
struct span span_trim(struct span s);

/*
 * The end of the grapheme cluster at offset at: what a reader takes for one
 * character.
 */
size_t span_cluster(struct span s, size_t at);

/*
 * How many bytes of s match pat, a text in lower case, whatever the case of s
 * and whatever apostrophe it uses; 0 when s does not begin with pat.
 */
size_t span_prefix(struct span s, const char *pat);

/* 1 when s ends with pat; *at is the offset where that begins. */
int span_suffix(struct span s, const char *pat, size_t *at);

/* 1 when the word is pat, or one of a list that ends in NULL, in any case. */
int span_equals(struct span word, const char *pat);
int span_in_list(struct span word, const char *const *list);

/* 1 when no word continues across offset at. */
int span_is_edge(struct span s, size_t at);

/* The length of the first phrase of the list that s begins with, or 0. */
size_t span_list_prefix(struct span s, const char *const *list);

/* Takes the next word, between white space, off the front of rest; or 0. */
int span_next_word(struct span *rest, struct span *word);

/*
 * The first words, up to max; returns their number. The rest of s begins at
 * *rest.
 */
size_t span_words(struct span s, struct span *words, size_t max, struct span
    *rest);

/* The word without the punctuation around it. */
struct span span_bare(struct span w);

/* The number of words; of ASCII digits. */
size_t span_count_words(struct span s);
size_t span_count_digits(struct span s);

#endif
