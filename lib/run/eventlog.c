#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/isotime.h"
#include "json/json.h"
#include "eventlog.h"

int
eventlog_open(struct eventlog *j, const char *file, struct err *e)
{
	struct buf *b;
	int fd;

	fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, 0, 0, "%s: %s", file, strerror(errno));
	out_init(&j->out, fd, 0);
	j->open = 1;
	j->began = isotime_monotonic();
	b = eventlog_begin(j, "opened");
	isotime_add(b, "time", isotime_now());
	eventlog_end(j);
	return 0;
}

struct buf *
eventlog_begin(struct eventlog *j, const char *event)
{
	struct buf *b;

	if (!j->open)
		return NULL;
	b = out_begin(&j->out);
	json_open(b, NULL, '{');
	json_add_int(b, "t", isotime_monotonic() - j->began);
	json_add_str(b, "event", event);
	return b;
}

void
eventlog_end(struct eventlog *j)
{
	json_close(out_begin(&j->out), '}');
	buf_byte(out_begin(&j->out), '\n');
}

int
eventlog_flush(struct eventlog *j)
{
	int error;

	if (!j->open || !out_flush(&j->out))
		return 0;
	error = j->out.error;
	eventlog_close(j);
	return error;
}

void
eventlog_close(struct eventlog *j)
{
	if (j->open)
		out_close(&j->out);
	j->open = 0;
}
