#ifndef OPENAIAGENTS_H
#define OPENAIAGENTS_H

/*
 * Reads what the exporters of OpenAI's Agents SDK, for Python and JavaScript,
 * post or print: traces, and spans with their data. The shape is that of the
 * export methods of its public source.
 */
struct gather;
struct source;

/* Reads all of s, which reports bad records, until g->failed is set. */
void openaiagents_read(struct gather *g, struct source *s);

#endif
