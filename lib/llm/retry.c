#include "base/rng.h"
#include "retry.h"

int
retry_may_help(const struct retry_case *c)
{
	switch (c->failure) {
	case NET_OK:
		break;
	case NET_DNS:
	case NET_CONNECT:
	case NET_TIMEOUT:
	case NET_FIRST_BYTE:
	case NET_BROKEN:
		return 1;
	default:
		return 0;
	}
	if (c->final)
		return 0;
	/* request time-out, conflict, too early, too many requests */
	return c->status == 408 || c->status == 409 || c->status == 425 ||
	    c->status == 429 || (c->status >= 500 && c->status <= 599 &&
	    c->status != 501 && c->status != 505);
}

double
retry_wait(const struct retry_rules *r, const struct retry_case *c,
    unsigned attempt, uint64_t seed)
{
	struct rng rng = { seed + attempt };
	double ms = r->first_wait * 1000, most = r->longest_wait * 1000;
	unsigned i;

	if (attempt > r->most || !retry_may_help(c) ||
	    c->asked > r->longest_asked * 1000)
		return -1;
	for (i = 1; i < attempt && ms < most; i++)
		ms *= 2;
	if (ms > most)
		ms = most;
	ms += ms / 2 * (double)rng_below(&rng, 1000) / 1000;
	return c->asked > ms ? c->asked : ms;
}

int
retry_is_common(const struct retry_case *c)
{
	switch (c->failure) {
	case NET_URL:
	case NET_DNS:
	case NET_CONNECT:
	case NET_TLS:
	case NET_REDIRECT:
		return 1;
	case NET_OK:
		return c->status == 401 || c->status == 402 ||
		    c->status == 403 || c->final;
	default:
		return 0;
	}
}
