/*
 * A library to preload: the Nth allocation of the program NO_MEMORY_IN fails,
 * where N is NO_MEMORY_AT.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static int
fails(void)
{
	static long left = -1;
	const char *at, *in;

	if (left == -1) {
		at = getenv("NO_MEMORY_AT");
		in = getenv("NO_MEMORY_IN");
		left = at && in && !strcmp(program_invocation_short_name, in) ?
		    atol(at) : 0;
	}
	if (!left || --left)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
