#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "util.h"
#include "buf.h"
#include "out.h"

#define ENOUGH 65536

void
out_init(struct out *o, int fd, int each)
{
	o->fd = fd;
	o->each = each || isatty(fd);
	o->error = 0;
	o->written = 0;
	o->b = xcalloc(1, sizeof(*o->b));
}

struct buf *
out_begin(struct out *o)
{
	return o->b;
}

int
out_write_all(int fd, const void *p, size_t n)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };
	const char *s = p;
	ssize_t w;

	while (n) {
		w = write(fd, s, n);
		if (w < 0 && errno == EAGAIN) {
			poll(&pfd, 1, -1);
			continue;
		}
		if (w < 0 && errno != EINTR)
			return -1;
		if (w > 0) {
			s += w;
			n -= (size_t)w;
		}
	}
	return 0;
}

int
out_flush(struct out *o)
{
	if (!o->error && o->b->len) {
		if (out_write_all(o->fd, o->b->p, o->b->len))
			o->error = errno;
		else
			o->written += o->b->len;
	}
	o->b->len = 0;
	return o->error ? -1 : 0;
}

int
out_end(struct out *o)
{
	if (o->each || o->b->len >= ENOUGH)
		return out_flush(o);
	return o->error ? -1 : 0;
}

int
out_put(struct out *o, const void *p, size_t n)
{
	buf_add(o->b, p, n);
	return out_end(o);
}

int
out_close(struct out *o)
{
	out_flush(o);
	if (o->fd >= 0 && close(o->fd) && !o->error)
		o->error = errno;
	buf_release(o->b);
	free(o->b);
	o->b = NULL;
	o->fd = -1;
	return o->error ? -1 : 0;
}
