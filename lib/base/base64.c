#include "base64.h"

/* The value of a digit, or -1. */
static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

ssize_t
base64_decode(char *to, const char *s, size_t n)
{
	unsigned bits = 0, have = 0;
	size_t i, done = 0;
	int digit;

	while (n && s[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return -1;
	for (i = 0; i < n; i++) {
		digit = base64_digit(s[i]);
		if (digit < 0)
			return -1;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[done++] = (char)(bits >> have & 0xff);
		}
	}
	return (ssize_t)done;
}
