#define _GNU_SOURCE		/* memrchr, F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "base/buf.h"
#include "base/large.h"
#include "io/store.h"
#include "chunks.h"

void
chunks_init(struct chunks *bs, char *const *files, size_t nfiles, size_t size)
{
	static char stdin_name[] = "-";
	static char *const only_stdin[] = { stdin_name };

	memset(bs, 0, sizeof(*bs));
	bs->files = nfiles ? files : only_stdin;
	bs->nfiles = nfiles ? nfiles : 1;
	bs->size = size;
	bs->fd = -1;
	bs->carry = xcalloc(1, sizeof(*bs->carry));
}

void
chunks_release(struct chunks *bs)
{
	if (bs->fd > STDIN_FILENO)
		close(bs->fd);
	buf_release(bs->carry);
	free(bs->carry);
}

void
chunks_read_kept(struct chunks *bs, const struct store *kept, uint64_t end,
    int error)
{
	bs->kept = kept;
	bs->end = end;
	bs->error = error;
}

/* Opens the next file. Returns 0, or -1 with errno set. */
static int
chunks_open_next(struct chunks *bs)
{
	struct stat st;
	off_t at;

	bs->file = bs->files[bs->next++];
	bs->offset = 0;
	bs->carry->len = 0;
	if (!strcmp(bs->file, "-")) {
		bs->file = "<stdin>";
		bs->fd = STDIN_FILENO;
	} else {
		bs->fd = open(bs->file, O_RDONLY | O_CLOEXEC);
	}
	if (bs->fd < 0 || fstat(bs->fd, &st))
		return -1;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	at = S_ISREG(st.st_mode) ? lseek(bs->fd, 0, SEEK_CUR) : -1;
	bs->again = at >= 0;
	bs->offset = bs->again ? (uint64_t)at : 0;
#ifdef F_SETPIPE_SZ
	/* for fewer and larger reads; a failure does not matter */
	if (S_ISFIFO(st.st_mode))
		fcntl(bs->fd, F_SETPIPE_SZ, 1 << 20);
#endif
	return 0;
}

static void
chunks_finish(struct chunks *bs, struct chunk *b, int error)
{
	b->last = 1;
	b->error = error;
	if (!bs->again && bs->fd > STDIN_FILENO)
		close(bs->fd);
	bs->fd = -1;
}

/* Reads the kept text, as read(2) does. */
static ssize_t
chunks_read_store(const struct chunks *bs, char *p)
{
	uint64_t rest = bs->end - bs->offset;
	size_t n = rest < bs->size ? (size_t)rest : bs->size;

	errno = bs->error;
	if (!n)
		return errno ? -1 : 0;
	return store_read(bs->kept, p, n, bs->offset) ? -1 : (ssize_t)n;
}

/* Reads at most size bytes, as read does. */
static ssize_t
chunks_read(const struct chunks *bs, char *p)
{
	char block[LARGE_BLOCK];
	int mapped = large_is_mapped(p);
	ssize_t n;

	do
		n = mapped ? read(bs->fd, block, sizeof(block)) :
		    read(bs->fd, p, bs->size);
	while (n < 0 && errno == EINTR);
	if (mapped && n > 0)
		memcpy(p, block, (size_t)n);
	return n;
}

/* Reads until there is a whole line or the end, and moves it all to b. */
static void
chunks_fill(struct chunks *bs, struct chunk *b)
{
	struct buf *t = b->text;
	size_t seen, rest;
	const char *nl = NULL;
	ssize_t n;

	buf_add(t, bs->carry->p, bs->carry->len);
	b->offset = bs->offset - t->len;
	bs->carry->len = 0;
	while (!nl) {
		seen = t->len;
		buf_room(t, bs->size);
		n = bs->kept ? chunks_read_store(bs, t->p + seen) :
		    chunks_read(bs, t->p + seen);
		if (n <= 0) {
			chunks_finish(bs, b, n ? errno : 0);
			return;
		}
		bs->offset += (uint64_t)n;
		t->len += (size_t)n;
		nl = memrchr(t->p + seen, '\n', (size_t)n);
	}
	rest = t->len - (size_t)(nl + 1 - t->p);
	buf_add(bs->carry, nl + 1, rest);
	t->len -= rest;
}

int
chunks_next(struct chunks *bs, struct chunk *b)
{
	b->first = b->last = b->error = 0;
	buf_reset(b->text);
	if (bs->fd < 0) {
		if (bs->next == bs->nfiles)
			return 0;
		b->first = 1;
		bs->again = 0;
		if (chunks_open_next(bs))
			chunks_finish(bs, b, errno);
	}
	b->file = bs->file;
	b->number = bs->next - 1;
	b->fd = bs->again ? bs->fd : -1;
	b->offset = 0;
	if (!b->last)
		chunks_fill(bs, b);
	return 1;
}
