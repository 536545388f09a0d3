#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "leftover.h"

/* Kinds that are counted separately, and the bytes of the name of one. */
#define LEFTOVER_KINDS 40
#define LEFTOVER_NAME 60

void
leftover_release(struct leftover *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->items[i].what);
	free(l->items);
	memset(l, 0, sizeof(*l));
}

void
leftover_add(struct leftover *l, const char *what, size_t n)
{
	size_t i;

	if (!n)
		return;
	for (i = 0; i < l->n; i++)
		if (!strcmp(l->items[i].what, what))
			break;
	/* a file can have any number of names */
	if (i == LEFTOVER_KINDS) {
		what = "others";
		i--;
		free(l->items[i].what);
		l->items[i].what = xstrdup(what);
	}
	if (i == l->n) {
		ALLOC_GROW(l->items, l->n + 1, l->cap);
		l->items[l->n].what = xstrdup(what);
		l->items[l->n++].n = 0;
	}
	l->items[i].n += n;
}

void
leftover_add_named(struct leftover *l, const char *before,
    struct json_span name)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s '", before);
	if (json_is(name, JSON_STRING))
		json_text(&b, name);
	if (b.len > LEFTOVER_NAME)
		b.len = LEFTOVER_NAME;
	buf_byte(&b, '\'');
	leftover_add(l, buf_str(&b), 1);
	buf_release(&b);
}

char *
leftover_text(const struct leftover *l)
{
	struct buf b = { 0 };
	size_t i;

	if (!l->n)
		return NULL;
	buf_puts(&b, "not imported: ");
	for (i = 0; i < l->n; i++)
		buf_printf(&b, "%s%s (%zu)", i ? ", " : "",
		    l->items[i].what, l->items[i].n);
	buf_str(&b);
	return buf_detach(&b, NULL);
}
