#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "spill.h"
#include "store.h"

void
store_init(struct store *s, size_t memory)
{
	memset(s, 0, sizeof(*s));
	s->most = memory / STORE_BLOCK;
	s->blocks = xcalloc(s->most + 1, sizeof(*s->blocks));
	s->fd = -1;
}

void
store_release(struct store *s)
{
	while (s->nblocks)
		free(s->blocks[--s->nblocks]);
	free(s->blocks);
	if (s->fd >= 0)
		close(s->fd);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

int
store_reach(struct store *s, uint64_t end)
{
	while (s->nblocks < s->most && s->nblocks * STORE_BLOCK < end) {
		s->blocks[s->nblocks] = malloc(STORE_BLOCK);
		/* less memory will do */
		if (!s->blocks[s->nblocks])
			s->most = s->nblocks;
		else
			s->nblocks++;
	}
	if (s->nblocks * STORE_BLOCK < end && s->fd < 0)
		s->fd = spill_open();
	return s->nblocks * STORE_BLOCK < end && s->fd < 0 ? -1 : 0;
}

/* The memory at an offset; *n is reduced to what is in one piece. */
static char *
store_piece(const struct store *s, uint64_t at, size_t *n)
{
	size_t rest = STORE_BLOCK - (size_t)(at % STORE_BLOCK);

	*n = *n < rest ? *n : rest;
	return s->blocks[at / STORE_BLOCK] + at % STORE_BLOCK;
}

int
store_write(const struct store *s, const void *p, size_t n, uint64_t at)
{
	const char *from = p;
	size_t part;
	char *to;

	for (; n && at / STORE_BLOCK < s->nblocks; n -= part) {
		part = n;
		to = store_piece(s, at, &part);
		memcpy(to, from, part);
		from += part;
		at += part;
	}
	return n ? spill_write(s->fd, from, n, at) : 0;
}

int
store_read(const struct store *s, void *p, size_t n, uint64_t at)
{
	const char *from;
	char *to = p;
	size_t part;

	for (; n && at / STORE_BLOCK < s->nblocks; n -= part) {
		part = n;
		from = store_piece(s, at, &part);
		memcpy(to, from, part);
		to += part;
		at += part;
	}
	return n ? spill_read(s->fd, to, n, at) : 0;
}
