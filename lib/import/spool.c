#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "base/buf.h"
#include "io/spill.h"
#include "spool.h"

/* The bytes that are kept in memory before they are written. */
#define TAIL (4 << 20)

/* The bytes that are read at once: pieces of a chain are often neighbours. */
#define WINDOW 65536

/* The header of a piece. */
struct head {
	uint64_t next;		/* place of the chain's next piece or 0 */
	uint64_t len;		/* bytes of the piece */
};

void
spool_release(struct spool *s)
{
	if (s->fd > 0)
		close(s->fd);
	if (s->tail)
		buf_release(s->tail);
	free(s->tail);
	free(s->window);
	memset(s, 0, sizeof(*s));
}

static int
spool_fail(struct spool *s, int error)
{
	if (!s->error)
		s->error = error;
	return -1;
}

static int
spool_flush(struct spool *s)
{
	if (s->fd <= 0 && (s->fd = spill_open()) < 0)
		return spool_fail(s, errno);
	if (spill_write(s->fd, s->tail->p, s->tail->len, s->flushed))
		return spool_fail(s, errno);
	s->flushed += s->tail->len;
	s->tail->len = 0;
	return 0;
}

/* Sets the next piece in the header of the piece at place. */
static int
set_next(struct spool *s, uint64_t place, uint64_t next)
{
	if (place >= s->flushed) {
		memcpy(s->tail->p + (place - s->flushed), &next,
		    sizeof(next));
		return 0;
	}
	s->window_len = 0;	/* it may have the old header */
	return spill_write(s->fd, &next, sizeof(next), place) ?
	    spool_fail(s, errno) : 0;
}

/* Adds the text of a piece, a long one without a copy of it in memory. */
static int
put_text(struct spool *s, const void *p, size_t n)
{
	if (n < TAIL) {
		buf_add(s->tail, p, n);
		return 0;
	}
	if (spool_flush(s))
		return -1;
	if (spill_write(s->fd, p, n, s->flushed))
		return spool_fail(s, errno);
	s->flushed += n;
	return 0;
}

uint64_t
spool_put(struct spool *s, struct chain *c, const void *p, size_t n)
{
	struct head h = { 0, n };
	uint64_t place;

	if (s->error)
		return 0;
	if (!s->tail) {
		s->tail = xcalloc(1, sizeof(*s->tail));
		buf_byte(s->tail, '\n');	/* so no piece is at 0 */
	}
	if (s->tail->len >= TAIL && spool_flush(s))
		return 0;
	place = s->flushed + s->tail->len;
	buf_add(s->tail, &h, sizeof(h));
	if (put_text(s, p, n))
		return 0;
	if (!c)
		return place;
	if (c->last && set_next(s, c->last, place))
		return 0;
	if (!c->first)
		c->first = place;
	c->last = place;
	return place;
}

/* Reads at least n bytes, and up to most if the file has them. */
static int
spool_read_file(struct spool *s, uint64_t at, size_t n, size_t most, char *to,
    size_t *got)
{
	ssize_t r;

	for (*got = 0; *got < n; *got += (size_t)r) {
		r = pread(s->fd, to + *got, most - *got, (off_t)(at + *got));
		if (r < 0 && errno == EINTR)
			r = 0;
		else if (r <= 0)
			return spool_fail(s, r ? errno : EIO);
	}
	return 0;
}

/* Copies n bytes at offset at, from memory or from the file. */
static int
fetch(struct spool *s, uint64_t at, size_t n, char *to)
{
	size_t got;

	if (at >= s->flushed) {
		memcpy(to, s->tail->p + (at - s->flushed), n);
		return 0;
	}
	if (n > WINDOW)
		return spool_read_file(s, at, n, n, to, &got);
	if (at < s->window_at || at + n > s->window_at + s->window_len) {
		if (!s->window)
			s->window = xmalloc(WINDOW);
		s->window_at = at;
		s->window_len = 0;
		if (spool_read_file(s, at, n, WINDOW, s->window, &got))
			return -1;
		s->window_len = got;
	}
	memcpy(to, s->window + (at - s->window_at), n);
	return 0;
}

int
spool_get(struct spool *s, uint64_t place, struct buf *b, uint64_t *next)
{
	struct head h;

	if (fetch(s, place, sizeof(h), (char *)&h))
		return -1;
	buf_room(b, (size_t)h.len);
	if (fetch(s, place + sizeof(h), (size_t)h.len, b->p + b->len))
		return -1;
	b->len += (size_t)h.len;
	*next = h.next;
	return 0;
}
