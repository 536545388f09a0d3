#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/large.h"
#include "base/util.h"
#include "base/visible.h"
#include "out.h"

#define OUT_FULL 65536		/* bytes that are written out */
#define OUT_KEPT ((size_t)1 << 20)	/* largest buffer kept when empty */

void
out_init(struct out *o, int fd, int each)
{
	o->fd = fd;
	o->plain = isatty(fd);
	o->each = each || o->plain;
	o->error = 0;
	o->written = 0;
	o->done = 0;
	o->free = 0;
	o->shown = 0;
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
	char block[LARGE_BLOCK];
	const char *s = p;
	const void *from;
	size_t part;
	ssize_t w;

	while (n) {
		part = n;
		from = large_window(s, &part, block);
		w = write(fd, from, part);
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

/* Escapes control characters for a terminal in the added records. */
static void
escape_records(struct out *o)
{
	if (o->plain && o->shown < o->b->len)
		visible_replace(o->b, o->shown, VISIBLE_LINES);
	o->shown = o->b->len;
}

int
out_flush(struct out *o)
{
	escape_records(o);
	if (!o->error && o->b->len) {
		if (out_write_all(o->fd, o->b->p + o->done,
		    o->b->len - o->done))
			o->error = errno;
		else
			o->written += o->b->len - o->done;
	}
	out_discard(o);
	return o->error ? -1 : 0;
}

size_t
out_pending(const struct out *o)
{
	return o->b->len - o->done;
}

void
out_unblock(struct out *o)
{
	int terminal = isatty(o->fd), how = fcntl(o->fd, F_GETFL), fd;
	struct stat st;
	char *name;

	if (how < 0 || fstat(o->fd, &st) || S_ISSOCK(st.st_mode))
		return;
	o->free = !S_ISFIFO(st.st_mode) && !terminal;
	/* reopening a pseudo-terminal's master would open a new terminal */
	if (o->free || (terminal && ptsname(o->fd)))
		return;
	name = xasprintf("/proc/self/fd/%d", o->fd);
	fd = open(name, (how & O_ACCMODE) | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	free(name);
	o->free = fd >= 0 && dup2(fd, o->fd) >= 0;
	if (fd >= 0)
		close(fd);
}

/*
 * Returns the bytes that can be written without blocking: PIPE_BUF if a pipe is
 * ready.
 */
static size_t
writable_size(const struct out *o)
{
	struct pollfd p = { o->fd, POLLOUT, 0 };

	if (o->free)
		return SIZE_MAX;
	return poll(&p, 1, 0) > 0 ? PIPE_BUF : 0;
}

int
out_try(struct out *o)
{
	size_t n, left;
	ssize_t w;

	escape_records(o);
	while (!o->error && (left = out_pending(o)) > 0) {
		n = writable_size(o);
		w = n ? write(o->fd, o->b->p + o->done, n < left ? n : left) :
		    0;
		if (w < 0 && errno != EINTR && errno != EAGAIN)
			o->error = errno;
		if (w > 0) {
			o->done += (size_t)w;
			o->written += (size_t)w;
		}
		if (!n || (w < 0 && errno == EAGAIN))
			break;
	}
	/* remove the written bytes once they are half of the buffer */
	if (o->done == o->b->len && o->b->cap > OUT_KEPT) {
		buf_release(o->b);
		o->done = o->shown = 0;
	} else if (o->done > o->b->len / 2) {
		buf_splice(o->b, 0, o->done, NULL, 0);
		o->shown -= o->done;
		o->done = 0;
	}
	return o->error ? -1 : 0;
}

void
out_discard(struct out *o)
{
	buf_reset(o->b);
	o->done = o->shown = 0;
}

int
out_end(struct out *o)
{
	if (o->each || o->b->len >= OUT_FULL)
		return out_flush(o);
	return o->error ? -1 : 0;
}

int
out_put(struct out *o, const void *p, size_t n)
{
	if (n < OUT_FULL || o->done || o->plain) {
		buf_add(o->b, p, n);
		return out_end(o);
	}
	/* a large record is not copied */
	if (out_flush(o))
		return -1;
	if (out_write_all(o->fd, p, n))
		o->error = errno;
	else
		o->written += n;
	return o->error ? -1 : 0;
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

int
out_print(const struct buf *text)
{
	struct out o;

	out_init(&o, dup(STDOUT_FILENO), 0);
	out_put(&o, text->p, text->len);
	if (!out_close(&o))
		return 0;
	errno = o.error;
	return -1;
}
