#ifndef UTIL_H
#define UTIL_H

/*
 * What every program needs before anything else: its name in messages,
 * memory that is there or ends the program, and a way to say what went wrong.
 * Only main programs call warn() and die(); the library returns -1 with a
 * struct err instead.
 */
#include <stddef.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The program's name as messages show it. */
extern const char *prog;

/*
 * To be called first in main: sets prog to the last component of argv0, gives
 * SIGPIPE its default action, which a parent may have ignored, ignores SIGXFSZ
 * (writing fails with EFBIG then, which is told), and makes sure
 * that no file that is opened later becomes a standard one: reading from or
 * writing to a standard descriptor that was closed fails, as it should.
 */
void util_init(const char *argv0);

/* Prints "prog: message" and a newline on stderr in one write. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, then exits with status 2: the program cannot do its job. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Memory of n (or n times size) bytes; ends the program when there is none. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t n, size_t size);

/* A copy of a string, or of n bytes with a NUL added. */
char *xstrdup(const char *s);
char *xmemdup(const void *p, size_t n);

/* A formatted string in memory of its own; the caller frees it. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * The capacity to grow to so that need elements fit: at least double the old
 * one. Used with xreallocarray, which checks the multiplication.
 */
size_t grow(size_t cap, size_t need);

/* Makes room for need elements in the array p of cap, both of which change. */
#define ALLOC_GROW(p, need, cap) do { \
	if ((need) > (cap)) { \
		(cap) = grow((cap), (need)); \
		(p) = xreallocarray((p), (cap), sizeof(*(p))); \
	} \
} while (0)

#endif
