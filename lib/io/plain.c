#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "plain.h"

int
plain_open(int dir, const char *name, int flags)
{
	struct stat st;
	int fd, error = PLAIN_NOT;

	/* O_TRUNC must not empty another kind of file */
	fd = openat(dir, name, (flags & ~O_TRUNC) | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC, 0600);
	/* a pipe without a reader, a socket, a folder */
	if (fd < 0 && (errno == ENXIO || errno == EISDIR))
		errno = PLAIN_NOT;
	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		error = errno;
	else if (S_ISREG(st.st_mode) && (flags & O_ACCMODE) != O_RDONLY &&
	    st.st_nlink > 1)
		error = PLAIN_LINKED;
	else if (S_ISREG(st.st_mode) && flags & O_TRUNC && ftruncate(fd, 0))
		error = errno;
	else if (S_ISREG(st.st_mode))
		return fd;
	close(fd);
	errno = error;
	return -1;
}

const char *
plain_error(int error)
{
	return error == PLAIN_NOT ? "not a regular file" :
	    error == PLAIN_LINKED ? "a hard link: its other name would change, "
	    "too; put a copy in its place" : strerror(error);
}

int
plain_open_folder(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
}

int
plain_open_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = !slash ? xstrdup(".") : slash == path ? xstrdup("/") :
	    xmemdup(path, (size_t)(slash - path));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(folder);
	return fd;
}

int
plain_lock_parent(const char *path)
{
	int fd = plain_open_parent(path);

	while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
		;
	return fd;
}

int
plain_sync(int fd)
{
	if (!fsync(fd) || errno == EINVAL || errno == ENOTSUP ||
	    errno == EROFS)
		return 0;
	return -1;
}
