#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "util.h"
#include "uuid.h"

static void
put(uint64_t high, uint64_t low, unsigned version, char text[UUID_TEXT])
{
	high = (high & ~UINT64_C(0xf000)) | (uint64_t)version << 12;
	low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	snprintf(text, UUID_TEXT, "%08x-%04x-%04x-%04x-%012llx",
	    (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff),
	    (unsigned)(high & 0xffff), (unsigned)(low >> 48),
	    (unsigned long long)(low & 0xffffffffffff));
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
