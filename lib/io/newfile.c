#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "plain.h"
#include "newfile.h"

int
newfile_begin(struct newfile *f, int dir, const char *name)
{
	int fd;

	memset(f, 0, sizeof(*f));
	f->dir = dir;
	f->name = name;
	f->temp = xasprintf("%s.new", name);
	fd = plain_open(dir, f->temp, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0) {
		free(f->temp);
		f->temp = NULL;
		return -1;
	}
	out_init(&f->out, fd, 0);
	return 0;
}

int
newfile_begin_path(struct newfile *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir = plain_open_parent(path);

	if (dir < 0) {
		memset(f, 0, sizeof(*f));
		return -1;
	}
	if (newfile_begin(f, dir, slash ? slash + 1 : path)) {
		close(dir);
		return -1;
	}
	f->owned = 1;
	return 0;
}

/* Forgets the temporary file. */
static void
newfile_end(struct newfile *f)
{
	free(f->temp);
	f->temp = NULL;
	if (f->owned)
		close(f->dir);
}

int
newfile_commit(struct newfile *f)
{
	int error = 0;

	if (out_flush(&f->out) == 0 && plain_sync(f->out.fd))
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
	/* the rename has to reach the disk, too */
	error = plain_sync(f->dir) ? errno : 0;
	newfile_end(f);
	errno = error;
	return error ? -1 : 0;
}

void
newfile_release(struct newfile *f)
{
	if (!f->temp)
		return;
	if (f->out.b)
		out_close(&f->out);
	unlinkat(f->dir, f->temp, 0);
	newfile_end(f);
}
