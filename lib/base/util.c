#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

const char *prog = "fluxloop";

static void
occupy_closed(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		/* opened for the wrong direction, so that using it fails */
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			_exit(2);
}

void
util_init(const char *argv0)
{
	const char *slash;

	slash = argv0 ? strrchr(argv0, '/') : NULL;
	if (slash)
		prog = slash + 1;
	else if (argv0)
		prog = argv0;
	signal(SIGPIPE, SIG_DFL);
	/* a write beyond the size limit fails and is reported */
	signal(SIGXFSZ, SIG_IGN);
	occupy_closed();
}

int
signal_ignored(int sig)
{
	struct sigaction sa;

	return !sigaction(sig, NULL, &sa) && sa.sa_handler == SIG_IGN;
}

void
die_memory(size_t n)
{
	if (n)
		fprintf(stderr, "%s: out of memory (%zu bytes)\n", prog, n);
	else
		fprintf(stderr, "%s: out of memory\n", prog);
	exit(2);
}

void *
xmalloc(size_t n)
{
	return xrealloc(NULL, n);
}

void *
xcalloc(size_t n, size_t size)
{
	void *p;

	p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		die_memory(0);
	return p;
}

void *
xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		die_memory(n);
	return p;
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		die_memory(SIZE_MAX);
	return xrealloc(p, n * size);
}

char *
xstrdup(const char *s)
{
	return xmemdup(s, strlen(s));
}

char *
xmemdup(const void *p, size_t n)
{
	char *copy;

	copy = xmalloc(n + 1);
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		die_memory(0);
	s = xmalloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

size_t
grow(size_t cap, size_t need)
{
	if (cap > SIZE_MAX / 2)
		return need;
	cap = cap ? cap * 2 : 16;
	return cap < need ? need : cap;
}
