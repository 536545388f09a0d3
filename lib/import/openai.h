#ifndef OPENAI_H
#define OPENAI_H

/*
 * Reads requests to OpenAI's API and its answers: batches (their input
 * joined with their output by custom_id), answers of chat completions and of
 * responses, and files for fine-tuning. Formats: OpenAI's API reference.
 */
struct gather;
struct source;

/* Reads all of s, which reports bad records, until g->failed is set. */
void openai_read(struct gather *g, struct source *s);

#endif
