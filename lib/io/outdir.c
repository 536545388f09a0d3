#define _GNU_SOURCE		/* renameat2 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/util.h"
#include "out.h"
#include "ownfiles.h"
#include "outdir.h"

/* Held while a temporary folder is made, renamed or removed. */
static pthread_mutex_t end_lock = PTHREAD_MUTEX_INITIALIZER;

/* Removes the files in the folder fd, and in its shards; closes fd. */
static void
empty_folder(int fd, int shards)
{
	struct dirent *e;
	DIR *dir;

	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (e = readdir(dir))) {
		if (!unlinkat(fd, e->d_name, 0) || !shards ||
		    !ownfiles_is_shard(e->d_name))
			continue;
		empty_folder(openat(fd, e->d_name, O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC), 0);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}

void
outdir_remove(const char *path)
{
	empty_folder(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC), 1);
	rmdir(path);
}

static int
is_empty_folder(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n == 2;
}

/* Whether the folder has only files of this program; fills in *e if not. */
static int
is_ours_alone(const char *path, struct err *e)
{
	char *file = ownfiles_foreign(path);

	if (file)
		err_set(e, 0, 0, "%s: has '%s', which %s did not make, so not "
		    "replaced; --overwrite --force replaces it", path, file,
		    prog);
	free(file);
	return !file;
}

/* Whether the folder at path may be replaced; fills in *e if not. */
static int
is_replaceable(const char *path, enum outdir_old old, struct err *e)
{
	struct stat st;
	char *file;
	int ok;

	if (lstat(path, &st) || !S_ISDIR(st.st_mode)) {
		err_set(e, 0, 0, "%s: not a folder, so not replaced", path);
		return 0;
	}
	file = xasprintf("%s/" OWNFILES_MARKER, path);
	ok = lstat(file, &st) == 0 || is_empty_folder(path);
	free(file);
	if (!ok)
		err_set(e, 0, 0, "%s: not made by %s, so not replaced; "
		    "remove it or choose another folder", path, prog);
	return ok && (old == OUTDIR_FORCE || is_ours_alone(path, e));
}

/* Whether a path ends in a name, so that it can be renamed to. */
static int
has_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 :
	    path;

	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Makes the temporary folder. Returns 0, or -1 with errno set. */
static int
make_temporary(struct outdir *d)
{
	char *path = xasprintf("%s.new-XXXXXX", d->path);

	pthread_mutex_lock(&end_lock);
	if (mkdtemp(path))
		d->temp = path;
	pthread_mutex_unlock(&end_lock);
	if (!d->temp)
		free(path);
	return d->temp ? 0 : -1;
}

int
outdir_begin(struct outdir *d, const char *path, enum outdir_old old,
    struct err *e)
{
	struct stat st;
	size_t n = strlen(path);

	d->fd = d->marker = -1;
	d->old = old;
	while (n > 1 && path[n - 1] == '/')
		n--;
	d->path = xmemdup(path, n);
	if (!has_name(d->path))
		return err_set(e, 0, 0, "'%s': expected a path that ends in a "
		    "folder's name", path);
	d->replace = lstat(d->path, &st) == 0;
	if (d->replace && !is_replaceable(d->path, old, e))
		return -1;
	if (d->replace && old == OUTDIR_KEEP)
		return err_set(e, 0, 0, "%s: already exists; --overwrite "
		    "replaces it", d->path);
	if (make_temporary(d))
		return err_set(e, 0, 0, "%s: %s", d->path, strerror(errno));
	d->fd = open(d->temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		return err_set(e, 0, 0, "%s: %s", d->temp, strerror(errno));
	d->marker = outdir_open(d, OWNFILES_MARKER, e);
	return d->marker < 0 ? -1 : 0;
}

int
outdir_try(struct outdir *d, const char *name)
{
	return openat(d->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
}

int
outdir_open(struct outdir *d, const char *name, struct err *e)
{
	int fd = outdir_try(d, name);
	char *line = xasprintf("%s\n", name);

	if (fd >= 0 && d->marker >= 0 &&
	    out_write_all(d->marker, line, strlen(line))) {
		close(fd);
		fd = -1;
	}
	free(line);
	return fd < 0 ? err_set(e, 0, 0, "%s/%s: %s", d->path, name,
	    strerror(errno)) : fd;
}

int
outdir_mkdir(struct outdir *d, const char *name)
{
	return mkdirat(d->fd, name, 0700);
}

int
outdir_has(struct outdir *d, const char *name)
{
	struct stat st;

	return fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * Replaces the old folder by the new one, atomically where possible. old is the
 * path of a folder that can be made. Returns 0, or -1 with errno set.
 */
static int
swap_folders(struct outdir *d, const char *old)
{
	int bad;

#ifdef RENAME_EXCHANGE
	if (renameat2(AT_FDCWD, d->temp, AT_FDCWD, d->path,
	    RENAME_EXCHANGE) == 0) {
		outdir_remove(d->temp);
		return 0;
	}
#endif
	bad = rename(d->path, old);
	if (!bad && rename(d->temp, d->path)) {
		bad = errno;
		rename(old, d->path);
		errno = bad;
	} else if (!bad) {
		outdir_remove(old);
	}
	return bad ? -1 : 0;
}

int
outdir_commit(struct outdir *d, struct err *e)
{
	char *old;
	int bad, error;

	/* other files may have been added since */
	if (d->replace && d->old != OUTDIR_FORCE && !is_ours_alone(d->path, e))
		return -1;
	old = xasprintf("%s.old", d->temp);
	/* running out of memory while the lock is held would be a deadlock */
	pthread_mutex_lock(&end_lock);
	bad = d->replace ? swap_folders(d, old) : rename(d->temp, d->path);
	error = errno;
	if (!bad) {
		free(d->temp);
		d->temp = NULL;
	}
	pthread_mutex_unlock(&end_lock);
	free(old);
	return bad ? err_set(e, 0, 0, "%s: %s", d->path, strerror(error)) : 0;
}

void
outdir_abandon(const struct outdir *d)
{
	int tries;

	/* never unlocked: no error about missing files is to be reported */
	pthread_mutex_lock(&end_lock);
	/* the other thread may still create files */
	for (tries = 0; tries < 1000 && d->temp; tries++) {
		outdir_remove(d->temp);
		if (access(d->temp, F_OK))
			break;
	}
}

void
outdir_release(struct outdir *d)
{
	pthread_mutex_lock(&end_lock);
	if (d->fd >= 0)
		close(d->fd);
	if (d->marker >= 0)
		close(d->marker);
	if (d->temp)
		outdir_remove(d->temp);
	free(d->temp);
	free(d->path);
	memset(d, 0, sizeof(*d));
	d->fd = d->marker = -1;
	pthread_mutex_unlock(&end_lock);
}
