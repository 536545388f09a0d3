#ifndef YAMLTYPE_H
#define YAMLTYPE_H

/*
 * The types of scalars. fluxloop-setting(5) describes the table of plain ones,
 * and where other readers differ.
 */
#include <stddef.h>

struct buf;

/* What a tag does to a value. */
enum yamltype_tag {
	YAMLTYPE_SUITS,
	YAMLTYPE_UNKNOWN,	/* the value is the one without the tag */
	YAMLTYPE_WRONG		/* the value is none of the tag's */
};

/* Appends the n bytes of a plain scalar as JSON. */
void yamltype_put_plain(struct buf *b, const char *s, size_t n);

/* Appends a scalar with a tag; appends nothing if that does not suit it. */
enum yamltype_tag yamltype_put_tagged(struct buf *b, const char *tag,
    const char *s, size_t n);

/* What a tag does to a mapping (map is 1) or a list. */
enum yamltype_tag yamltype_check_tag(const char *tag, int map);

/* Appends a tag as it is usually written: "!!int", "!env", "!<tag:...>". */
void yamltype_put_tag(struct buf *b, const char *tag);

/*
 * Returns the type, such as "a boolean", "an octal number" or "a date", that
 * other YAML readers give to the n bytes of a plain scalar which is a string
 * here; NULL if it is a string everywhere.
 */
const char *yamltype_other_reading(const char *s, size_t n);

#endif
