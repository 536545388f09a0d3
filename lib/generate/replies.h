#ifndef REPLIES_H
#define REPLIES_H

/*
 * Makes inputs of a model's replies to prompts (prompts.h): removes wrappers
 * around the message, and drops useless replies.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/set.h"
#include "generate.h"

struct out;

/* Why a reply is dropped. */
enum replies_fault {
	REPLIES_GOOD,
	REPLIES_ERROR,		/* there is no reply */
	REPLIES_EMPTY,
	REPLIES_REFUSAL,
	REPLIES_LONG,
	REPLIES_PROMPT,		/* repeats the prompt */
	REPLIES_LANGUAGE,
	REPLIES_SAME,		/* the same as another, or as the text itself */
	REPLIES_NEAR,		/* almost the same as another */
	REPLIES_FAULTS
};

struct replies_kept;

struct replies {
	struct generator *g;
	struct out *again;	/* requests for what was dropped, or NULL */
	size_t max_chars;
	double min_distance;	/* least distance of two inputs of a text, from
				   0 to 1 */
	int keep_prompts;	/* 1: metadata has the prompt */
	const char *provider;	/* NULL: none */
	size_t read;
	size_t counts[REPLIES_FAULTS];
	struct replies_kept *kept;	/* inputs so far */
	size_t nkept, cap;
	struct set filled;	/* combinations that have their input */
	struct buf *dropped;	/* requests of replies that were dropped */
	size_t ndropped, dropped_cap;
	struct buf scratch;
};

void replies_init(struct replies *r, struct generator *g);
void replies_release(struct replies *r);

/* Reads a record. Returns 1 when no more inputs are needed. */
int replies_add(struct replies *r, struct json_span record);

/*
 * Writes requests for the inputs that are missing up to the limit to again,
 * each with the fault of the earlier reply. Returns their number.
 */
size_t replies_finish(struct replies *r);

/* Appends "50 replies: 43 inputs, 3 the same as another, 1 refusal". */
void replies_report(const struct replies *r, struct buf *b);

/* Removes reasoning, fences, introductions, labels and quotation marks. */
void replies_unwrap(struct buf *text);

#endif
