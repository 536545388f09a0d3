#define _GNU_SOURCE
/*
 * A server of a model that answers at once, for benchmarks: model-server FILE
 * writes its base URL to FILE, and answers each request with the same reply.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 1024

static const char body[] =
    "{\"id\":\"r\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":"
    "[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":"
    "\"assistant\",\"content\":\"{\\\"pass\\\": true, \\\"score\\\": 0.9, "
    "\\\"reason\\\": \\\"It answers the question.\\\"}\"}}],\"usage\":"
    "{\"prompt_tokens\":80,\"completion_tokens\":20,\"total_tokens\":100}}";

static struct pollfd fds[MOST];
static struct {
	char p[65536];
	size_t n;
} in[MOST];
static nfds_t n = 1;
static char reply[2048];

static void
drop(nfds_t i)
{
	close(fds[i].fd);
	n--;
	fds[i] = fds[n];
	if (i != n)
		memcpy(&in[i], &in[n], sizeof(in[i]));
}

/* Returns the length of the complete request at p, or 0. */
static size_t
request_length(const char *p, size_t len)
{
	const char *end = memmem(p, len, "\r\n\r\n", 4), *at;
	size_t head, more = 0;

	if (!end)
		return 0;
	head = (size_t)(end - p) + 4;
	for (at = p; at < end; at = strstr(at, "\r\n") + 2)
		if (!strncasecmp(at, "Content-Length:", 15))
			more = strtoul(at + 15, NULL, 10);
	return head + more <= len ? head + more : 0;
}

/* Reads from a connection and answers. Returns -1 if it is closed. */
static int
serve(nfds_t i)
{
	ssize_t got = read(fds[i].fd, in[i].p + in[i].n,
	    sizeof(in[i].p) - in[i].n - 1);
	size_t used;

	if (got <= 0)
		return -1;
	in[i].n += (size_t)got;
	in[i].p[in[i].n] = '\0';
	while ((used = request_length(in[i].p, in[i].n))) {
		in[i].n -= used;
		memmove(in[i].p, in[i].p + used, in[i].n + 1);
		if (write(fds[i].fd, reply, strlen(reply)) < 0)
			return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t size = sizeof(a);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	nfds_t i;
	FILE *f;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc != 2 || bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(fd, 512) || getsockname(fd, (struct sockaddr *)&a, &size))
		return 2;
	snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Type: "
	    "application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    sizeof(body) - 1, body);
	f = fopen(argv[1], "w");
	if (!f)
		return 2;
	fprintf(f, "http://127.0.0.1:%d/v1", ntohs(a.sin_port));
	fclose(f);
	fds[0] = (struct pollfd){ fd, POLLIN, 0 };
	while (poll(fds, n, -1) >= 0 || errno == EINTR) {
		for (i = n; i-- > 1; )
			if (fds[i].revents && serve(i))
				drop(i);
		if (!fds[0].revents || n == MOST)
			continue;
		fd = accept(fds[0].fd, NULL, NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		fds[n] = (struct pollfd){ fd, POLLIN, 0 };
		in[n++].n = 0;
	}
	return 1;
}
