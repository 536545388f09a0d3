#ifndef FOREIGN_H
#define FOREIGN_H

/* Sentences of other languages than English. */
#include "phrases.h"
#include "span.h"

struct buf;

/* 1 when s begins with an infinitive, or, in German, ends with one. */
int foreign_is_infinitive(enum lang l, struct span s);

/*
 * "Wie storniere ich X" as the clause "wie ich X storniere" in slot; 0 when it
 * is not such a question.
 */
int foreign_german_clause(struct span s, struct buf *slot);

#endif
