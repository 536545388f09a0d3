#ifndef STRATEGIES_H
#define STRATEGIES_H

/*
 * The strategies, which make variations of a text that a user might have typed,
 * locally and by rule: the same arguments give the same bytes on every machine.
 */
#include <stddef.h>

struct buf;
struct variant;

/* The number of strategies, and the name and summary of strategy s. */
extern const size_t strategies_count;
const char *strategies_name(size_t s);
const char *strategies_summary(size_t s);

/* 1 for a strategy that is used by default. */
int strategies_default(size_t s);

/* 1 for a strategy whose variations depend on the persona. */
int strategies_personal(size_t s);

/* The number of the strategy called name, or strategies_count when none is. */
size_t strategies_find(const char *name);

/*
 * Appends the k-th variation (from 0) of v by strategy s to text, and a remark
 * in ASCII such as "swapped two letters" to note. Returns 1, or 0 with nothing
 * appended if the strategy has no k-th variation of this text. The result is
 * valid UTF-8. Different k usually, but not always, give different texts:
 * callers compare.
 */
int strategies_make(struct buf *text, struct buf *note, const struct variant *v,
    size_t s, size_t k);

#endif
