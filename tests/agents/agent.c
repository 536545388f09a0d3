/* An agent that answers each request with its number of bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(void)
{
	char *line = NULL, *id;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		id = strstr(line, "\"id\":");
		printf("{\"type\":\"final\",\"id\":%ld,\"output\":%zd}\n",
		    id ? atol(id + 5) : 0, n);
		fflush(stdout);
	}
	free(line);
	return 0;
}
