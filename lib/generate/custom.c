#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "span.h"
#include "strategy.h"
#include "analysis.h"

static void
put_template(struct work *w, const char *p)
{
	const char *name = w->v->persona ? w->v->persona->name : NULL;
	const char *whole = p;

	for (; *p; p++) {
		if (!strncmp(p, "{input}", 7)) {
			span_put(w->out, w->v->analysis->text);
			p += 6;
		} else if (!strncmp(p, "{persona}", 9)) {
			buf_puts(w->out, name ? name : "user");
			p += 8;
		} else
			buf_byte(w->out, *p);
	}
	if (!strstr(whole, "{input}")) {
		buf_puts(w->out, ": ");
		span_put(w->out, w->v->analysis->text);
	}
}

int
custom_make(struct work *w)
{
	if (w->k >= w->v->ntemplates)
		return 0;
	put_template(w, w->v->templates[w->k]);
	buf_printf(w->note, "template %zu", w->k + 1);
	return 1;
}
