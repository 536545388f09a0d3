#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/util.h"
#include "record/secret.h"
#include "weburl.h"

/* The default port of a scheme. */
static unsigned
default_port(int tls)
{
	return tls ? 443 : 80;
}

/* Reads a port of n digits. Returns 0 if it is not one. */
static unsigned
parse_port(const char *p, size_t n)
{
	unsigned port = 0;
	size_t i;

	for (i = 0; i < n && i < 6; i++) {
		if (!isdigit((unsigned char)p[i]))
			return 0;
		port = port * 10 + (unsigned)(p[i] - '0');
	}
	return i == n && port < 65536 ? port : 0;
}

/* Whether a character can be in a host name or address. */
static int
is_host_char(char c, int bracketed)
{
	return isalnum((unsigned char)c) || strchr("-._", c) ||
	    (bracketed && c == ':') || (unsigned char)c >= 0x80;
}

/* Parses "host:port" of n bytes. Returns 0, or -1. */
static int
parse_host(struct weburl *u, const char *p, size_t n)
{
	int bracketed = n && *p == '[';
	const char *end = bracketed ? memchr(p, ']', n) : memchr(p, ':', n);
	size_t i, len;

	if (bracketed && !end)
		return -1;
	len = end ? (size_t)(end - p) : n;
	u->host = xmemdup(p + bracketed, len - (size_t)bracketed);
	for (i = 0; u->host[i]; i++) {
		if (!is_host_char(u->host[i], bracketed))
			return -1;
		u->host[i] = (char)tolower((unsigned char)u->host[i]);
	}
	len += (size_t)bracketed;
	u->port = default_port(u->tls);
	/* "host:" has the default port */
	if (len + 1 < n)
		u->port = p[len] == ':' ?
		    parse_port(p + len + 1, n - len - 1) : 0;
	return *u->host && u->port ? 0 : -1;
}

/* Whether every character can be in a URL; no program may read it otherwise. */
static int
is_plain_url(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '\\')
			return 0;
	return 1;
}

static int
weburl_wrong(struct err *e, const char *text, const char *what)
{
	char *hidden = secret_hide(text);

	err_set(e, 0, 0, "'%s'%s", hidden, what);
	free(hidden);
	return -1;
}

int
weburl_parse(struct weburl *u, const char *text, struct err *e)
{
	const char *p = text, *at;
	size_t n;

	memset(u, 0, sizeof(*u));
	if (!strncasecmp(p, "https://", 8))
		u->tls = 1;
	else if (strncasecmp(p, "http://", 7) != 0)
		return weburl_wrong(e, text, ": expected http:// or https://");
	p += 7 + u->tls;
	n = strcspn(p, "/?#");
	at = memchr(p, '@', n);
	if (at) {
		u->user = xmemdup(p, (size_t)(at - p));
		n -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	if (!is_plain_url(text) || memchr(p, '@', n) || parse_host(u, p, n))
		return weburl_wrong(e, text, " is not a URL");
	p += n;
	n = strcspn(p, "#");
	u->path = *p == '/' ? xmemdup(p, n) : xasprintf("/%.*s", (int)n, p);
	return 0;
}

void
weburl_release(struct weburl *u)
{
	free(u->user);
	free(u->host);
	free(u->path);
	memset(u, 0, sizeof(*u));
}

void
weburl_copy(struct weburl *to, const struct weburl *from)
{
	*to = *from;
	to->host = xstrdup(from->host);
	to->path = xstrdup(from->path);
	to->user = from->user ? xstrdup(from->user) : NULL;
}

char *
weburl_text(const struct weburl *u)
{
	struct buf b = { 0 };
	int six = strchr(u->host, ':') != NULL;

	buf_printf(&b, "http%s://%s%s%s", u->tls ? "s" : "", six ? "[" : "",
	    u->host, six ? "]" : "");
	if (u->port != default_port(u->tls))
		buf_printf(&b, ":%u", u->port);
	buf_puts(&b, u->path);
	return buf_detach(&b, NULL);
}

char *
weburl_plain_path(const struct weburl *u)
{
	return xmemdup(u->path, strcspn(u->path, "?"));
}

int
weburl_same_origin(const struct weburl *a, const struct weburl *b)
{
	return a->tls == b->tls && a->port == b->port &&
	    !strcmp(a->host, b->host);
}

/* Whether text is an IPv4 address of 127.0.0.0/8 as inet_ntoa prints it. */
static int
is_loopback_address(const char *text)
{
	unsigned char n[4];
	char again[16];
	unsigned a, b, c, d;

	if (sscanf(text, "%3u.%3u.%3u.%3u", &a, &b, &c, &d) != 4)
		return 0;
	n[0] = (unsigned char)a;
	n[1] = (unsigned char)b;
	n[2] = (unsigned char)c;
	n[3] = (unsigned char)d;
	snprintf(again, sizeof(again), "%u.%u.%u.%u", n[0], n[1], n[2], n[3]);
	return n[0] == 127 && !strcmp(again, text);
}

int
weburl_is_loopback(const struct weburl *u)
{
	return !strcmp(u->host, "localhost") || !strcmp(u->host, "::1") ||
	    is_loopback_address(u->host);
}
