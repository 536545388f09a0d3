#ifndef WEBURL_H
#define WEBURL_H

/*
 * Addresses of services: http and https URLs (RFC 3986), parsed so strictly
 * that the host is certain.
 */
#include <stddef.h>

struct err;

struct weburl {
	int tls;		/* 1: https */
	char *user;		/* "name:password" before the '@', or NULL */
	char *host;		/* in lower case, an IPv6 address without its
				   brackets */
	unsigned port;
	char *path;		/* path and query, from '/' on, without the
				   fragment */
};

/* Parses a URL. Returns 0, or -1 with *e filled in; release it either way. */
int weburl_parse(struct weburl *u, const char *text, struct err *e);
void weburl_release(struct weburl *u);

/* Makes a copy, which is released for itself. */
void weburl_copy(struct weburl *to, const struct weburl *from);

/* The URL as text, without the user, to be freed. */
char *weburl_text(const struct weburl *u);

/* The path without its query, to be freed. */
char *weburl_plain_path(const struct weburl *u);

/* Whether both have the same scheme, host and port. */
int weburl_same_origin(const struct weburl *a, const struct weburl *b);

/*
 * Whether the host is this machine: localhost, 127.0.0.0/8 as four decimal
 * numbers, or ::1. Other names are not, whatever they resolve to.
 */
int weburl_is_loopback(const struct weburl *u);

#endif
