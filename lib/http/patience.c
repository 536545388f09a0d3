#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "service.h"
#include "patience.h"

double
patience_backoff(const struct service *s, unsigned attempt,
    const char *run_id, size_t n)
{
	double jitter = (double)(hash_bytes(attempt, 0, run_id, n) >> 11) /
	    9007199254740992.0;

	return s->backoff * 1000 * (1 + jitter / 2) *
	    pow(2, attempt && attempt < 30 ? attempt - 1.0 : 0);
}
