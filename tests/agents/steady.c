/*
 * steady MS: an agent that sends two observations and, after MS milliseconds, the
 * answer to each request, so that fl-run is usually in the middle of a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int
main(int argc, char **argv)
{
	long ms = argc > 1 ? atol(argv[1]) : 2;
	struct timespec nap = { ms / 1000, ms % 1000 * 1000000 };
	char *line = NULL, *p;
	size_t cap = 0;
	long id;

	puts("{\"type\":\"hello\",\"protocol\":1,\"pipeline\":4}");
	fflush(stdout);
	while (getline(&line, &cap, stdin) > 0) {
		p = strstr(line, "\"id\":");
		id = p ? atol(p + 5) : 0;
		printf("{\"type\":\"start\",\"id\":%ld}\n", id);
		printf("{\"type\":\"observation\",\"id\":%ld,\"observation\":"
		    "{\"id\":\"a\",\"type\":\"tool\",\"name\":\"first\"}}\n",
		    id);
		fflush(stdout);
		nanosleep(&nap, NULL);
		printf("{\"type\":\"observation\",\"id\":%ld,\"observation\":"
		    "{\"id\":\"b\",\"type\":\"agent\",\"name\":\"second\","
		    "\"output\":\"done\"}}\n", id);
		printf("{\"type\":\"final\",\"id\":%ld}\n", id);
		fflush(stdout);
	}
	free(line);
	return 0;
}
