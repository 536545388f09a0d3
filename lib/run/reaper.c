#define _GNU_SOURCE		/* syscall */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "base/util.h"
#include "base/err.h"
#include "reaper.h"

/* A message to the reaper: a group to add; negative: to remove. */
struct groups {
	pid_t *ids;
	size_t n;
	size_t cap;
};

static void
update_groups(struct groups *l, pid_t changes)
{
	size_t i;

	if (changes > 0) {
		if (l->n == l->cap) {
			l->cap = grow(l->cap, l->n + 1);
			l->ids = xreallocarray(l->ids, l->cap,
			    sizeof(*l->ids));
		}
		l->ids[l->n++] = changes;
		return;
	}
	for (i = 0; i < l->n; i++)
		if (l->ids[i] == -changes) {
			l->ids[i] = l->ids[--l->n];
			return;
		}
}

/*
 * Closes all but fd, which becomes 0: a reader of the output waits for its end.
 */
static void
keep_only(int fd)
{
	int i, most = (int)sysconf(_SC_OPEN_MAX);

	if (dup2(fd, 0) < 0)
		_exit(1);
#ifdef SYS_close_range
	/* some C libraries lack the function */
	if (!syscall(SYS_close_range, 1, ~0U, 0))
		return;
#endif
	for (i = 1; i < most; i++)
		close(i);
}

_Noreturn static void
keep_watch(int fd)
{
	static const int ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2
	};
	struct groups groups = { 0 };
	pid_t changes[64];
	ssize_t n;
	size_t i;

	setsid();
	for (i = 0; i < LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
#ifdef __linux__
	prctl(PR_SET_NAME, "fl-guard", 0, 0, 0);
#endif
	keep_only(fd);
	/* writes are whole messages, and so are reads */
	while ((n = read(0, changes, sizeof(changes))) > 0 ||
	    (n < 0 && errno == EINTR))
		for (i = 0; n > 0 && i < (size_t)n / sizeof(*changes); i++)
			update_groups(&groups, changes[i]);
	for (i = 0; i < groups.n; i++)
		kill(-groups.ids[i], SIGKILL);
	_exit(0);
}

int
reaper_start(struct reaper *r, struct err *e)
{
	const char *what = "fork";
	int fds[2], error;

	r->pid = -1;
	if (pipe(fds)) {
		error = errno;
		r->pid = 0;
		err_set(e, 0, 0, "pipe: %s", strerror(error));
		errno = error;
		return -1;
	}
	if (fcntl(fds[1], F_SETFD, FD_CLOEXEC) < 0)
		what = "pipe";
	else
		r->pid = fork();
	error = errno;
	if (r->pid == 0) {
		close(fds[1]);
		keep_watch(fds[0]);
	}
	close(fds[0]);
	r->fd = fds[1];
	if (r->pid > 0)
		return 0;
	close(fds[1]);
	r->pid = 0;
	err_set(e, 0, 0, "%s: %s", what, strerror(error));
	errno = error;
	return -1;
}

static void
send_group(const struct reaper *r, pid_t word)
{
	if (!r->pid)
		return;
	while (write(r->fd, &word, sizeof(word)) < 0 && errno == EINTR)
		;
}

void
reaper_add(struct reaper *r, pid_t group)
{
	send_group(r, group);
}

void
reaper_remove(struct reaper *r, pid_t group)
{
	send_group(r, -group);
}

void
reaper_end(struct reaper *r)
{
	if (!r->pid)
		return;
	close(r->fd);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	r->pid = 0;
}
