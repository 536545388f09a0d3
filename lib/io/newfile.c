#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "newfile.h"

int
newfile_begin(struct newfile *f, int dir, const char *name)
{
	int fd;

	memset(f, 0, sizeof(*f));
	f->dir = dir;
	f->name = name;
	f->temp = xasprintf("%s.new", name);
	fd = openat(dir, f->temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd < 0) {
		free(f->temp);
		f->temp = NULL;
		return -1;
	}
	out_init(&f->out, fd, 0);
	return 0;
}

int
newfile_commit(struct newfile *f)
{
	int error = 0;

	if (out_flush(&f->out) == 0 && fsync(f->out.fd))
		error = errno;
	if (out_close(&f->out) && !error)
		error = f->out.error;
	if (!error && renameat(f->dir, f->temp, f->dir, f->name))
		error = errno;
	if (error) {
		newfile_release(f);
		errno = error;
		return -1;
	}
	free(f->temp);
	f->temp = NULL;
	/* the rename has to reach the disk, too */
	return fsync(f->dir);
}

void
newfile_release(struct newfile *f)
{
	if (!f->temp)
		return;
	if (f->out.b)
		out_close(&f->out);
	unlinkat(f->dir, f->temp, 0);
	free(f->temp);
	f->temp = NULL;
}
