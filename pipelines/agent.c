/*
 * An agent in C: reports a step, and answers with its input. Run it by
 *   cc -D_POSIX_C_SOURCE=200809L -o agent pipelines/agent.c
 *   fl-run --command ./agent inputs.jsonl
 */
#include <jsmn.h>
#include <stdio.h>
#include <string.h>

/*
 * Returns the value of a member of the request, as it is in the line, without
 * the quotes of a string. NULL if there is none.
 */
static const char *
member(const char *line, const jsmntok_t *t, int n, const char *key, int *len)
{
	int i;

	for (i = 1; i + 1 < n; i++)
		if (t[i].size == 1 && t[i].type == JSMN_STRING &&
		    !strncmp(line + t[i].start, key, strlen(key)) &&
		    line[t[i].start + (int)strlen(key)] == '"') {
			*len = t[i + 1].end - t[i + 1].start;
			return line + t[i + 1].start;
		}
	return NULL;
}

int
main(void)
{
	static jsmntok_t tokens[10000];
	const char *id, *input;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int n, idlen, inlen;
	jsmn_parser p;

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	puts("{\"type\":\"hello\",\"protocol\":1,\"pipeline\":16}");
	while ((len = getline(&line, &size, stdin)) > 0) {
		jsmn_init(&p);
		n = jsmn_parse(&p, line, (size_t)len, tokens, 10000);
		id = member(line, tokens, n, "id", &idlen);
		input = member(line, tokens, n, "input", &inlen);
		if (!id || !input)
			continue;
		printf("{\"type\":\"start\",\"id\":%.*s}\n", idlen, id);
		if (input[-1] != '"') {
			printf("{\"type\":\"error\",\"id\":%.*s,\"error\":"
			    "\"expected text\",\"code\":\"input\"}\n", idlen, id);
			continue;
		}
		printf("{\"type\":\"observation\",\"id\":%.*s,\"observation\":"
		    "{\"type\":\"tool\",\"name\":\"answer\",\"input\":\"%.*s\","
		    "\"output\":\"you said %.*s\"}}\n", idlen, id,
		    inlen, input, inlen, input);
		printf("{\"type\":\"final\",\"id\":%.*s,"
		    "\"output\":\"you said %.*s\"}\n", idlen, id, inlen, input);
	}
	return 0;
}
