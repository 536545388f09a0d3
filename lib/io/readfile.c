#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "readfile.h"

#define READFILE_PIECE 65536

int
readfile_fd(int fd, struct buf *b)
{
	ssize_t n;

	do {
		n = read(fd, buf_room(b, READFILE_PIECE), READFILE_PIECE);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}

int
readfile_at(int dir, const char *name, struct buf *b)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), r, error;

	if (fd < 0)
		return -1;
	r = readfile_fd(fd, b);
	error = errno;
	close(fd);
	errno = error;
	return r;
}
