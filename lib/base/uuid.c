#define _DEFAULT_SOURCE		/* getentropy, where unistd.h has it */
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "hex.h"
#include "util.h"
#include "uuid.h"

/* Writes the last width digits of n and the character after them. */
static char *
uuid_put_group(char *text, uint64_t n, unsigned width, char after)
{
	hex_write(text, n, width);
	text[width] = after;
	return text + width + 1;
}

static void
uuid_put(uint64_t high, uint64_t low, unsigned version, char text[UUID_TEXT])
{
	high = (high & ~UINT64_C(0xf000)) | (uint64_t)version << 12;
	low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	text = uuid_put_group(text, high >> 32, 8, '-');
	text = uuid_put_group(text, high >> 16, 4, '-');
	text = uuid_put_group(text, high, 4, '-');
	text = uuid_put_group(text, low >> 48, 4, '-');
	uuid_put_group(text, low, 12, '\0');
}

/*
 * Fills a pool with random numbers. If the system provides none, the time and
 * the process id make the UUIDs unique.
 */
static void
uuid_fill(uint64_t *pool, size_t n)
{
	static uint64_t fills;
	struct timespec now;
	uint64_t facts[4];
	size_t i;

	if (!getentropy(pool, n * sizeof(*pool)))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	facts[0] = (uint64_t)now.tv_sec;
	facts[1] = (uint64_t)now.tv_nsec;
	facts[2] = (uint64_t)getpid();
	facts[3] = fills++;
	for (i = 0; i < n; i++)
		pool[i] = hash_words(i, 0, facts, LEN(facts));
}

void
uuid_random(char text[UUID_TEXT])
{
	static uint64_t pool[32];
	static size_t left;

	if (left < 2) {
		uuid_fill(pool, LEN(pool));
		left = LEN(pool);
	}
	left -= 2;
	uuid_put(pool[left], pool[left + 1], 4, text);
}

void
uuid_of(uint64_t high, uint64_t low, char text[UUID_TEXT])
{
	uuid_put(high, low, 8, text);
}
