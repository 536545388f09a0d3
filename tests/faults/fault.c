/*
 * A library for LD_PRELOAD that lets the nth call of a kind fail.
 *
 *	FAULT_PROGRAM	the program to affect, by the last part of its path
 *	FAULT_KIND	a name of the table below
 *	FAULT_NTH	number of the call that fails, from 1; 0: none
 *	FAULT_ERRNO	value of errno, instead of the kind's own
 *	FAULT_COUNT	a file that gets a line "KIND N" for each kind at exit
 *
 * If the program dies of SIGSEGV or SIGABRT, "fault: died in OBJECT" on stderr
 * names the object that did it: it may be a foreign library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

enum kind {
	ALLOC, OPEN, READ, WRITE, CLOSE, FSYNC, TRUNCATE, RENAME, MKDIR, PIPE,
	SPAWN, ACTION, FORK, THREAD, FLOCK, DUP, KINDS
};

static const struct {
	const char *name;
	int error;
} kinds[KINDS] = {
	[ALLOC] = { "alloc", ENOMEM },
	[OPEN] = { "open", EMFILE },
	[READ] = { "read", EIO },
	[WRITE] = { "write", ENOSPC },
	[CLOSE] = { "close", EIO },
	[FSYNC] = { "fsync", EIO },
	[TRUNCATE] = { "truncate", EIO },
	[RENAME] = { "rename", EIO },
	[MKDIR] = { "mkdir", EACCES },
	[PIPE] = { "pipe", EMFILE },
	[SPAWN] = { "spawn", EAGAIN },
	[ACTION] = { "action", ENOMEM },
	[FORK] = { "fork", EAGAIN },
	[THREAD] = { "thread", EAGAIN },
	[FLOCK] = { "flock", ENOLCK },
	[DUP] = { "dup", EMFILE },
};

static int meant;		/* this is FAULT_PROGRAM */
static enum kind failing = KINDS;
static unsigned long nth;
static int error;
static unsigned long calls[KINDS];
static pid_t self;

/* Counts a call. Returns 1 with errno set if it is the one to fail. */
static int
fails(enum kind k)
{
	unsigned long n;

	if (!meant)
		return 0;
	n = __atomic_add_fetch(&calls[k], 1, __ATOMIC_RELAXED);
	if (k != failing || n != nth)
		return 0;
	errno = error;
	return 1;
}

static int
name_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t at = *(uintptr_t *)arg;
	const char *name = *info->dlpi_name ? info->dlpi_name : "the program";
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD &&
		    at >= info->dlpi_addr + p->p_vaddr &&
		    at < info->dlpi_addr + p->p_vaddr + p->p_memsz) {
			dprintf(2, "fault: died in %s\n", name);
			return 1;
		}
	}
	return 0;
}

static void
died(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = 0;

	(void)info;
#ifdef __x86_64__
	at = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#else
	(void)context;
#endif
	dl_iterate_phdr(name_object, &at);
	signal(sig, SIG_DFL);
	raise(sig);
}

__attribute__((constructor)) static void
start(void)
{
	struct sigaction sa = { .sa_sigaction = died, .sa_flags = SA_SIGINFO };
	const char *program = getenv("FAULT_PROGRAM"), *s;
	enum kind k;

	if (!program || strcmp(program, program_invocation_short_name))
		return;
	s = getenv("FAULT_KIND");
	for (k = 0; s && k < KINDS; k++)
		if (!strcmp(s, kinds[k].name))
			failing = k;
	if (failing < KINDS)
		error = kinds[failing].error;
	if ((s = getenv("FAULT_ERRNO")))
		error = atoi(s);
	if ((s = getenv("FAULT_NTH")))
		nth = strtoul(s, NULL, 10);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGABRT, &sa, NULL);
	self = getpid();
	meant = 1;
}

__attribute__((destructor)) static void
end(void)
{
	const char *file = getenv("FAULT_COUNT");
	char line[64];
	enum kind k;
	int fd, n;

	/* a forked child's counts include those of its parent */
	if (!meant || !file || getpid() != self)
		return;
	meant = 0;
	fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
	for (k = 0; fd >= 0 && k < KINDS; k++) {
		n = snprintf(line, sizeof(line), "%s %lu\n", kinds[k].name,
		    calls[k]);
		if (write(fd, line, (size_t)n) != n)
			break;
	}
}

