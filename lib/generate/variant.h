#ifndef VARIANT_H
#define VARIANT_H

/*
 * Variations of a text that a user might have typed, made locally and by rule:
 * the same arguments give the same bytes on every machine.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Who is typing. Strings may be NULL where nothing is known. */
struct persona {
	const char *name;
	const char *description;
	const char *language;		/* BCP 47, such as "en" or "ko" */
	const char *expertise;		/* novice, intermediate or expert */
	const char *const *traits;	/* the configuration's characteristics */
	size_t ntraits;
	const char *const *goals;
	size_t ngoals;
};

/* What to make a variation of, and how. */
struct variant {
	const char *text;		/* UTF-8; may be empty */
	size_t len;
	const struct persona *persona;	/* NULL: nobody in particular */
	const char *const *templates;	/* for custom: "... {input} ..." */
	size_t ntemplates;
	uint64_t seed;
};

/* The number of strategies, and the name and summary of the one with number s. */
extern const size_t variant_count;
const char *variant_name(size_t s);
const char *variant_summary(size_t s);

/* The number of the strategy called name, or variant_count when none is. */
size_t variant_find(const char *name);

/*
 * Appends the k-th variation (from 0) of v by strategy s to text, and to note
 * what was done, a few words of ASCII such as "swapped two letters". Returns 1,
 * or 0 with nothing appended when the strategy has no k-th one for this text.
 * The text is valid UTF-8. Different k often give different texts, not always:
 * who wants them different has to compare.
 */
int variant_make(struct buf *text, struct buf *note, const struct variant *v,
    size_t s, size_t k);

#endif
