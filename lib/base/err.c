#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util.h"
#include "err.h"

int
err_set(struct err *e, size_t line, size_t col, const char *fmt, ...)
{
	va_list ap;
	char *msg;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	msg = xmalloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(msg, (size_t)n + 1, fmt, ap);
	va_end(ap);
	free(e->msg);
	e->msg = msg;
	e->line = line;
	e->col = col;
	return -1;
}

void
err_release(struct err *e)
{
	free(e->msg);
	free(e->file);
	e->msg = e->file = NULL;
}

char *
err_text(const struct err *e, const char *file)
{
	const char *msg = e->msg ? e->msg : "no error", *sep;

	if (e->file)
		file = e->file;
	sep = file ? ":" : "";
	if (!file)
		file = "";
	if (e->line && e->col)
		return xasprintf("%s%s%zu:%zu: %s", file, sep, e->line,
		    e->col, msg);
	if (e->line)
		return xasprintf("%s%s%zu: %s", file, sep, e->line, msg);
	return xasprintf("%s%s%s", file, *file ? ": " : "", msg);
}
