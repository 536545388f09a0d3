#ifndef WHEN_H
#define WHEN_H

/* Days as people write them: "3 November", "March 3, 2026", "2026-01-31". */
#include "span.h"

struct buf;

struct when {
	int day;
	int month;		/* 1 to 12 */
	int year;		/* 0: not said */
};

/* Reads a day. Returns 1, or 0 if s is not one. */
int when_read(struct span s, struct when *w);

/* 1 for the name of a month or a day of the week. */
int when_is_word(struct span word);

/* Ways to write a day anew: another day, or the same day in another form. */
enum when_change {
	WHEN_FUTURE, WHEN_PAST, WHEN_NO_DAY, WHEN_ISO, WHEN_SLASHES
};

/*
 * Appends the changed day s, in the same form unless the form is what changes.
 * Returns 0, with nothing appended, if the form needs a year that s does not
 * have.
 */
int when_put(struct buf *b, struct span s, enum when_change change);

#endif
