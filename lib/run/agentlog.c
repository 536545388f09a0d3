#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/out.h"
#include "agentlog.h"

#define PIECE 65536

/* The line about what was left out, which has the same length each time. */
#define NOTE "\n--- %19lld bytes left out ---\n"
#define NOTE_LEN ((int64_t)(sizeof("\n---  bytes left out ---\n") - 1 + 19))

int
agentlog_init(struct agentlog *l, int fd, int64_t limit)
{
	off_t end = lseek(fd, 0, SEEK_END);

	*l = (struct agentlog){ fd, limit, (int64_t)end, 0 };
	return end < 0 ? -1 : 0;
}

void
agentlog_close(struct agentlog *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Reads n bytes at a place. Returns 0, or -1 with errno set. */
static int
read_at(int fd, char *p, size_t n, int64_t at)
{
	ssize_t got;

	for (; n; p += got, n -= (size_t)got, at += got) {
		got = pread(fd, p, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return -1;
		else if (!got) {	/* another program has cut it */
			errno = EIO;
			return -1;
		}
	}
	return 0;
}

/* Writes at an offset, and leaves the descriptor after what it wrote. */
static int
write_at(int fd, const char *p, size_t n, int64_t at)
{
	return lseek(fd, (off_t)at, SEEK_SET) < 0 ? -1 :
	    out_write_all(fd, p, n);
}

/* Moves the rest of the file from one place to an earlier one. */
static int
move_down(struct agentlog *l, int64_t from, int64_t to)
{
	char piece[PIECE];
	size_t n;

	for (; from < l->size; from += (int64_t)n, to += (int64_t)n) {
		n = l->size - from < PIECE ? (size_t)(l->size - from) : PIECE;
		if (read_at(l->fd, piece, n, from) ||
		    write_at(l->fd, piece, n, to))
			return -1;
	}
	return ftruncate(l->fd, (off_t)to);
}

/* The start of the first line at a place or soon after it. */
static int64_t
line_at(const struct agentlog *l, int64_t at)
{
	char piece[4096];
	const char *nl;
	size_t n = l->size - at < (int64_t)sizeof(piece) ?
	    (size_t)(l->size - at) : sizeof(piece);

	if (read_at(l->fd, piece, n, at))
		return at;
	nl = memchr(piece, '\n', n);
	return nl ? at + (nl - piece) + 1 : at;
}

/*
 * Drops the older part of what follows the first half, so that a quarter of the
 * limit is kept: each byte is moved once on the average.
 */
static int
drop_middle(struct agentlog *l)
{
	int64_t head = l->limit / 2, tail = l->left_out ? head + NOTE_LEN :
	    head, from = line_at(l, l->size - l->limit / 4);
	char note[NOTE_LEN + 1];

	l->left_out += from - tail;
	snprintf(note, sizeof(note), NOTE, (long long)l->left_out);
	if (move_down(l, from, head + NOTE_LEN) ||
	    write_at(l->fd, note, (size_t)NOTE_LEN, head))
		return -1;
	l->size += head + NOTE_LEN - from;
	return lseek(l->fd, (off_t)l->size, SEEK_SET) < 0 ? -1 : 0;
}

int
agentlog_add(struct agentlog *l, const char *p, size_t n)
{
	size_t now;

	while (n) {
		if (l->limit && l->size >= l->limit && drop_middle(l))
			return -1;
		now = l->limit && l->limit - l->size < (int64_t)n ?
		    (size_t)(l->limit - l->size) : n;
		if (out_write_all(l->fd, p, now))
			return -1;
		l->size += (int64_t)now;
		p += now;
		n -= now;
	}
	return 0;
}
