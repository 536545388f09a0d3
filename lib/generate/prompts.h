#ifndef PROMPTS_H
#define PROMPTS_H

/*
 * Chat requests for a model that makes inputs: one for each text, strategy and
 * persona, in turns. A request has all that is needed to make an input of its
 * reply (replies.h).
 */
#include <stddef.h>

#include "generate.h"

struct config;
struct out;

/* A text to ask for variations of. */
struct prompts_base;

struct prompts {
	const struct generator *g;	/* strategies, personas, limits */
	const struct config *config;
	struct out *out;
	struct prompts_base *bases;
	size_t n, cap;
	size_t each;		/* requests for each combination, without a
				   limit */
	size_t made;
};

/* Starts; g and c are borrowed. */
void prompts_init(struct prompts *p, const struct generator *g,
    const struct config *c, struct out *out);
void prompts_release(struct prompts *p);

/* Adds an input as generator_add does; one that is not text is left out. */
void prompts_add(struct prompts *p, struct json_span record,
    const struct json_span v[GENERATE_FIELDS]);

/* Writes the requests. */
void prompts_finish(struct prompts *p);

#endif
