/*
 * A service without latency: http-server FILE writes its URL to FILE and
 * answers each complete request with the same JSON, over connections that stay
 * open. One thread, poll(2).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 1024

static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    "Content-Length: 15\r\n\r\n{\"answer\":\"ok\"}";

static struct client {
	char in[65536];
	size_t n;
} *clients[CLIENTS];

/* Returns the bytes of a complete request at the start of `in`, or 0. */
static size_t
whole(struct client *c)
{
	char *end, *length;

	c->in[c->n] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return 0;
	length = strcasestr(c->in, "content-length:");
	if (length && length < end)
		end += strtoul(length + 15, NULL, 10);
	end += 4;
	return end <= c->in + c->n ? (size_t)(end - c->in) : 0;
}

/* Returns 0 when the client is gone. */
static int
handle(int fd, struct client *c)
{
	ssize_t n = read(fd, c->in + c->n, sizeof(c->in) - 1 - c->n);
	size_t size;

	if (n <= 0)
		return 0;
	c->n += (size_t)n;
	while ((size = whole(c))) {
		memmove(c->in, c->in + size, c->n -= size);
		if (write(fd, reply, sizeof(reply) - 1) < 0)
			return 0;
	}
	return 1;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct pollfd fds[CLIENTS];
	socklen_t size = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	nfds_t n = 1, i;
	FILE *f;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc < 2 || bind(listener, (struct sockaddr *)&a, size) ||
	    listen(listener, 1024) ||
	    getsockname(listener, (struct sockaddr *)&a, &size) ||
	    !(f = fopen(argv[1], "w")))
		return 2;
	fprintf(f, "http://127.0.0.1:%u\n", ntohs(a.sin_port));
	fclose(f);
	fds[0] = (struct pollfd){ listener, POLLIN, 0 };
	for (;;) {
		if (poll(fds, n, -1) < 0)
			return 2;
		if (fds[0].revents && n < CLIENTS) {
			fds[n] = (struct pollfd){ accept(listener, NULL,
			    NULL), POLLIN, 0 };
			setsockopt(fds[n].fd, IPPROTO_TCP, TCP_NODELAY, &yes,
			    sizeof(yes));
			clients[n++] = calloc(1, sizeof(struct client));
		}
		for (i = 1; i < n; i++)
			if (fds[i].revents && !handle(fds[i].fd, clients[i])) {
				close(fds[i].fd);
				free(clients[i]);
				fds[i] = fds[--n];
				clients[i] = clients[n];
				i--;
			}
	}
}
