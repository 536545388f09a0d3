#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "external.h"

#define STARTS 4		/* the first one, and three more */
#define DRAIN 1			/* seconds to end in after the last answer */
#define POLL_MAX 3600.0		/* seconds; more would overflow poll's int */
#define ANSWER_MAX ((size_t)16 << 20)

extern char **environ;

struct external {
	char *const *argv;
	double seconds;		/* limit of an answer */
	pid_t pid;		/* 0: not running */
	int to, from;
	unsigned starts;
	struct buf got;		/* output after the last answer */
};

struct external *
external_new(char *const *argv, double seconds)
{
	struct external *x = xcalloc(1, sizeof(*x));

	x->argv = argv;
	x->seconds = seconds;
	x->to = x->from = -1;
	return x;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Ends the program and its group. Returns its wait status. */
static int
end(struct external *x)
{
	int status = 0;

	if (x->to >= 0)
		close(x->to);
	if (x->from >= 0)
		close(x->from);
	x->to = x->from = -1;
	if (x->pid) {
		kill(-x->pid, SIGKILL);
		/* it may have left its own group */
		kill(x->pid, SIGKILL);
		while (waitpid(x->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	x->pid = 0;
	x->got.len = 0;
	return status;
}

/*
 * Lets the program end by itself after its last input, for at most DRAIN
 * seconds, since it may write without end.
 */
void
external_free(struct external *x)
{
	struct pollfd p = { .fd = -1, .events = POLLIN };
	char drop[4096];
	double until;

	if (!x)
		return;
	if (x->pid) {
		close(x->to);
		x->to = -1;
		p.fd = x->from;
		until = now() + DRAIN;
		while (now() < until && poll(&p, 1, DRAIN * 1000) > 0 &&
		    read(x->from, drop, sizeof(drop)) > 0)
			;
	}
	end(x);
	buf_release(&x->got);
	free(x);
}

static int
external_spawn(struct external *x, int in, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawnattr_init(&attr);
	if (error) {
		posix_spawn_file_actions_destroy(&actions);
		return error;
	}
	sigfillset(&all);
	if (!(error = posix_spawn_file_actions_adddup2(&actions, in, 0)) &&
	    !(error = posix_spawn_file_actions_adddup2(&actions, out, 1)) &&
	    !(error = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF)) &&
	    !(error = posix_spawnattr_setsigdefault(&attr, &all)))
		error = posix_spawnp(&x->pid, x->argv[0], &actions, &attr,
		    x->argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		x->pid = 0;
	return error;
}

/* Opens a pipe. Our end does not block, and neither end is inherited. */
static int
open_pipe(int fd[2], int ours)
{
	int flags;

	if (pipe(fd))
		return -1;
	flags = fcntl(fd[ours], F_GETFL);
	return flags < 0 || fcntl(fd[ours], F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(fd[0], F_SETFD, FD_CLOEXEC) ||
	    fcntl(fd[1], F_SETFD, FD_CLOEXEC) ? -1 : 0;
}

static int
begin(struct external *x, struct err *e)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, error = 0;

	if (x->starts++ >= STARTS)
		return err_set(e, 0, 0, "'%s' has ended too often", x->argv[0]);
	if (open_pipe(in, 1) || open_pipe(out, 0))
		error = errno;
	else
		error = external_spawn(x, in[0], out[1]);
	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	x->to = in[1];
	x->from = out[0];
	if (!error)
		return 0;
	end(x);
	return err_set(e, 0, 0, "cannot start '%s': %s", x->argv[0],
	    strerror(error));
}

/* Reads what is in the pipe. Returns 1, 0 at the end, or -1 with errno set. */
static int
take(struct external *x)
{
	ssize_t n = read(x->from, buf_room(&x->got, 65536), 65536);

	if (n > 0)
		x->got.len += (size_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	return n < 0 ? -1 : n > 0;
}

/* Writes as much as the pipe accepts. Returns 0, or -1 with errno set. */
static int
external_give(struct external *x, const char **p, size_t *n)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, kept;
	ssize_t done;
	int error;

	/* stdout keeps its own SIGPIPE */
	sigaction(SIGPIPE, &ignore, &kept);
	done = write(x->to, *p, *n);
	error = errno;
	sigaction(SIGPIPE, &kept, NULL);
	errno = error;
	if (done < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	*p += done;
	*n -= (size_t)done;
	return 0;
}

/* Sets *e to how the program ended. */
static int
died(struct external *x, struct err *e)
{
	int status = end(x);

	if (WIFEXITED(status))
		return err_set(e, 0, 0, "'%s' ended with status %d before it "
		    "answered", x->argv[0], WEXITSTATUS(status));
	return err_set(e, 0, 0, "'%s' ended by signal %d before it answered",
	    x->argv[0], WTERMSIG(status));
}

/* Sends and reads until there is a line. */
static int
exchange(struct external *x, const char *p, size_t n, struct err *e)
{
	struct pollfd fds[2];
	double until = now() + x->seconds, left;

	while (!x->got.len || !memchr(x->got.p, '\n', x->got.len)) {
		left = until - now();
		if (left <= 0 || x->got.len > ANSWER_MAX) {
			end(x);
			return err_set(e, 0, 0, left <= 0 ? "'%s' did not "
			    "answer in time" : "'%s' answers with too long "
			    "a line", x->argv[0]);
		}
		fds[0] = (struct pollfd){ .fd = x->from, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = n ? x->to : -1,
		    .events = POLLOUT };
		if (left > POLL_MAX)
			left = POLL_MAX;
		if (poll(fds, 2, (int)(left * 1000) + 1) < 0 && errno != EINTR)
			return err_set(e, 0, 0, "poll: %s", strerror(errno));
		if (n && fds[1].revents && external_give(x, &p, &n))
			return died(x, e);
		if (fds[0].revents && take(x) <= 0)
			return died(x, e);
	}
	return 0;
}

int
external_ask(struct external *x, const char *line, size_t n,
    struct buf *answer, struct err *e)
{
	const char *nl;
	size_t len;

	if (x->pid && take(x) >= 0 && x->got.len) {
		end(x);
		return err_set(e, 0, 0, "'%s' answered twice", x->argv[0]);
	}
	if (!x->pid && begin(x, e))
		return -1;
	if (exchange(x, line, n, e))
		return -1;
	nl = memchr(x->got.p, '\n', x->got.len);
	len = (size_t)(nl - x->got.p);
	answer->len = 0;
	buf_add(answer, x->got.p, len);
	buf_splice(&x->got, 0, len + 1, NULL, 0);
	return 0;
}
