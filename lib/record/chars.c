#include <string.h>

#include "chars.h"

unsigned char chars_kinds[256];

static void
classify(const char *characters, int bits)
{
	for (; *characters; characters++)
		chars_kinds[(unsigned char)*characters] |= (unsigned char)bits;
}

void
chars_prepare(void)
{
	int word = CHARS_WORD | CHARS_DOTTED | CHARS_BASE64;

	classify("0123456789", CHARS_DIGIT | CHARS_HEX | CHARS_UPPER |
	    CHARS_ALNUM | word);
	classify("ABCDEFGHIJKLMNOPQRSTUVWXYZ", CHARS_UPPER |
	    CHARS_ALNUM | word);
	classify("abcdefghijklmnopqrstuvwxyz", CHARS_ALNUM | word);
	classify("abcdefABCDEF", CHARS_HEX);
	classify("-_", word);
	classify(".", CHARS_DOTTED);
	classify("+/=", CHARS_BASE64);
	classify(" \t\n\v\f\r", CHARS_SPACE);
}

/* The number of characters at s[i] that are neither white space nor listed. */
size_t
chars_run_until(const char *s, size_t n, size_t i, const char *not)
{
	size_t from = i;

	while (i < n && !chars_is(s[i], CHARS_SPACE) &&
	    !chars_one_of(s[i], not))
		i++;
	return i - from;
}

size_t
chars_blank(const char *s, size_t n, size_t i, size_t most)
{
	size_t k = 0;

	while (k < most && i + k < n && (s[i + k] == ' ' || s[i + k] == '\t'))
		k++;
	return k;
}

/*
 * Whether no word continues at s[i]: the character before is neither a
 * letter nor a digit, or it is a part of an escape such as \n or %3D.
 */
int
chars_free(const char *s, size_t i)
{
	if (!i || !chars_is(s[i - 1], CHARS_ALNUM))
		return 1;
	if (i >= 2 && s[i - 2] == '\\' && chars_one_of(s[i - 1], "bfnrt"))
		return 1;
	return i >= 3 && s[i - 3] == '%' && chars_is(s[i - 2], CHARS_HEX) &&
	    chars_is(s[i - 1], CHARS_HEX);
}

int
chars_placeholder(const char *s, size_t n)
{
	return !n || chars_one_of(*s, "$<{%*[") || (n == 3 && !memcmp(s,
	    "...", 3));
}

/* Whether a text is not a word: it has digits, symbols or inner capitals. */
int
chars_opaque(const char *s, size_t n)
{
	int lower = 0, upper = 0;
	size_t i;

	while (n && chars_one_of(s[n - 1], ".:!?"))
		n--;
	if (n < 4)
		return 0;
	for (i = 0; i < n; i++) {
		if (chars_is(s[i], CHARS_DIGIT) ||
		    chars_one_of(s[i], "!@#$%^&*+=/~"))
			return 1;
		lower |= s[i] >= 'a' && s[i] <= 'z';
		upper |= i && s[i] >= 'A' && s[i] <= 'Z';
	}
	return lower && upper;
}
