#include <string.h>

#include "base/buf.h"
#include "record/secretname.h"
#include "config/config.h"
#include "config/env.h"
#include "mask.h"

/* Adds the value of a variable, or the secrets in it. */
static void
add_variable(struct mask *m, const char *var)
{
	const char *eq = strchr(var, '=');
	struct json_span value = { eq + 1, strlen(eq + 1) }, part;
	size_t at = 0;

	if (secret_name(var, (size_t)(eq - var)))
		secret_values_add(&m->known, value);
	else
		while (secret_next(value.p, value.n, &at, &part))
			secret_values_add(&m->known, part);
}

void
mask_init(struct mask *m, const struct config *c)
{
	size_t i;

	memset(m, 0, sizeof(*m));
	m->off = !config_true(c, "mask_secrets");
	for (i = 0; i < c->env.n && !m->off; i++)
		add_variable(m, c->env.vars[i]);
	secret_values_complete(&m->known);
}

void
mask_release(struct mask *m)
{
	secret_values_release(&m->known);
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
