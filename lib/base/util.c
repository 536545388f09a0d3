#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unicode.h"
#include "util.h"

const char *prog = "fluxloop";

static void
occupy_closed(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		/* opened the wrong way round, so that using it fails */
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

/* The length of the character at s and the character; 0 if it is not UTF-8. */
static size_t
decode(const unsigned char *s, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, n = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 :
	    *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

	*c = n < 2 ? *s : *s & (0x7fU >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return n && *c >= least[n] && *c < 0x110000 &&
	    (*c & ~0x7ffU) != 0xd800 ? n : 0;
}

char *
printable(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	/* six bytes for each: \u001b, \xff; ten for four: \U000e0001 */
	char *shown = malloc(6 * strlen(text) + 1), *o = shown;
	uint32_t c;
	size_t n;

	for (; shown && *s; s += n ? n : 1) {
		n = decode(s, &c);
		if (!n)
			o += sprintf(o, "\\x%02x", (unsigned)*s);
		else if (*s == '\n')
			o = (char *)memcpy(o, "\\n", 2) + 2;
		else if (unicode_is_hidden(c))
			o += sprintf(o, c < 0x10000 ? "\\u%04x" : "\\U%08x",
			    (unsigned)c);
		else
			o = (char *)memcpy(o, s, n) + n;
	}
	if (shown)
		*o = '\0';
	return shown;
}

void
vwarn(const char *fmt, va_list ap)
{
	char small[1024], *msg = small, *shown;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n >= (int)sizeof(small) && (msg = malloc((size_t)n + 1)))
		vsnprintf(msg, (size_t)n + 1, fmt, again);
	va_end(again);
	/* without memory a message is cut, and shown only if that is safe */
	shown = printable(msg ? msg : small);
	if (shown)
		fprintf(stderr, "%s: %s\n", prog, shown);
	else
		fprintf(stderr, "%s: out of memory\n", prog);
	free(shown);
	if (msg != small)
		free(msg);
}

void
warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
}

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
	exit(2);
}

void
die_memory(size_t n)
{
	if (n)
		die("out of memory (%zu bytes)", n);
	die("out of memory");
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
		die("out of memory (%zu times %zu bytes)", n, size);
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
