#ifndef LANGFUSE_H
#define LANGFUSE_H

/*
 * Reads what Langfuse exports: traces and observations as its API has them
 * (lists, and a trace with its observations), and as its pages export tables of
 * them (JSON, JSON lines or CSV) or one trace. Formats: Langfuse's API
 * reference, and worker/src/features/database-read-stream of its source.
 */
struct gather;
struct source;

/* Reads all of s, which reports bad records, until g->failed is set. */
void langfuse_read(struct gather *g, struct source *s);

#endif
