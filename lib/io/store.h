#ifndef STORE_H
#define STORE_H

/*
 * Bytes at offsets that are written once and read later: the first ones in
 * memory, those that do not fit in a temporary file, which is created when it is
 * needed.
 */
#include <stddef.h>
#include <stdint.h>

struct store {
	char **blocks;		/* the memory, of STORE_BLOCK bytes each */
	size_t nblocks;
	size_t most;		/* limit of nblocks */
	int fd;			/* the temporary file, or -1 */
};
#define STORE_BLOCK ((size_t)256 * 1024)

/* memory: the most bytes to keep there. */
void store_init(struct store *s, size_t memory);
void store_release(struct store *s);

/*
 * Makes room for the bytes before offset end. Meanwhile other threads may write
 * with a copy of the struct that was made after room for their bytes. Returns 0,
 * or -1 with errno set.
 */
int store_reach(struct store *s, uint64_t end);

/*
 * Writes and reads n bytes at an offset, in any thread. All of them have room,
 * and those read were written. Return 0, or -1 with errno set.
 */
int store_write(const struct store *s, const void *p, size_t n, uint64_t at);
int store_read(const struct store *s, void *p, size_t n, uint64_t at);

#endif
