#include "buf.h"
#include "slug.h"

/* Whether a byte stays as it is in a slug. */
static int
slug_keeps(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x80 || c == '_' || (c >= '0' && c <= '9') ||
	    ((u | 0x20) >= 'a' && (u | 0x20) <= 'z');
}

void
slug_put(struct buf *b, const char *text)
{
	while (*text && !slug_keeps(*text))
		text++;
	for (; *text; text++)
		buf_byte(b, slug_keeps(*text) ? *text : '-');
}
