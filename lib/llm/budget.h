#ifndef BUDGET_H
#define BUDGET_H

/*
 * Limits on calls, tokens and money. A call reserves what it may need before it
 * starts, and returns what it did not use.
 */
#include <stddef.h>

#include "json/json.h"

/* What a call needs, or has used. */
struct budget_need {
	long long prompt;	/* tokens */
	long long reply;	/* tokens */
	double cost;		/* units of money */
};

struct budget_price {
	char *model;		/* NULL: all others */
	double prompt, reply;	/* units of money a million tokens */
};

/* A limit of -1 is none. Release with budget_release. */
struct budget {
	long long max_calls;
	long long max_tokens;	/* prompts and replies together */
	double max_cost;
	struct budget_price *prices;
	size_t nprices, cap;
	long long calls;	/* number of calls that were started */
	struct budget_need used;	/* used by calls that have ended */
	struct budget_need taken;	/* reserved for calls that have not
				   ended */
	size_t open;		/* calls that have not ended */
	const char *spent;	/* name of the limit that a call would have
				   exceeded, such as "max-calls"; NULL: none */
};

void budget_init(struct budget *b);
void budget_release(struct budget *b);

/*
 * Reads "0.25,2.0", a price for all models, or "MODEL=0.25,2.0". Returns 0, or
 * -1 if it is neither.
 */
int budget_read_price(struct budget *b, const char *text);

/* The price of a model by its text, or NULL. */
const struct budget_price *budget_price(const struct budget *b,
    const char *model, size_t n);

/* The cost of tokens; 0 without a price. */
double budget_cost(const struct budget_price *p, long long prompt,
    long long reply);

/*
 * Reserves what a call may need, before it starts. Returns BUDGET_GO;
 * BUDGET_WAIT if it may fit when running calls have ended; or BUDGET_STOP if it
 * does not fit: then spent is set, and no later call fits.
 */
enum budget_answer { BUDGET_GO, BUDGET_WAIT, BUDGET_STOP };
enum budget_answer budget_take(struct budget *b,
    const struct budget_need *need);

/* Ends a call that reserved need: counts used instead. */
void budget_settle(struct budget *b, const struct budget_need *need,
    const struct budget_need *used);

#endif
