#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "util.h"
#include "err.h"

int
err_vset(struct err *e, size_t line, size_t col, const char *fmt, va_list ap)
{
	struct buf msg = { 0 };

	buf_vprintf(&msg, fmt, ap);
	free(e->msg);
	e->msg = buf_detach(&msg, NULL);
	e->line = line;
	e->col = col;
	return -1;
}

int
err_set(struct err *e, size_t line, size_t col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, line, col, fmt, ap);
	va_end(ap);
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
