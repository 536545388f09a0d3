#ifndef VARIANT_H
#define VARIANT_H

/*
 * What to make a variation of.
 */
#include <stddef.h>
#include <stdint.h>

struct analysis;

/* The user who is typing. A string is NULL if it is unknown. */
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

/* The text to make a variation of, and the settings. */
struct variant {
	struct analysis *analysis;	/* the text */
	const struct persona *persona;	/* NULL: no persona */
	const char *const *templates;	/* templates for custom: "... {input}
				   ..." */
	size_t ntemplates;
	uint64_t seed;
};

#endif
