/*
 * Tables of the rules of lib/llm for llm.bats: which failures are retried and
 * when, and which calls a budget lets start. Prints the rows that differ.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "llm/budget.h"
#include "llm/retry.h"

static int bad;

/* The wait after attempts 1 to 4 is between `least` and 1.5 times it. */
static const struct {
	const char *name;
	struct retry_case c;
	unsigned attempt;
	double least;		/* ms; -1: no retry */
} retries[] = {
	{ "first wait", { NET_OK, 503, 0, -1 }, 1, 100 },
	{ "doubled", { NET_OK, 503, 0, -1 }, 2, 200 },
	{ "doubled again", { NET_OK, 503, 0, -1 }, 3, 400 },
	{ "at most the longest", { NET_OK, 503, 0, -1 }, 4, 500 },
	{ "no attempt left", { NET_OK, 503, 0, -1 }, 5, -1 },
	{ "Retry-After", { NET_OK, 429, 0, 1234 }, 1, 1234 },
	{ "Retry-After is less", { NET_OK, 429, 0, 10 }, 1, 100 },
	{ "Retry-After, longest", { NET_OK, 429, 0, 2000 }, 1, 2000 },
	{ "Retry-After, too long", { NET_OK, 429, 0, 2001 }, 1, -1 },
	{ "too many requests", { NET_OK, 429, 0, -1 }, 1, 100 },
	{ "quota used up", { NET_OK, 429, 1, -1 }, 1, -1 },
	{ "request time-out", { NET_OK, 408, 0, -1 }, 1, 100 },
	{ "conflict", { NET_OK, 409, 0, -1 }, 1, 100 },
	{ "too early", { NET_OK, 425, 0, -1 }, 1, 100 },
	{ "server error", { NET_OK, 500, 0, -1 }, 1, 100 },
	{ "bad gateway", { NET_OK, 502, 0, -1 }, 1, 100 },
	{ "gateway time-out", { NET_OK, 504, 0, -1 }, 1, 100 },
	{ "overloaded", { NET_OK, 529, 0, -1 }, 1, 100 },
	{ "not implemented", { NET_OK, 501, 0, -1 }, 1, -1 },
	{ "HTTP version", { NET_OK, 505, 0, -1 }, 1, -1 },
	{ "bad request", { NET_OK, 400, 0, -1 }, 1, -1 },
	{ "no key", { NET_OK, 401, 0, -1 }, 1, -1 },
	{ "not found", { NET_OK, 404, 0, -1 }, 1, -1 },
	{ "redirect", { NET_OK, 301, 0, -1 }, 1, -1 },
	{ "odd status", { NET_OK, 999, 0, -1 }, 1, -1 },
	{ "unreadable", { NET_OK, 200, 0, -1 }, 1, -1 },
	{ "no connection", { NET_CONNECT, 0, 0, -1 }, 1, 100 },
	{ "no name", { NET_DNS, 0, 0, -1 }, 1, 100 },
	{ "time-out", { NET_TIMEOUT, 0, 0, -1 }, 1, 100 },
	{ "first byte", { NET_FIRST_BYTE, 0, 0, -1 }, 1, 100 },
	{ "closed", { NET_BROKEN, 200, 0, -1 }, 1, 100 },
	{ "closed after 404", { NET_BROKEN, 404, 0, -1 }, 1, 100 },
	{ "TLS", { NET_TLS, 0, 0, -1 }, 1, -1 },
	{ "URL", { NET_URL, 0, 0, -1 }, 1, -1 },
	{ "headers", { NET_HEADERS, 200, 0, -1 }, 1, -1 },
	{ "too large", { NET_SIZE, 200, 0, -1 }, 1, -1 },
	{ "encoding", { NET_ENCODING, 200, 0, -1 }, 1, -1 },
	{ "redirects", { NET_REDIRECT, 307, 0, -1 }, 1, -1 }
};

static void
check_retries(void)
{
	static const struct retry_rules rules = { 4, 0.1, 0.5, 2 };
	size_t i;
	uint64_t seed;
	double got, most;

	for (i = 0; i < LEN(retries); i++)
		for (seed = 0; seed < 50; seed++) {
			got = retry_wait(&rules, &retries[i].c,
			    retries[i].attempt, seed * 7919);
			most = retries[i].c.asked > 150 ? retries[i].least :
			    retries[i].least * 1.5;
			if (retries[i].least < 0 ? got >= 0 :
			    got < retries[i].least || got > most) {
				printf("retry: %s: %g\n", retries[i].name,
				    got);
				bad = 1;
				break;
			}
		}
}

