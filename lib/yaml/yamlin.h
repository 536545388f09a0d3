#ifndef YAMLIN_H
#define YAMLIN_H

/*
 * Reads YAML 1.2 as JSON text, by libfyaml. Scalars get their types by one
 * table, in yamlin.c and fluxloop-setting(5); keys are taken as they are
 * written; aliases are expanded, within a budget.
 */
#include <stddef.h>

struct buf;
struct err;
struct yamlin_reader;

/* Where a value or key stands in the file. */
struct yamlin_mark {
	size_t line;		/* from 1 */
	size_t col;		/* from 1, in characters */
	size_t start;		/* offset of its first byte */
	size_t end;		/* offset behind its last byte */
	char style;		/* 'p' a plain scalar, 'q' one in quotes,
				   '|' a block scalar, '[' an array or object
				   in brackets, '-' one that is indented,
				   '*' an alias */
};

/* What yamlin_next gives one at a time. */
enum yamlin_unit {
	YAMLIN_DOCUMENTS,		/* whole documents */
	YAMLIN_ENTRIES		/* what is in the list under "inputs", or in a
				   list that is the whole document; any other
				   document is one unit, as it is */
};

/* Starts reading fd, which stays the caller's. */
struct yamlin_reader *yamlin_new(int fd, enum yamlin_unit unit);
void yamlin_free(struct yamlin_reader *r);

/*
 * Reads the next unit: its JSON text, one line, replaces what is in json, and
 * *line is where it begins. Returns 1, 0 at the end, or -1 with *e filled in.
 */
int yamlin_next(struct yamlin_reader *r, struct buf *json, size_t *line,
    struct err *e);

/*
 * The marks of the unit last read, one for each key and value in the order of
 * the JSON text, which is that of a struct tree's nodes; *n is how many.
 * Borrowed until the next call. What came from an alias bears the alias's
 * place. Only for a reader of whole documents.
 */
const struct yamlin_mark *yamlin_marks(const struct yamlin_reader *r, size_t
    *n);

/*
 * How PyYAML would read n bytes of a plain scalar differently: "a boolean",
 * "an octal number", "a date" and so on; NULL when both read the same.
 */
const char *yamlin_other_reading(const char *s, size_t n);

#endif
