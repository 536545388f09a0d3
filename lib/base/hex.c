#include "hex.h"

void
hex_write(char *text, uint64_t n, unsigned width)
{
	for (; width > 0; width--, n >>= 4)
		text[width - 1] = "0123456789abcdef"[n & 15];
}