/*
 * Steps: a call takes P + R tokens; '.' ends the oldest open call, which used
 * as much as it took; ',' ends it with nothing used. The result of a take is
 * 'g'o, 'w'ait or 's'top.
 */
static const struct {
	const char *name;
	long long max_calls, max_tokens;
	double max_cost;
	long long prompt, reply;
	const char *steps, *want;
	const char *spent;
} budgets[] = {
	{ "no limit", -1, -1, -1, 10, 10, "tttt", "gggg", NULL },
	{ "no call", 0, -1, -1, 10, 10, "tt", "ss", "max-calls" },
	{ "two calls", 2, -1, -1, 10, 10, "ttt", "ggs", "max-calls" },
	{ "a failed call counts", 1, -1, -1, 10, 10, "t,t", "gs",
	    "max-calls" },
	{ "no token", -1, 0, -1, 10, 10, "t", "s", "max-tokens" },
	{ "exactly one", -1, 20, -1, 10, 10, "t.t", "gs", "max-tokens" },
	{ "one token too few", -1, 19, -1, 10, 10, "t", "s", "max-tokens" },
	{ "waits for what runs", -1, 30, -1, 10, 10, "tt", "gw", NULL },
	{ "goes on if less was used", -1, 30, -1, 10, 10, "tt,t", "gwg",
	    NULL },
	{ "stops if it was used", -1, 30, -1, 10, 10, "tt.t", "gws",
	    "max-tokens" },
	{ "stays stopped", -1, 20, -1, 10, 10, "t.tt", "gss", "max-tokens" },
	{ "no money", -1, -1, 0, 10, 10, "t", "s", "max-cost" },
	{ "exactly the money", -1, -1, 60e-6, 10, 10, "t.t.t", "ggs",
	    "max-cost" },
	{ "money that is taken", -1, -1, 45e-6, 10, 10, "tt.t", "gws",
	    "max-cost" },
	{ "calls before tokens", 1, 20, -1, 10, 10, "t.t", "gs",
	    "max-calls" }
};

static void
check_budget(size_t i)
{
	struct budget b;
	struct budget_need need = { budgets[i].prompt, budgets[i].reply, 0 };
	struct budget_need none = { 0, 0, 0 };
	char got[16] = "";
	const char *p;
	size_t n = 0;

	budget_init(&b);
	b.max_calls = budgets[i].max_calls;
	b.max_tokens = budgets[i].max_tokens;
	b.max_cost = budgets[i].max_cost;
	budget_read_price(&b, "1,2");
	need.cost = budget_cost(budget_price(&b, "m", 1), need.prompt,
	    need.reply);
	for (p = budgets[i].steps; *p; p++)
		if (*p == 't')
			got[n++] = "gws"[budget_take(&b, &need)];
		else
			budget_settle(&b, &need, *p == '.' ? &need : &none);
	if (strcmp(got, budgets[i].want) != 0 || (b.spent != NULL) !=
	    (budgets[i].spent != NULL) || (b.spent &&
	    strcmp(b.spent, budgets[i].spent) != 0)) {
		printf("budget: %s: %s %s\n", budgets[i].name, got,
		    b.spent ? b.spent : "-");
		bad = 1;
	}
	budget_release(&b);
}

static const struct {
	const char *text;
	int ok;
} prices[] = {
	{ "1,2", 1 }, { "0.25,2.0", 1 }, { "0,0", 1 }, { "m=1,2", 1 },
	{ "a=b=1,2", 1 }, { "", 0 }, { "1", 0 }, { "1,", 0 }, { ",2", 0 },
	{ "1,2,3", 0 }, { "-1,2", 0 }, { "1,nan", 0 }, { "inf,1", 0 },
	{ "=1,2", 0 }, { "m=", 0 }, { "1;2", 0 }
};

static void
check_prices(void)
{
	struct budget b;
	size_t i;

	budget_init(&b);
	for (i = 0; i < LEN(prices); i++)
		if ((budget_read_price(&b, prices[i].text) == 0) !=
		    prices[i].ok) {
			printf("price: %s\n", prices[i].text);
			bad = 1;
		}
	budget_release(&b);
}

int
main(void)
{
	size_t i;

	check_retries();
	for (i = 0; i < LEN(budgets); i++)
		check_budget(i);
	check_prices();
	return bad;
}
