#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "util.h"
#include "uuid.h"

/* Writes the last width digits, and what comes after them. */
static char *
put_hex(char *text, uint64_t n, int width, char after)
{
	int i;

	for (i = width; i > 0; i--, n >>= 4)
		text[i - 1] = "0123456789abcdef"[n & 15];
	text[width] = after;
	return text + width + 1;
}

static void
put(uint64_t high, uint64_t low, unsigned version, char text[UUID_TEXT])
{
	high = (high & ~UINT64_C(0xf000)) | (uint64_t)version << 12;
	low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	text = put_hex(text, high >> 32, 8, '-');
	text = put_hex(text, high >> 16, 4, '-');
	text = put_hex(text, high, 4, '-');
	text = put_hex(text, low >> 48, 4, '-');
	put_hex(text, low, 12, '\0');
}

void
uuid_random(char text[UUID_TEXT])
{
	static uint64_t pool[32];
	static size_t left;

	if (left < 2) {
		if (getentropy(pool, sizeof(pool)))
			die("no random numbers: %s", strerror(errno));
		left = LEN(pool);
	}
	left -= 2;
	put(pool[left], pool[left + 1], 4, text);
}

void
uuid_of(uint64_t high, uint64_t low, char text[UUID_TEXT])
{
	put(high, low, 8, text);
}
