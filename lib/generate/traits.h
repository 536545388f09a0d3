#ifndef TRAITS_H
#define TRAITS_H

/* Finds traits in the words that describe a persona. */
struct persona;

/* Whether a key occurs in s, which may be NULL, at the start of a word. */
int traits_mention(const char *s, const char *key);

/* 1 when the persona is said to write few words; p may be NULL. */
int traits_terse(const struct persona *p);

#endif
