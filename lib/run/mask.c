#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "record/secretname.h"
#include "config/config.h"
#include "config/env.h"
#include "mask.h"

#define SHORTEST 8		/* bytes of a value */

static int
compare_lengths(const void *a, const void *b)
{
	const struct json_span *x = a, *y = b;

	return (x->n < y->n) - (x->n > y->n);
}

static void
add_value(struct mask *m, struct json_span value)
{
	if (value.n < SHORTEST)
		return;
	ALLOC_GROW(m->known.v, m->known.n + 1, m->cap);
	m->known.v[m->known.n++] = value;
}

/* Adds the value of a variable, or the secrets in it. */
static void
add_variable(struct mask *m, const char *var)
{
	const char *eq = strchr(var, '=');
	struct json_span value = { eq + 1, strlen(eq + 1) }, part;
	size_t at = 0;

	if (secret_name(var, (size_t)(eq - var)))
		add_value(m, value);
	else
		while (secret_next(value.p, value.n, &at, &part))
			add_value(m, part);
}

/* A copy of a value as it stands in a JSON string, without the quotes. */
static struct json_span
json_form(struct json_span value)
{
	struct buf b = { 0 };
	struct json_span form;

	json_put_text(&b, value.p, value.n);
	form.n = b.len - 2;
	form.p = xmemdup(b.p + 1, form.n);
	buf_release(&b);
	return form;
}

void
mask_init(struct mask *m, const struct config *c)
{
	size_t i;

	memset(m, 0, sizeof(*m));
	m->off = !config_true(c, "mask_secrets");
	for (i = 0; i < c->env.n && !m->off; i++)
		add_variable(m, c->env.vars[i]);
	if (!m->known.n)
		return;
	/* one that contains another is replaced as a whole */
	qsort(m->known.v, m->known.n, sizeof(*m->known.v), compare_lengths);
	m->known.json = xcalloc(m->known.n, sizeof(*m->known.json));
	for (i = 0; i < m->known.n; i++)
		m->known.json[i] = json_form(m->known.v[i]);
}

void
mask_release(struct mask *m)
{
	size_t i;

	for (i = 0; m->known.json && i < m->known.n; i++)
		free((void *)(uintptr_t)m->known.json[i].p);
	free(m->known.json);
	free(m->known.v);
	memset(m, 0, sizeof(*m));
}

void
mask_apply(const struct mask *m, struct buf *b)
{
	if (!m->off)
		secret_mask_text(b, 0, &m->known);
}

int
mask_suspects(const struct mask *m, const char *p, size_t n)
{
	return !m->off && n && secret_suspected(p, n, &m->known);
}

void
mask_record(const struct mask *m, struct buf *b, size_t from)
{
	struct json_span line = { b->p + from, b->len - from - 1 };
	struct buf masked = { 0 };

	if (m->off)
		return;
	secret_mask(&masked, line, &m->known);
	buf_splice(b, from, line.n, masked.p, masked.len);
	buf_release(&masked);
}

size_t
mask_cut(const struct mask *m, const char *p, size_t n, size_t cut)
{
	return m->off ? cut : secret_cut(p, n, cut, &m->known);
}