/* _exit(2) runs no destructors, and some programs of the tree call it. */
void
_exit(int status)
{
	end();
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* --- memory --------------------------------------------------------------- */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

void *
malloc(size_t n)
{
	return fails(ALLOC) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails(ALLOC) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails(ALLOC) ? NULL : __libc_realloc(p, n);
}

int
posix_memalign(void **p, size_t align, size_t n)
{
	if (fails(ALLOC) || !(*p = __libc_memalign(align, n)))
		return ENOMEM;
	return 0;
}

/* --- files ---------------------------------------------------------------- */

static int
open_at(int dir, const char *path, int flags, mode_t mode)
{
	return fails(OPEN) ? -1 :
	    (int)syscall(SYS_openat, dir, path, flags, mode);
}

#define MODE(flags, mode) do { \
	va_list ap; \
	if ((flags) & (O_CREAT | __O_TMPFILE)) { \
		va_start(ap, flags); \
		mode = va_arg(ap, mode_t); \
		va_end(ap); \
	} \
} while (0)

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE(flags, mode);
	return open_at(dir, path, flags, mode);
}

ssize_t
read(int fd, void *p, size_t n)
{
	return fails(READ) ? -1 : syscall(SYS_read, fd, p, n);
}

ssize_t
pread(int fd, void *p, size_t n, off_t at)
{
	return fails(READ) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	return fails(WRITE) ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	return fails(WRITE) ? -1 : syscall(SYS_writev, fd, v, n);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return fails(WRITE) ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

/* Closes the descriptor even if it fails, as close(2) does. */
int
close(int fd)
{
	int bad = fails(CLOSE), saved = errno;

	if (syscall(SYS_close, fd))
		return -1;
	errno = saved;
	return bad ? -1 : 0;
}

int
fsync(int fd)
{
	return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return fails(FSYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int
ftruncate(int fd, off_t n)
{
	return fails(TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, from_dir, from,
	    to_dir, to, 0);
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	return fails(MKDIR) ? -1 : (int)syscall(SYS_mkdirat, dir, path, mode);
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int
flock(int fd, int what)
{
	return fails(FLOCK) ? -1 : (int)syscall(SYS_flock, fd, what);
}

int
dup2(int fd, int to)
{
	return fails(DUP) ? -1 : NEXT(dup2)(fd, to);
}

int
dup(int fd)
{
	return fails(DUP) ? -1 : (int)syscall(SYS_dup, fd);
}

/* --- processes and threads ------------------------------------------------ */

int
pipe2(int fd[2], int flags)
{
	return fails(PIPE) ? -1 : (int)syscall(SYS_pipe2, fd, flags);
}

int
pipe(int fd[2])
{
	return pipe2(fd, 0);
}

pid_t
fork(void)
{
	return fails(FORK) ? -1 : NEXT(fork)();
}

int
pthread_create(pthread_t *t, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
	return fails(THREAD) ? error : NEXT(pthread_create)(t, attr, run, arg);
}

int
posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[])
{
	return fails(SPAWN) ? error : NEXT(posix_spawn)(pid, path, actions,
	    attr, argv, env);
}

int
posix_spawnp(pid_t *pid, const char *file,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[])
{
	return fails(SPAWN) ? error : NEXT(posix_spawnp)(pid, file, actions,
	    attr, argv, env);
}

int
posix_spawn_file_actions_init(posix_spawn_file_actions_t *a)
{
	return fails(ACTION) ? error : NEXT(posix_spawn_file_actions_init)(a);
}

int
posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *a, int fd, int to)
{
	return fails(ACTION) ? error :
	    NEXT(posix_spawn_file_actions_adddup2)(a, fd, to);
}

int
posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *a, int fd)
{
	return fails(ACTION) ? error :
	    NEXT(posix_spawn_file_actions_addclose)(a, fd);
}

int
posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *a, int fd,
    const char *path, int flags, mode_t mode)
{
	return fails(ACTION) ? error :
	    NEXT(posix_spawn_file_actions_addopen)(a, fd, path, flags, mode);
}

int
posix_spawnattr_init(posix_spawnattr_t *a)
{
	return fails(ACTION) ? error : NEXT(posix_spawnattr_init)(a);
}
