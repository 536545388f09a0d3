#ifndef LARGE_H
#define LARGE_H

/*
 * Large pieces of memory, for a program that limits them. Of those beyond the
 * limit at most LARGE_RESIDENT bytes are in memory at a time, the rest is in
 * temporary files. A piece is made of windows. One that is not in memory cannot
 * be accessed: touching it raises SIGSEGV, whose handler reads it and, in its
 * place, writes out the one that has been in memory longest. So the code that
 * uses a piece does not know of it, except system calls: for these see
 * large_window and large_is_mapped.
 *
 * In any thread, but a piece is used by one at a time. Without large_begin all
 * pieces are ordinary memory.
 */
#include <stddef.h>

#define LARGE_LEAST ((size_t)1 << 20)	/* bytes of the smallest piece */
#define LARGE_WINDOW ((size_t)1 << 16)
#define LARGE_RESIDENT ((size_t)1 << 22)
#define LARGE_BLOCK ((size_t)1 << 14)

/*
 * Sets the limit, in bytes. open returns the descriptor of a temporary file, or
 * -1 with errno set; if it or the file fails, fail is called, which does not
 * return. Called once, before there are pieces.
 */
void large_begin(size_t limit, int (*open)(void), void (*fail)(int error));

/*
 * Enlarges memory of xmalloc or of this function, *cap bytes of which the first
 * used are kept, to need bytes or more, at least LARGE_LEAST. Returns where it
 * is and sets *cap.
 */
void *large_grow(void *p, size_t used, size_t *cap, size_t need);

/*
 * The same for any number of bytes: memory of which *cap bytes are enough is
 * returned as it is. *cap is 0 with p NULL.
 */
void *large_room(void *p, size_t used, size_t *cap, size_t need);

/* Frees memory of cap bytes. */
void large_free(void *p, size_t cap);

/* 1 if p is in a piece beyond the limit, no memory for a system call. */
int large_is_mapped(const void *p);

/*
 * What a system call can write of the *n bytes at p: p itself, or the first
 * ones in block, which has LARGE_BLOCK bytes. *n is set to their number.
 */
const void *large_window(const void *p, size_t *n, char *block);

#endif
