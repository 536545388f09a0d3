#ifndef YAMLIN_H
#define YAMLIN_H

/*
 * Reads YAML 1.2 as JSON text, with libfyaml. The table in yamlin.c, which
 * fluxloop-setting(5) describes, gives scalars their types. Keys are always
 * strings, as written. Aliases are expanded, within a limit.
 */
#include <stddef.h>

struct buf;
struct err;
struct yamlin_reader;

/* How a value or key is written. */
enum yamlin_style {
	YAMLIN_PLAIN,		/* a scalar without quotes */
	YAMLIN_QUOTED,		/* a scalar in quotes */
	YAMLIN_TEXT,		/* a block scalar: '|' or '>' */
	YAMLIN_FLOW,		/* a list or mapping in brackets */
	YAMLIN_BLOCK,		/* a list or mapping by indentation */
	YAMLIN_ALIAS
};

/* The position of a value or key in the file. */
struct yamlin_mark {
	size_t line;		/* from 1 */
	size_t col;		/* from 1, in characters */
	size_t start;		/* byte offset */
	size_t end;		/* byte offset of the byte after it */
	enum yamlin_style style;
};

/* What one call of yamlin_next reads. */
enum yamlin_unit {
	YAMLIN_DOCUMENTS,	/* a whole document */
	YAMLIN_ENTRIES		/* an entry of the list under "inputs", or of
				   a list that is the whole document; any other
				   document as a whole */
};

/* Starts reading fd, which the caller closes after yamlin_free. */
struct yamlin_reader *yamlin_new(int fd, enum yamlin_unit unit);
void yamlin_free(struct yamlin_reader *r);

/*
 * Reads the next unit. Its JSON text, on one line, replaces the contents of
 * json; *line is the line that it begins on. Returns 1, 0 at the end, or -1
 * with *e filled in.
 */
int yamlin_next(struct yamlin_reader *r, struct buf *json, size_t *line,
    struct err *e);

/*
 * Returns the *n marks of the unit last read, borrowed until the next call: one
 * for each key and value, in the order of the nodes of a struct tree made from
 * the JSON text. Everything that an alias expands to has the alias's mark. Only
 * for YAMLIN_DOCUMENTS.
 */
const struct yamlin_mark *yamlin_marks(const struct yamlin_reader *r, size_t
    *n);

/*
 * Returns the type, such as "a boolean", "an octal number" or "a date", that
 * other YAML readers give to the n bytes of a plain scalar which is a string
 * here; NULL if it is a string everywhere.
 */
const char *yamlin_other_reading(const char *s, size_t n);

#endif
