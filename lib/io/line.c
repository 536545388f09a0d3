#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "line.h"

/* Size of a read in bytes; larger ones are not faster. */
#define LINE_READ 65536

void
line_init(struct line_reader *r, int fd)
{
	memset(r, 0, sizeof(*r));
	r->fd = fd;
}

void
line_release(struct line_reader *r)
{
	free(r->buf);
	memset(r, 0, sizeof(*r));
	r->fd = -1;
}

/* Reads more bytes into the buffer. Returns as read(2) does. */
static ssize_t
fill_line(struct line_reader *r)
{
	ssize_t n;

	if (r->start) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	if (r->cap - r->end <= LINE_READ) {
		r->cap = grow(r->cap, r->end + LINE_READ + 1);
		r->buf = xrealloc(r->buf, r->cap);
	}
	do
		n = read(r->fd, r->buf + r->end, r->cap - r->end - 1);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		r->end += (size_t)n;
	return n;
}

/* Whether a read does not block. 0 if a signal interrupts poll. */
static int
line_is_readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) > 0;
}

/* Takes the next n bytes, and a newline if whole is 1, as a line. */
static void
cut_line(struct line_reader *r, struct line *l, size_t n, int whole)
{
	l->p = r->buf + r->start;
	l->n = n;
	l->offset = r->offset;
	l->whole = whole;
	r->buf[r->start + n] = '\0';
	r->start += n + (size_t)whole;
	r->offset += n + (size_t)whole;
	r->seen = 0;
	if (!r->number++ && n >= 3 && !memcmp(l->p, "\xef\xbb\xbf", 3)) {
		l->p += 3;
		l->n -= 3;
		l->offset += 3;
	}
}

int
line_next(struct line_reader *r, struct line *l)
{
	ssize_t n;
	char *nl;

	for (;;) {
		nl = r->end - r->start > r->seen ? memchr(r->buf + r->start +
		    r->seen, '\n', r->end - r->start - r->seen) : NULL;
		if (nl) {
			cut_line(r, l, (size_t)(nl - r->buf) - r->start, 1);
			return 1;
		}
		r->seen = r->end - r->start;
		if (r->eof)
			break;
		if (r->eager && !line_is_readable(r->fd))
			return LINE_LATER;
		n = fill_line(r);
		if (n < 0)
			return -1;
		r->eof = n == 0;
	}
	if (!r->seen)
		return 0;
	cut_line(r, l, r->seen, 0);
	return 1;
}

int
line_is_here(const struct line_reader *r)
{
	return r->end > r->start && memchr(r->buf + r->start, '\n',
	    r->end - r->start);
}
