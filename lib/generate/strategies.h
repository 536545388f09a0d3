#ifndef STRATEGIES_H
#define STRATEGIES_H

/*
 * The strategies, which make variations of a text that a user might have typed,
 * locally and by rule: the same arguments give the same bytes on every machine.
 */
#include <stddef.h>

struct buf;
struct variant;

/* The number of strategies; the name and the summary of number s. */
extern const size_t strategies_count;
const char *strategies_name(size_t s);
const char *strategies_summary(size_t s);

/* The number of the strategy called name, or strategies_count when none is. */
size_t strategies_find(const char *name);

/*
 * Appends the k-th variation (from 0) of v by strategy s to text, and to note
 * what was done, a few words of ASCII such as "swapped two letters". Returns 1,
 * or 0 with nothing appended when the strategy has no k-th one for this text.
 * The text is valid UTF-8. Different k often give different texts, not always:
 * who wants them different has to compare.
 */
int strategies_make(struct buf *text, struct buf *note, const struct variant *v,
    size_t s, size_t k);

#endif
