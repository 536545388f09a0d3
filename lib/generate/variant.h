#ifndef VARIANT_H
#define VARIANT_H

/*
 * What to make a variation of.
 */
#include <stddef.h>
#include <stdint.h>

struct analysis;

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
	struct analysis *analysis;	/* the text */
	const struct persona *persona;	/* NULL: no persona */
	const char *const *templates;	/* templates for custom: "... {input}
				   ..." */
	size_t ntemplates;
	uint64_t seed;
};

#endif
