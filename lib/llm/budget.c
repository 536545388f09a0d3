#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "budget.h"

void
budget_init(struct budget *b)
{
	memset(b, 0, sizeof(*b));
	b->max_calls = b->max_tokens = -1;
	b->max_cost = -1;
}

void
budget_release(struct budget *b)
{
	size_t i;

	for (i = 0; i < b->nprices; i++)
		free(b->prices[i].model);
	free(b->prices);
	budget_init(b);
}

/* --- prices --------------------------------------------------------------- */

static int
is_price(double d)
{
	return isfinite(d) && d >= 0;
}

int
budget_read_price(struct budget *b, const char *text)
{
	const char *equals = strrchr(text, '='), *p;
	struct budget_price price = { .model = NULL };
	char *end;

	p = equals ? equals + 1 : text;
	price.prompt = strtod(p, &end);
	if (end == p || *end != ',' || !is_price(price.prompt))
		return -1;
	p = end + 1;
	price.reply = strtod(p, &end);
	if (end == p || *end || !is_price(price.reply) || equals == text)
		return -1;
	if (equals)
		price.model = xmemdup(text, (size_t)(equals - text));
	ALLOC_GROW(b->prices, b->nprices + 1, b->cap);
	b->prices[b->nprices++] = price;
	return 0;
}

const struct budget_price *
budget_price(const struct budget *b, const char *model, size_t n)
{
	const struct budget_price *any = NULL, *p;
	size_t i;

	for (i = 0; i < b->nprices; i++) {
		p = &b->prices[i];
		if (!p->model)
			any = p;
		else if (strlen(p->model) == n && !memcmp(p->model, model, n))
			return p;
	}
	return any;
}

double
budget_cost(const struct budget_price *p, long long prompt, long long reply)
{
	if (!p)
		return 0;
	return ((double)prompt * p->prompt + (double)reply * p->reply) / 1e6;
}

/* --- limits --------------------------------------------------------------- */

static long long
budget_tokens_of(const struct budget_need *n)
{
	return n->prompt + n->reply;
}

static void
add_need(struct budget_need *to, const struct budget_need *n, int sign)
{
	to->prompt += sign * n->prompt;
	to->reply += sign * n->reply;
	to->cost += sign * n->cost;
}

/* The limit that a call would exceed on top of the use so far, or NULL. */
static const char *
limit_exceeded(const struct budget *b, const struct budget_need *used,
    const struct budget_need *need)
{
	if (b->max_tokens >= 0 &&
	    budget_tokens_of(used) + budget_tokens_of(need) > b->max_tokens)
		return "max-tokens";
	/* sums of fractions: a billionth more is not more */
	if (b->max_cost >= 0 &&
	    used->cost + need->cost > b->max_cost * (1 + 1e-9))
		return "max-cost";
	return NULL;
}

enum budget_answer
budget_take(struct budget *b, const struct budget_need *need)
{
	struct budget_need all = b->used;

	if (b->spent)
		return BUDGET_STOP;
	if (b->max_calls >= 0 && b->calls >= b->max_calls) {
		b->spent = "max-calls";
		return BUDGET_STOP;
	}
	b->spent = limit_exceeded(b, &b->used, need);
	if (b->spent)
		return BUDGET_STOP;
	add_need(&all, &b->taken, 1);
	if (limit_exceeded(b, &all, need))
		return BUDGET_WAIT;
	add_need(&b->taken, need, 1);
	b->calls++;
	b->open++;
	return BUDGET_GO;
}

void
budget_settle(struct budget *b, const struct budget_need *need,
    const struct budget_need *used)
{
	add_need(&b->taken, need, -1);
	add_need(&b->used, used, 1);
	b->open--;
	if (!b->open)
		memset(&b->taken, 0, sizeof(b->taken));
}
