#ifndef SHAPELOGIN_H
#define SHAPELOGIN_H

/*
 * Passwords on the command lines of programs whose options do not name them, as
 * in "curl -u USER:PASSWORD", and in netrc files. The rules and the table of
 * lib/python/fluxloop/logins.py are the same.
 */
#include <stddef.h>

struct buf;
struct shape;

#define SHAPELOGIN_REACH 1024	/* bytes before an option in which the name of
				   its program is searched */

/*
 * The password after the option whose hyphen, or the second one of two, is
 * s[at], if a program that has this option precedes it in the line. Returns 1
 * with *f set, or 0.
 */
int shapelogin_option(const char *s, size_t n, size_t at, struct shape *f);

/* The password after the word "password" at s[at], in a netrc file. */
int shapelogin_netrc(const char *s, size_t n, size_t at, struct shape *f);

/*
 * Where the name of a program with such options starts in a text that is its
 * name or path; n if it is no such program.
 */
size_t shapelogin_program(const char *s, size_t n);

/*
 * Whether an argument contains a password. line is the path of its program, a
 * space and the argument before it, which may be empty; it is changed.
 */
int shapelogin_argument(struct buf *line, const char *argument, size_t n);

#endif
