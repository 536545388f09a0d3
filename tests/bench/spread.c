/*
 * spread FOLDER COUNT [FILE...]: copies its input to COUNT new files of the
 * same size in a new folder, by two processes. That is the work of fl-parse
 * without the JSON. A pipe on stdin is copied to a temporary file first.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK (1 << 20)

static char block[BLOCK];

struct source {
	int fd;
	off_t from, size;	/* in all the sources together */
};

static struct source *sources;
static int nsources;
static off_t total;

static void
fail(const char *what)
{
	perror(what);
	exit(2);
}

static void
add_source(int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		fail("spread");
	sources = realloc(sources, (size_t)(nsources + 1) * sizeof(*sources));
	if (!sources)
		fail("spread");
	sources[nsources++] = (struct source){ fd, total, st.st_size };
	total += st.st_size;
}

static void
write_all(int fd, size_t n)
{
	size_t done = 0;
	ssize_t got;

	for (; done < n; done += (size_t)got) {
		got = write(fd, block + done, n - done);
		if (got < 0)
			fail("write");
	}
}

/* Copies a pipe to a file without a name. */
static int
keep_pipe(void)
{
	char name[] = "spread.XXXXXX";
	int fd = mkstemp(name);
	ssize_t n;

	if (fd < 0)
		fail(name);
	unlink(name);
	while ((n = read(0, block, BLOCK)) > 0)
		write_all(fd, (size_t)n);
	return fd;
}

/* Copies the bytes between two offsets of the sources, taken together. */
static void
copy(int out, off_t from, off_t to)
{
	const struct source *s;
	off_t most;
	ssize_t n;

	for (s = sources; from < to; from += n) {
		while (from >= s->from + s->size)
			s++;
		most = (to < s->from + s->size ? to : s->from + s->size) - from;
		n = pread(s->fd, block, most < BLOCK ? (size_t)most : BLOCK,
		    from - s->from);
		if (n <= 0)
			fail("read");
		write_all(out, (size_t)n);
	}
}

static void
write_files(int folder, long from, long to, long count)
{
	char name[32];
	long i;
	int fd;

	for (i = from; i < to; i++) {
		snprintf(name, sizeof(name), "%06ld", i);
		fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0)
			fail(name);
		copy(fd, total / count * i, i == count - 1 ? total :
		    total / count * (i + 1));
		close(fd);
	}
}

int
main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 0;
	int i, folder, status;
	pid_t pid;

	if (count < 1) {
		fprintf(stderr, "usage: spread FOLDER COUNT [FILE...]\n");
		return 2;
	}
	for (i = 3; i < argc; i++)
		add_source(open(argv[i], O_RDONLY));
	if (argc == 3)
		add_source(keep_pipe());
	if (mkdir(argv[1], 0700) || (folder = open(argv[1], O_RDONLY)) < 0)
		fail(argv[1]);
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		write_files(folder, 0, count / 2, count);
		return 0;
	}
	write_files(folder, count / 2, count, count);
	return waitpid(pid, &status, 0) < 0 || status ? 2 : 0;
}
