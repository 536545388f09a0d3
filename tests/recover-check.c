/*
 * For resume.bats: recover-check DIR. Cuts off the files of a complete
 * experiment after every byte, one and several at a time, and sets the rest to
 * zeros, as a machine that lost its power may leave it. The runs that are
 * recovered have to be those of which all parts are left, wherever they are.
 * Prints the number of ways that were tried, and of those that needed only one
 * pass.
 */
#define _DEFAULT_SOURCE		/* random() */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "base/warn.h"
#include "base/err.h"
#include "base/buf.h"
#include "json/json.h"
#include "experiment/row.h"
#include "experiment/recover.h"

#define RUNS_MAX 16

static struct buf text[RECOVER_FILES];
static size_t ends[RUNS_MAX + 1][RECOVER_FILES];	/* of each run's part */
static long long runs;
static int fd[RECOVER_FILES];
static long long taken, ways, stepped;

static void
read_all(const char *dir)
{
	char *path;
	ssize_t n;
	int i, file;

	for (i = 0; i < RECOVER_FILES; i++) {
		path = xasprintf("%s/%s", dir, recover_files[i]);
		file = open(path, O_RDONLY);
		while ((n = read(file, buf_room(&text[i], 4096), 4096)) > 0)
			text[i].len += (size_t)n;
		if (file < 0 || n < 0)
			die("%s: cannot be read", path);
		close(file);
		free(path);
	}
}

/* Finds where runs end, by newlines and the sums of observations_bytes. */
static void
find_ends(void)
{
	const char *row = buf_str(&text[RECOVER_ROWS]), *bytes;
	const char *trace = buf_str(&text[RECOVER_TRACES]);
	size_t *end;

	for (; *row && runs < RUNS_MAX; row = strchr(row, '\n') + 1) {
		end = ends[runs + 1];
		bytes = strstr(row, "\"observations_bytes\":") + 21;
		end[RECOVER_OBSERVATIONS] = ends[runs][RECOVER_OBSERVATIONS] +
		    strtoul(bytes, NULL, 10);
		trace = strchr(trace, '\n') + 1;
		end[RECOVER_TRACES] = (size_t)(trace - text[RECOVER_TRACES].p);
		end[RECOVER_ROWS] = (size_t)(strchr(row, '\n') + 1 -
		    text[RECOVER_ROWS].p);
		runs++;
	}
}

static int
take(void *arg, const struct json_span row[ROW_FIELDS], struct err *e)
{
	(void)arg;
	(void)e;
	taken += row[ROW_TRACE_ID].p != NULL;
	return 0;
}

static void
put(int file, size_t good, size_t size)
{
	char *zeros = xcalloc(1, size - good);

	if (ftruncate(fd[file], 0) || lseek(fd[file], 0, SEEK_SET) ||
	    write(fd[file], text[file].p, good) != (ssize_t)good ||
	    write(fd[file], zeros, size - good) != (ssize_t)(size - good) ||
	    lseek(fd[file], 0, SEEK_SET))
		die("a file cannot be written");
	free(zeros);
}

/* Whether all of a run is good in all files; it may have no observations. */
static int
is_good(long long run, const size_t good[RECOVER_FILES])
{
	int f;

	for (f = 0; f < RECOVER_FILES; f++)
		if (ends[run + 1][f] > ends[run][f] &&
		    ends[run + 1][f] > good[f])
			return 0;
	return 1;
}

/*
 * Checks that one pass, for files that are in one order except at their ends,
 * finds the same.
 */
static int
try_in_order(const struct recover *c)
{
	struct err e = { 0 };
	struct recover d;
	long long all = taken;
	int got;

	taken = 0;
	got = recover_in_order(&d, fd, take, NULL, &e);
	if (got < 0)
		die("in order: %s", e.msg);
	stepped += got;
	got = !got || (!c->damaged && d.runs == c->runs && taken == all && d.torn == c->torn &&
	    !memcmp(d.size, c->size, sizeof(d.size)));
	recover_release(&d);
	taken = all;
	return got;
}

/* Tries files of these sizes, of which the first bytes are good. */
static void
try(const size_t good[RECOVER_FILES], const size_t size[RECOVER_FILES])
{
	struct err e = { 0 };
	struct recover c;
	uint64_t last[RECOVER_FILES] = { 0 };
	long long wanted = 0, i;
	int f, bad, more = 0, damaged = 0;

	for (i = 0; i < runs; i++) {
		if (!is_good(i, good))
			continue;
		wanted++;
		for (f = 0; f < RECOVER_FILES; f++)
			if (ends[i + 1][f] > ends[i][f])
				last[f] = ends[i + 1][f];
	}
	for (f = 0; f < RECOVER_FILES; f++) {
		put(f, good[f], size[f]);
		more |= size[f] > last[f];
	}
	for (i = 0; i < runs; i++)
		for (f = 0; f < RECOVER_FILES; f++)
			damaged |= !is_good(i, good) && ends[i][f] < last[f] &&
			    ends[i + 1][f] > ends[i][f];
	taken = 0;
	if (recover_find(&c, fd, &e) || recover_each(&c, take, NULL, &e))
		die("%zu %zu %zu of %zu %zu %zu: %s", good[0], good[1],
		    good[2], size[0], size[1], size[2], e.msg);
	bad = memcmp(c.size, last, sizeof(last)) != 0 ||
	    c.damaged != damaged;
	if (bad || c.runs != wanted || taken != wanted ||
	    (c.torn > 0) != more)
		die("%zu %zu %zu of %zu %zu %zu: %lld runs and %lld torn, not "
		    "%lld", good[0], good[1], good[2], size[0], size[1],
		    size[2], c.runs, c.torn, wanted);
	if (!try_in_order(&c))
		die("%zu %zu %zu of %zu %zu %zu: not the same in order",
		    good[0], good[1], good[2], size[0], size[1], size[2]);
	recover_release(&c);
	ways++;
}

static void
try_all(void)
{
	size_t good[RECOVER_FILES], size[RECOVER_FILES], n;
	int f, other, i;

	for (f = 0; f < RECOVER_FILES; f++)
		for (n = 0; n <= text[f].len; n++) {
			for (other = 0; other < RECOVER_FILES; other++)
				good[other] = size[other] = text[other].len;
			good[f] = n;
			try(good, size);
			size[f] = n;
			try(good, size);
		}
	for (i = 0; i < 3000; i++) {
		for (f = 0; f < RECOVER_FILES; f++) {
			good[f] = (size_t)random() % (text[f].len + 1);
			size[f] = random() % 2 ? good[f] : text[f].len;
		}
		try(good, size);
	}
}

int
main(int argc, char **argv)
{
	int f;

	util_init(argv[0]);
	if (argc != 2)
		die("usage: recover-check DIR");
	read_all(argv[1]);
	find_ends();
	if (!runs || ends[runs][RECOVER_ROWS] != text[RECOVER_ROWS].len)
		die("%s: no small whole experiment", argv[1]);
	for (f = 0; f < RECOVER_FILES; f++)
		fd[f] = fileno(tmpfile());
	try_all();
	printf("%lld ways, %lld of them in order\n", ways, stepped);
	return 0;
}
