#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "record/secret.h"
#include "config/env.h"
#include "mask.h"

#define SHORTEST 8		/* bytes of a value */

static int
compare_lengths(const void *a, const void *b)
{
	const struct json_span *x = a, *y = b;

	return (x->n < y->n) - (x->n > y->n);
}

void
mask_init(struct mask *m, const struct env *env)
{
	const char *eq;
	size_t i, n;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < env->n; i++) {
		eq = strchr(env->vars[i], '=');
		n = strlen(eq + 1);
		if (n < SHORTEST || !secret_name(env->vars[i],
		    (size_t)(eq - env->vars[i])))
			continue;
		ALLOC_GROW(m->values, m->n + 1, m->cap);
		m->values[m->n++] = (struct json_span){ eq + 1, n };
	}
	/* one that contains another is replaced as a whole */
	if (m->n)
		qsort(m->values, m->n, sizeof(*m->values), compare_lengths);
}

void
mask_release(struct mask *m)
{
	free(m->values);
	memset(m, 0, sizeof(*m));
}

static void
mask_value(struct buf *b, struct json_span value)
{
	const char *at = b->p, *end = b->p + b->len;
	size_t i, n = value.n;

	while ((size_t)(end - at) >= n && (at = memchr(at, *value.p,
	    (size_t)(end - at) - n + 1))) {
		i = (size_t)(at - b->p);
		if (memcmp(at, value.p, n) != 0) {
			at++;
			continue;
		}
		buf_splice(b, i, n, "***", 3);
		at = b->p + i + 3;
		end = b->p + b->len;
	}
}

void
mask_apply(const struct mask *m, struct buf *b)
{
	size_t i;

	for (i = 0; i < m->n && b->len; i++)
		mask_value(b, m->values[i]);
}

/* Where the first value that crosses cut begins, or cut. */
static size_t
crossing(struct json_span value, const char *p, size_t n, size_t cut)
{
	size_t i = cut >= value.n ? cut - value.n + 1 : 0, most;

	for (; i < cut; i++) {
		most = n - i < value.n ? n - i : value.n;
		if (p[i] == *value.p && !memcmp(p + i, value.p, most))
			return i;
	}
	return cut;
}

size_t
mask_cut(const struct mask *m, const char *p, size_t n, size_t cut)
{
	size_t longest = m->n ? m->values[0].n : 0, first = cut, at, i = 0;
	size_t least = cut > 2 * longest ? cut - 2 * longest : 0;

	while (i < m->n) {
		at = crossing(m->values[i], p, n, cut);
		/* an earlier cut may cross values that the other did not */
		i = at < cut ? 0 : i + 1;
		if (first == cut)
			first = at;
		/* a value that overlaps itself could be found without end */
		if (at < least)
			return first;
		cut = at;
	}
	return cut;
}
