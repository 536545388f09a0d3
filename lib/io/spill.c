#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/large.h"
#include "base/util.h"
#include "spill.h"

const char *
spill_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

int
spill_open(void)
{
	char *name;
	int fd;

	name = xasprintf("%s/%s.XXXXXX", spill_dir(), prog);
	fd = mkstemp(name);
	if (fd >= 0)
		unlink(name);
	free(name);
	return fd;
}

int
spill_open_in(int dir)
{
	int fd;

	if (dir < 0)
		return spill_open();
	/* a file left by a process that was killed between the two calls */
	unlinkat(dir, SPILL_NAME, 0);
	fd = openat(dir, SPILL_NAME, O_RDWR | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		unlinkat(dir, SPILL_NAME, 0);
	return fd;
}

int
spill_write(int fd, const void *p, size_t n, uint64_t at)
{
	char block[LARGE_BLOCK];
	const char *s = p;
	const void *from;
	size_t part;
	ssize_t w;

	while (n) {
		part = n;
		from = large_window(s, &part, block);
		w = pwrite(fd, from, part, (off_t)at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		s += w;
		n -= (size_t)w;
		at += (uint64_t)w;
	}
	return 0;
}

int
spill_read(int fd, void *p, size_t n, uint64_t at)
{
	int mapped = large_is_mapped(p);
	char block[LARGE_BLOCK], *s = p;
	ssize_t r;

	while (n) {
		r = mapped ? pread(fd, block, n < sizeof(block) ? n :
		    sizeof(block), (off_t)at) : pread(fd, s, n, (off_t)at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r == 0) {
			memset(s, 0, n);
			errno = 0;
		}
		if (r <= 0)
			return -1;
		if (mapped)
			memcpy(s, block, (size_t)r);
		s += r;
		n -= (size_t)r;
		at += (uint64_t)r;
	}
	return 0;
}
