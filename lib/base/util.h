#ifndef UTIL_H
#define UTIL_H

/*
 * What every program needs: its name in messages (warn.h), and memory. Running
 * out of memory ends the program, from wherever it happens.
 */
#include <stddef.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The program's name as messages show it. */
extern const char *prog;

/*
 * Prepares the process; main calls it first. Sets prog to the last component
 * of argv0. Gives SIGPIPE its default action, which a parent may have ignored.
 * Ignores SIGXFSZ, so that a write beyond the size limit fails with EFBIG.
 * Occupies the standard descriptors that are closed, so that no file opened
 * later becomes one of them; reading from or writing to these fails.
 */
void util_init(const char *argv0);

/*
 * Whether a signal is ignored, as nohup(1), a shell without job control or
 * fluxloop has it for a program that is to stay.
 */
int signal_ignored(int sig);

/* Ends the program because n more bytes (0: unknown) cannot be allocated. */
_Noreturn void die_memory(size_t n);

/* Allocate n (or n times size) bytes; these end the program on failure. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t n, size_t size);

/* Copies a string, or n bytes and adds a NUL. The caller frees the copy. */
char *xstrdup(const char *s);
char *xmemdup(const void *p, size_t n);

/*
 * Formats a string, which the caller frees. One of more than INT_MAX bytes
 * counts as running out of memory.
 */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Returns the capacity, in elements, to grow an array of cap elements to so
 * that need elements fit: at least twice cap. xreallocarray checks the
 * multiplication.
 */
size_t grow(size_t cap, size_t need);

/* Makes room for need elements in the array p of cap; changes p and cap. */
#define ALLOC_GROW(p, need, cap) do { \
	if ((need) > (cap)) { \
		(cap) = grow((cap), (need)); \
		(p) = xreallocarray((p), (cap), sizeof(*(p))); \
	} \
} while (0)

#endif
