#ifndef RECORDER_H
#define RECORDER_H

/*
 * A proxy on loopback in front of a service: passes requests on unchanged and
 * replies as they come, and makes a recording (fluxloop-records(5)) of each
 * request that succeeds.
 */
#include "weburl.h"

struct err;

struct recorder_plan {
	struct weburl to;	/* the service; paths are added to its own */
	const char *target;	/* target of the recordings; NULL: "POST
				   /path" */
	const char *prefix;	/* start of the paths to record; NULL: all */
	int mask;		/* 1: mask secrets */
	int out;		/* descriptor of the recordings */
	/* prints a message for people */
	void (*report)(const char *msg);
};

/*
 * Listens on an address of this machine, "127.0.0.1:8080" or "[::1]:0"; port 0
 * is any that is free. Returns the descriptor, with the URL in *url, to be
 * freed; or -1 with *e filled in.
 */
int recorder_listen(const char *address, char **url, struct err *e);

/*
 * Serves until a recording cannot be written: returns -1 with *e filled in.
 */
int recorder_run(const struct recorder_plan *p, int listener, struct err *e);

#endif
