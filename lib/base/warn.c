#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "util.h"
#include "visible.h"
#include "warn.h"

void
warn_list(const char *fmt, va_list ap)
{
	struct buf msg = { 0 }, line = { 0 };

	buf_vprintf(&msg, fmt, ap);
	visible_put(&line, prog, strlen(prog));
	buf_puts(&line, ": ");
	visible_put(&line, msg.p, msg.len);
	buf_byte(&line, '\n');
	fwrite(line.p, 1, line.len, stderr);
	buf_release(&msg);
	buf_release(&line);
}

void
warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	warn_list(fmt, ap);
	va_end(ap);
}

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	warn_list(fmt, ap);
	va_end(ap);
	exit(2);
}
