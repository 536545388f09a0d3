#ifndef PROMPTFOO_H
#define PROMPTFOO_H

/*
 * Reads the results of promptfoo: what `promptfoo eval -o FILE.json` (or
 * .jsonl) and `promptfoo export eval` write, versions 2 to 4 of the results.
 * Format: src/types/index.ts of promptfoo.
 */
struct gather;
struct source;

/* Reads all of s, which reports bad records, until g->failed is set. */
void promptfoo_read(struct gather *g, struct source *s);

#endif
