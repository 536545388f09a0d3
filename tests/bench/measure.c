/*
 * measure RUNS INPUT COMMAND...: runs a command RUNS times, with the file INPUT
 * as stdin and /dev/null as stdout, and prints the median of the wall-clock
 * seconds and the largest peak memory in KiB, of the command or of a process
 * that it waited for. With "own" as RUNS, runs the command once and reads its
 * memory every two milliseconds: the peak is that of the command alone.
 *
 * Before each run, TOUCH MiB of memory (512) are written: in a virtual machine,
 * the first write to a page may take ten times longer, because the host has to
 * find the page.
 */
#define _DEFAULT_SOURCE		/* wait4, MAP_ANONYMOUS */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * Waits for a process and sets *status. Reads its VmHWM every two milliseconds;
 * returns the largest in KiB.
 */
static long
watch(pid_t pid, int *status)
{
	struct timespec nap = { 0, 2000000 };
	char name[64], line[256];
	long peak = 0, now;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%ld/status", (long)pid);
	while (waitpid(pid, status, WNOHANG) == 0) {
		f = fopen(name, "r");
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, "VmHWM: %ld", &now) == 1 &&
			    now > peak)
				peak = now;
		if (f)
			fclose(f);
		nanosleep(&nap, NULL);
	}
	return peak;
}

static void
touch(void)
{
	const char *given = getenv("TOUCH");
	size_t size = (given ? (size_t)atol(given) : 512) << 20;
	void *p;

	p = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
	if (p == MAP_FAILED)
		return;
	memset(p, 1, size);
	munmap(p, size);
}

int
main(int argc, char **argv)
{
	int own = argc > 3 && !strcmp(argv[1], "own");
	int runs = own ? 1 : argc > 3 ? atoi(argv[1]) : 0, i, status, in, out;
	long peak = 0;
	double *took, begin;
	struct rusage ru;
	pid_t pid;

	if (runs < 1) {
		fprintf(stderr, "usage: measure RUNS INPUT COMMAND...\n");
		return 2;
	}
	took = calloc((size_t)runs, sizeof(*took));
	if (!took)
		return 2;
	for (i = 0; i < runs; i++) {
		touch();
		begin = now();
		pid = fork();
		if (pid == 0) {
			in = open(argv[2], O_RDONLY);
			out = open("/dev/null", O_WRONLY);
			dup2(in, 0);
			dup2(out, 1);
			execvp(argv[3], argv + 3);
			_exit(127);
		}
		if (pid > 0 && own)
			ru.ru_maxrss = watch(pid, &status);
		else if (pid < 0 || wait4(pid, &status, 0, &ru) < 0)
			return 2;
		took[i] = now() - begin;
		if (ru.ru_maxrss > peak)
			peak = ru.ru_maxrss;
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
			fprintf(stderr, "measure: %s failed\n", argv[3]);
			return 1;
		}
	}
	qsort(took, (size_t)runs, sizeof(*took), by_size);
	printf("%.6f %ld\n", took[runs / 2], peak);
	return 0;
}
