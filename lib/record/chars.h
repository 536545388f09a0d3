#ifndef CHARS_H
#define CHARS_H

/* Characters of a text by class, and runs of them. */
#include <stddef.h>
#include <string.h>

/* Classes of characters, as bits. */
enum {
	CHARS_UPPER = 1,	/* a capital or digit */
	CHARS_ALNUM = 2,
	CHARS_HEX = 4,
	CHARS_WORD = 8,		/* letters, digits, underscore, hyphen */
	CHARS_DOTTED = 16,	/* CHARS_WORD, and dot */
	CHARS_BASE64 = 32,	/* CHARS_WORD, plus, slash, equals sign */
	CHARS_DIGIT = 64,
	CHARS_SPACE = 128
};

/* A part of a text, in bytes from its start. */
struct shape {
	size_t from;
	size_t to;
};

/* The classes of each character, which chars_prepare() fills in. */
extern unsigned char chars_kinds[256];
void chars_prepare(void);

/* Whether c is of one of the classes. */
static inline int
chars_is(char c, int bits)
{
	return (chars_kinds[(unsigned char)c] & bits) != 0;
}

static inline int
chars_one_of(char c, const char *list)
{
	return c && strchr(list, c);
}

/* The number of characters of the classes at s[i]; s has n bytes. */
static inline size_t
chars_run(const char *s, size_t n, size_t i, int bits)
{
	size_t from = i;

	while (i < n && chars_is(s[i], bits))
		i++;
	return i - from;
}

/* The same of those that are neither white space nor in not. */
size_t chars_run_until(const char *s, size_t n, size_t i, const char *not);

/* The number of spaces and tabs at s[i], at most most. */
size_t chars_blank(const char *s, size_t n, size_t i, size_t most);

/* Whether the text at s[i] begins with a word. */
static inline int
chars_begin(const char *s, size_t n, size_t i, const char *with)
{
	size_t len = strlen(with);

	return i <= n && n - i >= len && !memcmp(s + i, with, len);
}

/* Whether no word continues at s[i]; see the definition for escapes. */
int chars_free(const char *s, size_t i);

/* Whether a value only stands for one, such as "", "$NAME" and "<key>". */
int chars_placeholder(const char *s, size_t n);

/* Whether a value is not a word of a language, but looks random. */
int chars_opaque(const char *s, size_t n);

#endif
