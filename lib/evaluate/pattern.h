#ifndef PATTERN_H
#define PATTERN_H

/*
 * Regular expressions that users write, by PCRE2, with limits: a pattern that
 * would run for ever is given up.
 */
#include <stddef.h>

struct err;
struct pattern;

enum {
	PATTERN_CASELESS = 1,
	PATTERN_MULTILINE = 2,	/* ^ and $ match at each line */
	PATTERN_DOTALL = 4,	/* . matches newlines */
	PATTERN_PROPERTIES = 8,	/* \d, \w and \s by Unicode, as in Python */
	PATTERN_END = 16	/* $ does not match before a last newline */
};

/* Compiles a pattern of n bytes. Returns NULL with *e filled in. */
struct pattern *pattern_new(const char *text, size_t n, unsigned flags,
    struct err *e);
void pattern_free(struct pattern *p);

/*
 * Searches n bytes. Returns 1 if the pattern matches somewhere, 0 if not, or -1
 * with *e filled in when a limit is reached.
 */
int pattern_find(const struct pattern *p, const char *s, size_t n,
    struct err *e);

#endif
