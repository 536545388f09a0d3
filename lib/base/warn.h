#ifndef WARN_H
#define WARN_H

/*
 * Messages to stderr. Only main programs call these functions; the library
 * returns -1 and fills in a struct err instead. Whatever a message quotes is
 * shown as by visible.h: a message is one line, and no command to a terminal.
 */
#include <stdarg.h>

/* Prints "prog: message" and a newline to stderr in one write. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warn_list(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

/* Prints a message as warn does and exits with status 2. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
