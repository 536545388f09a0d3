/*
 * An agent that answers each request at once, with null: what remains is the
 * cost of the calls themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(void)
{
	static char line[1 << 16];
	const char *id;

	puts("{\"type\":\"hello\",\"protocol\":1,\"pipeline\":64}");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		id = strstr(line, "\"id\":");
		printf("{\"type\":\"start\",\"id\":%ld}\n"
		    "{\"type\":\"final\",\"id\":%ld,\"output\":null}\n",
		    id ? atol(id + 5) : 0, id ? atol(id + 5) : 0);
		fflush(stdout);
	}
	return 0;
}
