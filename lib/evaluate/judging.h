#ifndef JUDGING_H
#define JUDGING_H

/*
 * The options for fl-llm that a configuration has.
 */
struct buf;
struct evaluation;

/*
 * Appends the options for fl-llm, a word a line: those of "llm" and "limits",
 * and a cache, which is in the folder unless it is named by an absolute path.
 */
void judging_put_options(const struct evaluation *v, const char *folder,
    struct buf *b);

#endif
