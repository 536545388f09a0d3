#ifndef DOTENV_H
#define DOTENV_H

/*
 * The text of .env files, by the grammar of fluxloop-setting(5). Nothing is
 * executed. The Python package reads the same grammar (fluxloop/dotenv.py);
 * both are tested on one table, tests/data/dotenv.jsonl.
 */
#include <stddef.h>

#include "base/buf.h"

struct env;
struct err;

struct dotenv {
	const char *p;		/* the unread text, up to a NUL */
	size_t line;		/* the number of the next line, from 1 */
};

/* An assignment, or a line that is not one. */
struct dotenv_entry {
	const char *start;	/* its first line */
	const char *end;	/* the line after its last */
	const char *name;	/* the variable's name; NULL: a bad line */
	size_t name_len;
	struct buf value;	/* bytes without a NUL, to be released */
	size_t line;		/* number of its first line */
	const char *error;	/* what is wrong with a bad line */
	int open;		/* 1: its closing quote is missing */
};

/*
 * Starts with the text of a file, which ends in a NUL: skips a byte order mark.
 */
void dotenv_begin(struct dotenv *d, const char *text);

/*
 * Reads the next entry; comments and empty lines are skipped. ${NAME} stands
 * for the variable in e, or else for that of the process. A missing closing
 * quote ends the reading, since what follows may be part of the value. Returns
 * 1, or 0 at the end.
 */
int dotenv_next(struct dotenv *d, const struct env *e,
    struct dotenv_entry *entry);

/*
 * Adds the variables of a file to e; a missing file is an empty one, and one
 * that is a folder (a virtual environment) or not ours to read is reported as a
 * warning, as bad lines are. Returns 0, or -1 after reporting an error.
 */
int dotenv_read(struct env *e, const char *file,
    void (*report)(void *arg, int error, const struct err *err), void *arg);

#endif
