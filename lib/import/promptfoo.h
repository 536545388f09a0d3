#ifndef PROMPTFOO_H
#define PROMPTFOO_H

/*
 * Reads results of promptfoo, versions 2 to 4, as `promptfoo eval -o FILE.json`
 * (or .jsonl) and `promptfoo export eval` write them. Format:
 * src/types/index.ts of promptfoo.
 */
struct gather;
struct source;

/* Reads all of s, which reports bad records, until g->failed is set. */
void promptfoo_read(struct gather *g, struct source *s);

#endif
