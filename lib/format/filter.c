#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/util.h"
#include "base/err.h"
#include "base/program.h"
#include "filter.h"

extern char **environ;

char *
filter_find(const char *name)
{
	char *own = program_folder(), *path = NULL;

	if (own)
		path = program_in(own, strlen(own), name);
	free(own);
	return path ? path : program_find(name);
}

/*
 * Passes on the programs in the folder of n bytes at dir, in alphabetical
 * order.
 */
static void
each_in(const char *dir, size_t n, const char *prefix,
    void (*found)(void *arg, const char *name, const char *path), void *arg)
{
	char *folder = n ? xmemdup(dir, n) : xstrdup("."), *path;
	size_t len = strlen(prefix);
	struct dirent **entries;
	int i, count = scandir(folder, &entries, NULL, alphasort);

	for (i = 0; i < count; i++) {
		path = NULL;
		if (!strncmp(entries[i]->d_name, prefix, len))
			path = program_in(folder, strlen(folder),
			    entries[i]->d_name);
		if (path)
			found(arg, entries[i]->d_name + len, path);
		free(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	free(folder);
}

void
filter_each(const char *prefix,
    void (*found)(void *arg, const char *name, const char *path), void *arg)
{
	const char *list = getenv("PATH"), *dir;
	char *own = program_folder();
	size_t n;

	if (own)
		each_in(own, strlen(own), prefix, found, arg);
	free(own);
	while ((dir = program_next_folder(&list, &n)))
		each_in(dir, n, prefix, found, arg);
}

/* Sets the program's descriptors: in and out become its first two. */
static int
add_actions(posix_spawn_file_actions_t *fa, int in, int out)
{
	int error = posix_spawn_file_actions_adddup2(fa, in, STDIN_FILENO);

	if (!error)
		error = posix_spawn_file_actions_adddup2(fa, out,
		    STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_addclose(fa, in);
	return error;
}

/* Has the program start with no signal blocked. */
static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t set;
	int error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK);

	sigemptyset(&set);
	return error ? error : posix_spawnattr_setsigmask(attr, &set);
}

/*
 * Starts the program with in as its standard input, which is closed here, and
 * out as its standard output. Returns 0 or an error number.
 */
static int
spawn(pid_t *pid, char **argv, int in, int out)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int error;

	if ((error = posix_spawn_file_actions_init(&fa)))
		return error;
	if ((error = posix_spawnattr_init(&attr))) {
		posix_spawn_file_actions_destroy(&fa);
		return error;
	}
	error = add_actions(&fa, in, out);
	if (!error)
		error = set_attributes(&attr);
	if (!error)
		error = posix_spawn(pid, argv[0], &fa, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return error;
}

int
filter_start(struct filter *f, const char *path, int out, struct err *e)
{
	char *argv[] = { xstrdup(path), NULL };
	int fds[2], error;

	if (pipe(fds)) {
		free(argv[0]);
		return err_set(e, 0, 0, "pipe: %s", strerror(errno));
	}
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	error = spawn(&f->pid, argv, fds[0], out);
	close(fds[0]);
	free(argv[0]);
	if (error) {
		f->pid = 0;
		close(fds[1]);
		return err_set(e, 0, 0, "%s: %s", path, strerror(error));
	}
	/* EPIPE is not an error yet: the program's exit status decides */
	signal(SIGPIPE, SIG_IGN);
	f->in = fds[1];
	return 0;
}

/* Waits for the program. Returns its status as waitpid(2) gives it. */
static int
filter_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int
filter_end(struct filter *f, const char *path, struct err *e)
{
	int status = filter_wait(f->pid);

	f->pid = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
		return FILTER_UNREAD;
	if (WIFSIGNALED(status))
		return err_set(e, 0, 0, "%s: killed by signal %d", path,
		    WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_set(e, 0, 0, "%s: exit status %d", path,
		    WEXITSTATUS(status));
	return 0;
}

/* Reads the answer, to its end unless it is too long. */
static void
read_answer(int fd, struct buf *b, size_t most)
{
	ssize_t n = 1;

	while (most && n) {
		n = read(fd, buf_room(b, most), most);
		if (n < 0 && errno != EINTR)
			break;
		b->len += n > 0 ? (size_t)n : 0;
		most -= n > 0 ? (size_t)n : 0;
	}
}

int
filter_ask(const char *path, const char *option, struct buf *b, size_t most)
{
	char *argv[] = { xstrdup(path), xstrdup(option), NULL };
	int fds[2] = { -1, -1 }, null = open("/dev/null", O_RDONLY), status = -1;
	pid_t pid;

	if (null >= 0 && !pipe(fds)) {
		fcntl(fds[0], F_SETFD, FD_CLOEXEC);
		fcntl(fds[1], F_SETFD, FD_CLOEXEC);
		status = spawn(&pid, argv, null, fds[1]);
		close(fds[1]);
		if (!status)
			read_answer(fds[0], b, most);
		close(fds[0]);
		if (!status)
			status = filter_wait(pid);
	}
	if (null >= 0)
		close(null);
	free(argv[0]);
	free(argv[1]);
	return status ? -1 : 0;
}
