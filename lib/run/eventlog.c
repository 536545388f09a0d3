#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/isotime.h"
#include "json/json.h"
#include "eventlog.h"

int
eventlog_open(struct eventlog *l, const char *file, struct err *e)
{
	struct buf *b;
	int fd;

	fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, 0, 0, "%s: %s", file, strerror(errno));
	out_init(&l->out, fd, 0);
	l->open = 1;
	l->start = isotime_monotonic();
	b = eventlog_begin(l, "opened");
	isotime_add(b, "time", isotime_now());
	eventlog_end(l);
	return 0;
}

struct buf *
eventlog_begin(struct eventlog *l, const char *event)
{
	struct buf *b;

	if (!l->open)
		return NULL;
	b = out_begin(&l->out);
	json_open(b, NULL, '{');
	json_add_int(b, "t", isotime_monotonic() - l->start);
	json_add_str(b, "event", event);
	return b;
}

void
eventlog_end(struct eventlog *l)
{
	json_close(out_begin(&l->out), '}');
	buf_byte(out_begin(&l->out), '\n');
}

void
eventlog_add(struct buf *b, const struct eventlog_field *fields)
{
	const struct eventlog_field *f;

	for (f = fields; f->type != EVENTLOG_END; f++) {
		if (f->type == EVENTLOG_INT)
			json_add_int(b, f->name, f->number);
		else if (f->type == EVENTLOG_BOOL)
			json_add_bool(b, f->name, (int)f->number);
		else if (f->text)
			json_add_str(b, f->name, f->text);
	}
}

int
eventlog_flush(struct eventlog *l)
{
	int error;

	if (!l->open || !out_flush(&l->out))
		return 0;
	error = l->out.error;
	eventlog_close(l);
	return error;
}

void
eventlog_close(struct eventlog *l)
{
	if (l->open)
		out_close(&l->out);
	l->open = 0;
}
