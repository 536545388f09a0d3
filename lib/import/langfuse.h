#ifndef LANGFUSE_H
#define LANGFUSE_H

/*
 * Reads exports of Langfuse: traces and observations from its API (lists, and a
 * trace with its observations), and from its pages (tables in JSON, JSON lines
 * or CSV, and a single trace). Formats: Langfuse's API reference, and
 * worker/src/features/database-read-stream of its source.
 */
struct gather;
struct source;

/* Reads all of s, which reports bad records, until g->failed is set. */
void langfuse_read(struct gather *g, struct source *s);

#endif
