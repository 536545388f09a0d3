#ifndef ERR_H
#define ERR_H

/*
 * An error that the library returns to the program, which prints it. Zeroed
 * memory means no error.
 */
#include <stdarg.h>
#include <stddef.h>

struct err {
	char *msg;		/* lower case, no full stop; NULL: no error */
	char *file;		/* the file with the error; NULL: the one that
				   the caller reads */
	size_t line;		/* the line of the error, from 1; 0: unknown */
	size_t col;		/* its column in bytes, from 1; 0: unknown */
};

/*
 * Sets the message and the position. The arguments may include the message that
 * is replaced. Returns -1, for the caller to return.
 */
int err_set(struct err *e, size_t line, size_t col, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int err_vset(struct err *e, size_t line, size_t col, const char *fmt,
    va_list ap) __attribute__((format(printf, 4, 0)));

/* Frees the message; e is empty again. */
void err_release(struct err *e);

/*
 * Formats the error as "file:line:col: message", without the parts that are
 * unknown. The error's own file takes precedence over file, which may be NULL.
 * The caller frees the string.
 */
char *err_text(const struct err *e, const char *file);

#endif
