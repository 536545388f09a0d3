#ifndef ERR_H
#define ERR_H

/*
 * An error on its way from the library to the program that prints it: what is
 * wrong, and where when that is known. Zeroed memory is an empty one.
 */
#include <stdarg.h>
#include <stddef.h>

struct err {
	char *msg;		/* lower case, no full stop; NULL: no error */
	char *file;		/* where it is not the one being dealt with */
	size_t line;		/* from 1; 0: not known */
	size_t col;		/* from 1, in bytes; 0: not known */
};

/* Sets the message, freeing an earlier one. Returns -1, to be returned on. */
int err_set(struct err *e, size_t line, size_t col, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int err_vset(struct err *e, size_t line, size_t col, const char *fmt,
    va_list ap) __attribute__((format(printf, 4, 0)));

/* Empties it. */
void err_release(struct err *e);

/*
 * Writes "file:line:col: " (with the parts that are known; file may be NULL,
 * and the error's own goes before it) and the message into a string that the
 * caller frees.
 */
char *err_text(const struct err *e, const char *file);

#endif
