#include <string.h>
#include <unistd.h>

#include "spill.h"
#include "linestore.h"

/* Bytes that are kept in memory before they are written. */
#define LINESTORE_TAIL ((size_t)256 * 1024)

void
linestore_init(struct linestore *s, int dir)
{
	memset(s, 0, sizeof(*s));
	s->dir = dir;
	s->fd = -1;
}

void
linestore_release(struct linestore *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buf_release(&s->tail);
	line_release(&s->in);
	linestore_init(s, -1);
}

static int
linestore_flush(struct linestore *s)
{
	if (s->fd < 0 && (s->fd = spill_open_in(s->dir)) < 0)
		return -1;
	if (spill_write(s->fd, s->tail.p, s->tail.len, s->written))
		return -1;
	s->written += s->tail.len;
	s->tail.len = 0;
	return 0;
}

int
linestore_add(struct linestore *s, const void *line, size_t n)
{
	buf_add(&s->tail, line, n);
	buf_byte(&s->tail, '\n');
	return s->tail.len >= LINESTORE_TAIL ? linestore_flush(s) : 0;
}

/* Lets the reader read what is in memory alone. */
static void
read_tail(struct linestore *s)
{
	line_init(&s->in, -1);
	s->in.cap = s->tail.cap;
	s->in.buf = buf_detach(&s->tail, &s->in.end);
	s->in.eof = 1;
}

int
linestore_end(struct linestore *s)
{
	if (s->fd < 0) {
		read_tail(s);
		return 0;
	}
	if (linestore_flush(s) || lseek(s->fd, 0, SEEK_SET) < 0)
		return -1;
	buf_release(&s->tail);
	line_init(&s->in, s->fd);
	return 0;
}

int
linestore_next(struct linestore *s, struct line *l)
{
	return line_next(&s->in, l);
}
