#ifndef CLAUDECODE_H
#define CLAUDECODE_H

/*
 * Reads sessions of Claude Code, ~/.claude/projects/X/SESSION.jsonl, and the
 * files of their sidechains, in any order. The format has no specification;
 * what is read is what versions 1.0 to 2.1 write.
 */
struct gather;
struct source;

/* Reads all of s, which reports bad records, until g->failed is set. */
void claudecode_read(struct gather *g, struct source *s);

#endif
