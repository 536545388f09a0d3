#include <limits.h>
#include <math.h>
#include <string.h>

#include "window.h"

void
window_init(struct window *w)
{
	memset(w, 0, sizeof(*w));
	w->recent = WINDOW_TIME;
}

void
window_add(struct window *w, int64_t took)
{
	w->recent += ((double)took - w->recent) / WINDOW_CALLS;
	w->all += (double)took;
	w->calls++;
}

unsigned
window_size(const struct window *w, int64_t running)
{
	double call = w->recent + (double)running / WINDOW_CALLS;

	if (w->calls > 0)
		call = fmax(call, w->all / w->calls);
	if (call > WINDOW_TIME / 2.0)
		return 1;
	return call * UINT_MAX <= WINDOW_TIME ? UINT_MAX :
	    (unsigned)(WINDOW_TIME / call);
}
