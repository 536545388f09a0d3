/*
 * A library to preload: lets calls that start a process, or write and read
 * temporary files, fail. FAIL_CALL is the name of the call, FAIL_AT the number
 * of the first that fails, from 1, FAIL_COUNT the number that fail in a row,
 * and FAIL_ERROR the errno. Successful calls of kill and wait4 are appended to
 * the file CALLS_LOG. Only the program itself is affected.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t owner;

__attribute__((constructor)) static void
note_owner(void)
{
	owner = getpid();
	unsetenv("LD_PRELOAD");
}

static int
fails(const char *call)
{
	static long calls;
	const char *name = getenv("FAIL_CALL");
	long at;

	if (!name || strcmp(name, call) != 0 || getpid() != owner)
		return 0;
	at = atol(getenv("FAIL_AT"));
	calls++;
	return calls >= at && calls < at + atol(getenv("FAIL_COUNT")) ?
	    atoi(getenv("FAIL_ERROR")) : 0;
}

/* Whether this call has to fail; then sets errno. */
static int
refuses(const char *call)
{
	int error = fails(call);

	if (error)
		errno = error;
	return error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int
posix_spawnp(pid_t *pid, const char *file,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[])
{
	int error = fails("posix_spawnp");

	return error ? error : REAL(posix_spawnp)(pid, file, actions, attr,
	    argv, env);
}

int
posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
	int error = fails("init");

	return error ? error : REAL(posix_spawn_file_actions_init)(actions);
}

int
posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from,
    int to)
{
	int error = fails("adddup2");

	return error ? error : REAL(posix_spawn_file_actions_adddup2)(actions,
	    from, to);
}

int
posix_spawnattr_init(posix_spawnattr_t *attr)
{
	int error = fails("attr_init");

	return error ? error : REAL(posix_spawnattr_init)(attr);
}

int
posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags)
{
	int error = fails("setflags");

	return error ? error : REAL(posix_spawnattr_setflags)(attr, flags);
}

int
posix_spawnattr_setsigmask(posix_spawnattr_t *attr, const sigset_t *mask)
{
	int error = fails("setsigmask");

	return error ? error : REAL(posix_spawnattr_setsigmask)(attr, mask);
}

int
pipe(int fds[2])
{
	return refuses("pipe") ? -1 : REAL(pipe)(fds);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return refuses("pwrite") ? -1 : REAL(pwrite64)(fd, p, n, at);
}

ssize_t
pread64(int fd, void *p, size_t n, off64_t at)
{
	return refuses("pread") ? -1 : REAL(pread64)(fd, p, n, at);
}

pid_t
fork(void)
{
	return refuses("fork") ? -1 : REAL(fork)();
}

static void
log_call(const char *call, pid_t pid)
{
	const char *name = getenv("CALLS_LOG");
	char line[64];
	int fd, n;

	if (!name || getpid() != owner)
		return;
	n = snprintf(line, sizeof(line), "%s %ld\n", call,
	    (long)(pid < 0 ? -pid : pid));
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}

int
kill(pid_t pid, int sig)
{
	log_call("kill", pid);
	return REAL(kill)(pid, sig);
}

pid_t
wait4(pid_t pid, int *status, int options, struct rusage *used)
{
	pid_t ended = REAL(wait4)(pid, status, options, used);

	if (ended > 0)
		log_call("reap", ended);
	return ended;
}
