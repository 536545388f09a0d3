#define _GNU_SOURCE		/* posix_spawn_file_actions_addchdir_np,
    wait4 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/util.h"
#include "base/err.h"
#include "json/isotime.h"
#include "proc.h"

/*
 * Signals within this time of a counted one count as the same: timeout(1) and
 * closing terminals send two, to the process and to its group.
 */
#define TOGETHER 100000		/* microseconds */

/* The unit of ru_maxrss. */
#ifdef __APPLE__
#define RSS_UNIT 1
#else
#define RSS_UNIT 1024
#endif

volatile sig_atomic_t proc_stops;
volatile sig_atomic_t proc_stop_signal;
volatile sig_atomic_t proc_report_wanted;

static volatile sig_atomic_t signal_came;	/* a signal came */
static volatile sig_atomic_t child_ended;	/* it was SIGCHLD */
static int signal_pipe[2] = { -1, -1 };

/* Children that a shell started before it executed this program. */
static struct {
	pid_t *ids;
	size_t n;
	size_t cap;
} inherited;

static int
is_report_signal(int sig)
{
#ifdef SIGINFO
	if (sig == SIGINFO)
		return 1;
#endif
	return sig == SIGUSR1;
}

/* Counts a signal to stop. Called by a handler that no other one interrupts. */
static void
count_stop(int sig)
{
	static int64_t last;
	int64_t now = isotime_monotonic();

	if (!proc_stops)
		proc_stop_signal = sig;
	else if (now - last <= TOGETHER)
		return;
	proc_stops++;
	last = now;
}

static void
on_signal(int sig)
{
	int saved = errno;

	signal_came = 1;
	if (sig == SIGCHLD)
		child_ended = 1;
	else if (is_report_signal(sig))
		proc_report_wanted = 1;
	else
		count_stop(sig);
	/* a full pipe is readable already */
	if (write(signal_pipe[1], "", 1) < 0)
		errno = saved;
	errno = saved;
}

