#ifndef YAMLIN_H
#define YAMLIN_H

/*
 * Reads YAML as JSON text: what PyYAML reads, but for the types of scalars,
 * which fluxloop-setting(5) describes. Keys are always strings, as written.
 * Aliases are expanded, within a limit, and "<<" keys are merged.
 *
 * yamlscan.c, yamlprops.c and yamlevent.c read YAML themselves, for values and
 * for the marks that edits in place go by; libyaml writes it. Measured against
 * PyYAML 6.0, as in tests/yaml-differential.py:
 *
 *				libyaml 0.2.5	libfyaml 0.7.12	these
 * 2,000 texts PyYAML wrote	0 wrong		232 wrong	0
 * 1,500 scalars PyYAML takes	138 refused	411 refused,	0
 *						153 wrong
 * yaml-test-suite, 402 cases	72 wrong	0 wrong		26
 *
 * libyaml refuses a block text whose first line begins with a tab, "{a:, b}",
 * and the "\ud83d\ude00" that JSON writes for an emoji. libfyaml gets the text
 * of folded scalars wrong, and refuses brackets and quoted lines in the column
 * of their key. Of the 26 cases, 15 have lists or mappings as keys, which JSON
 * lacks; 9 are errors that PyYAML takes; 2 lack the last line break and are read
 * as by PyYAML.
 */
#include <stddef.h>

struct buf;
struct err;
struct yamlmark;
struct yamlin_reader;

/* What one call of yamlin_next reads. */
enum yamlin_unit {
	YAMLIN_DOCUMENTS,	/* a whole document */
	YAMLIN_ENTRIES		/* an entry of the list under "inputs", or of
				   a list that is the whole document; any other
				   document as a whole */
};

/*
 * Receives a warning: a tag that is not known. error is 0; *e is borrowed for
 * the call.
 */
typedef void yamlin_report(void *arg, int error, const struct err *e);

/*
 * Starts reading fd, which the caller closes after yamlin_free. report may be
 * NULL.
 */
struct yamlin_reader *yamlin_new(int fd, enum yamlin_unit unit,
    yamlin_report *report, void *arg);
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
 * the JSON text. Everything that an alias expands to has the alias's mark, and
 * what "<<" adds to a mapping the mark of the value of "<<", as an alias. Only
 * for YAMLIN_DOCUMENTS.
 */
const struct yamlmark *yamlin_marks(const struct yamlin_reader *r, size_t
    *n);

#endif
