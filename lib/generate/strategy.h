#ifndef STRATEGY_H
#define STRATEGY_H

/*
 * What all strategies share. A strategy makes the k-th variation of a text: it
 * appends the variation to out and a remark to note, and returns 1; or it
 * returns 0 with nothing appended if it has no k-th variation.
 */
#include <stddef.h>

#include "base/rng.h"
#include "message.h"
#include "variant.h"

struct work {
	struct buf *out;	/* the variation */
	struct buf *note;	/* a few words of ASCII about the change */
	const struct variant *v;
	struct rng rng;
	size_t k;		/* number of the variation, from 0 */
	int leaves_out;		/* 1: parts that are kept may be missing */
	struct user_text t;
};

/* A change of a text; run returns 0, with nothing appended, if it cannot. */
struct step {
	const char *note;	/* NULL: run adds its own */
	int (*run)(struct work *, struct span, struct buf *);
};

/* 1 when the text is code or data, with no words beside it to vary. */
int work_is_data(const struct work *w);

/* Adds a remark to the note, after a comma where one is due. */
void work_note(struct work *w, const char *note);

/* Replaces text by the result of a step; 0 if that is the same. */
int step_run(struct work *w, const struct step *s, struct buf *text);

/*
 * Runs n steps on the text: number first, then random ones (all random when
 * first is not below nsteps); none after one of the last nlate, which shape
 * the message as a whole. Returns 0 when none applied.
 */
int step_run_some(struct work *w, const struct step *steps, size_t nsteps,
    size_t nlate, size_t first, size_t n);

/* The strategies; each has a file of its own. */
int rephrase_make(struct work *w);
int typo_make(struct work *w);
int error_prone_make(struct work *w);
int verbose_make(struct work *w);
int concise_make(struct work *w);
int persona_make(struct work *w);
int adversarial_make(struct work *w);
int multilingual_make(struct work *w);
int entity_make(struct work *w);
int order_make(struct work *w);
int context_make(struct work *w);
int boundary_make(struct work *w);
int custom_make(struct work *w);

#endif