static int
set_flags(int fd, int nonblocking)
{
	int flags;

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	if (!nonblocking)
		return 0;
	flags = fcntl(fd, F_GETFL);
	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* Hides the inherited descriptors from children. */
static void
hide_descriptors(void)
{
	int fd, most = (int)sysconf(_SC_OPEN_MAX);

#if defined(__linux__) && defined(CLOSE_RANGE_CLOEXEC)
	if (!close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		return;
#endif
	for (fd = 3; fd < most; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* The children that the kernel lists; without memory, which may be gone. */
struct children {
	int fd;
	char text[4096];
	size_t n;
	size_t at;
};

static int
next_char(struct children *c)
{
	ssize_t n;

	if (c->at == c->n) {
		n = read(c->fd, c->text, sizeof(c->text));
		if (n <= 0)
			return EOF;
		c->n = (size_t)n;
		c->at = 0;
	}
	return c->text[c->at++];
}

/* The next of them, or 0. */
static pid_t
next_child(struct children *c)
{
	pid_t pid = 0;
	int d;

	while ((d = next_char(c)) >= '0' && d <= '9')
		pid = pid * 10 + (d - '0');
	return pid;
}

/* Calls each with all children. */
static void
each_child(void (*each)(pid_t pid))
{
	struct children c = { .fd = -1 };
	pid_t pid;

	c.fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	if (c.fd < 0)
		return;
	while ((pid = next_child(&c)))
		each(pid);
	close(c.fd);
}

static void
add_inherited(pid_t pid)
{
	ALLOC_GROW(inherited.ids, inherited.n + 1, inherited.cap);
	inherited.ids[inherited.n++] = pid;
}

static int
was_inherited(pid_t pid)
{
	size_t i;

	for (i = 0; i < inherited.n; i++)
		if (inherited.ids[i] == pid)
			return 1;
	return 0;
}

/* The limits of open files: the inherited one, and the raised one. */
static struct rlimit given_files, our_files;

static void
raise_file_limit(void)
{
	if (getrlimit(RLIMIT_NOFILE, &given_files))
		return;
	our_files = given_files;
	our_files.rlim_cur = our_files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &our_files))
		our_files = given_files;
}

void
proc_expect_report(void)
{
	static const int signals[] = {
		SIGUSR1,
#ifdef SIGINFO
		SIGINFO,
#endif
	};
	struct sigaction sa = { 0 };
	size_t i;

	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART;
	sigfillset(&sa.sa_mask);
	for (i = 0; i < LEN(signals); i++)
		if (!signal_ignored(signals[i]))
			sigaction(signals[i], &sa, NULL);
}

int
proc_init(struct err *e)
{
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1,
#ifdef SIGINFO
		SIGINFO,
#endif
	};
	struct sigaction sa = { 0 };
	sigset_t ours;
	size_t i;

	hide_descriptors();
	each_child(add_inherited);
	raise_file_limit();
	if (pipe(signal_pipe) || set_flags(signal_pipe[0], 1) ||
	    set_flags(signal_pipe[1], 1))
		return err_set(e, 0, 0, "pipe: %s", strerror(errno));
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART | SA_NOCLDSTOP;
	sigfillset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL);
	/* the parent may have blocked it, and a child inherits that */
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &ours, NULL);
	/* keep ignoring what was ignored, by nohup(1) for example */
	for (i = 0; i < LEN(signals); i++)
		if (!signal_ignored(signals[i]))
			sigaction(signals[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
#ifdef __linux__
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	/* at every exit except by SIGKILL, also by die() */
	atexit(proc_sweep);
#endif
	return signal_pipe[0];
}

static void
close_pair(int fd[2])
{
	int i;

	for (i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

/* Sets the first actions of a child. Returns 0 or an error number. */
static int
set_actions(posix_spawn_file_actions_t *actions, int fds[3][2],
    const char *dir)
{
	int i, error = 0;

	for (i = 0; i < 3 && !error; i++)
		error = posix_spawn_file_actions_adddup2(actions,
		    fds[i][i != 0], i);
	return error || !dir ? error :
	    posix_spawn_file_actions_addchdir_np(actions, dir);
}

/* Sets the group and the signals of a child. Returns 0 or an error number. */
static int
proc_set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	if (!error)
		error = posix_spawnattr_setpgroup(attr, 0);
	if (!error)
		error = posix_spawnattr_setsigdefault(attr, &all);
	return error ? error : posix_spawnattr_setsigmask(attr, &none);
}

static int
spawn(pid_t *pid, int fds[3][2], char *const *argv, char *const *env,
    const char *dir)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int error;

	error = posix_spawn_file_actions_init(&actions);
	if (error)
		return error;
	error = posix_spawnattr_init(&attr);
	if (error) {
		posix_spawn_file_actions_destroy(&actions);
		return error;
	}
	error = set_actions(&actions, fds, dir);
	if (!error)
		error = proc_set_attributes(&attr);
	/* the child inherits the limit; open files stay open */
	if (our_files.rlim_cur != given_files.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &given_files);
	if (!error)
		error = posix_spawnp(pid, argv[0], &actions, &attr, argv, env);
	if (our_files.rlim_cur != given_files.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &our_files);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

int
proc_spawn(struct proc *p, char *const *argv, char *const *env,
    const char *dir, struct err *e)
{
	int fds[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int i, error = 0;

	for (i = 0; i < 3 && !error; i++)
		if (pipe(fds[i]) || set_flags(fds[i][0], i != 0) ||
		    set_flags(fds[i][1], i == 0))
			error = errno;
	if (!error && dir && access(dir, X_OK)) {
		error = errno;
		err_set(e, 0, 0, "folder '%s': %s", dir, strerror(error));
	} else if (error || (error = spawn(&p->pid, fds, argv, env, dir))) {
		err_set(e, 0, 0, "cannot start '%s': %s", argv[0],
		    strerror(error));
	}
	if (error) {
		for (i = 0; i < 3; i++)
			close_pair(fds[i]);
		errno = error;
		return -1;
	}
	close(fds[0][0]);
	close(fds[1][1]);
	close(fds[2][1]);
	p->in = fds[0][1];
	p->out = fds[1][0];
	p->err = fds[2][0];
	return 0;
}

void
proc_signal(const struct proc *p, int sig)
{
	pid_t group;

	if (p->pid <= 0)
		return;
	kill(-p->pid, sig);
	/* it may have left its own group */
	group = getpgid(p->pid);
	if (group >= 0 && group != p->pid)
		kill(p->pid, sig);
}

void
proc_forget(struct proc *p)
{
	p->pid = 0;
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
proc_close(struct proc *p)
{
	shut(&p->in);
	shut(&p->out);
	shut(&p->err);
}

pid_t
proc_ended(void)
{
	siginfo_t info = { 0 };
	char drop[64];

	/* later signals make the descriptor readable again */
	if (signal_came) {
		signal_came = 0;
		while (read(signal_pipe[0], drop, sizeof(drop)) > 0)
			;
	}
	if (!child_ended)
		return 0;
	child_ended = 0;
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ||
	    !info.si_pid)
		return 0;
	child_ended = 1;		/* there may be more than one */
	return info.si_pid;
}

void
proc_reap(pid_t pid, struct proc_end *end)
{
	struct rusage used = { 0 };

	memset(end, 0, sizeof(*end));
	end->pid = pid;
	while (wait4(pid, &end->status, 0, &used) < 0 && errno == EINTR)
		;
	end->cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	    (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	end->peak = (long long)used.ru_maxrss * RSS_UNIT;
}

static size_t killed;

static void
kill_child(pid_t pid)
{
	if (!was_inherited(pid))
		killed += kill(pid, SIGKILL) == 0;
}

void
proc_sweep(void)
{
	int status;

	/* children of one that ended are adopted: look again each time */
	do {
		killed = 0;
		each_child(kill_child);
	} while (killed && waitpid(-1, &status, 0) > 0);
}

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "SIGTERM", SIGTERM }, { "SIGINT", SIGINT }, { "SIGHUP", SIGHUP },
	{ "SIGQUIT", SIGQUIT }, { "SIGKILL", SIGKILL },
	{ "SIGUSR1", SIGUSR1 }, { "SIGUSR2", SIGUSR2 },
	{ "SIGABRT", SIGABRT },
};

int
proc_signal_number(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(names); i++)
		if (!strcmp(name, names[i].name) ||
		    !strcmp(name, names[i].name + 3))
			return names[i].number;
	return 0;
}

const char *
proc_signal_name(int sig)
{
	size_t i;

	for (i = 0; i < LEN(names); i++)
		if (names[i].number == sig)
			return names[i].name;
	return "a signal";
}
