#ifndef STATUS_H
#define STATUS_H

/*
 * The state of an experiment directory: how far it has come, how its runs
 * went, and whether and with which options it can be resumed.
 */
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"

struct err;

struct status {
	char *dir;		/* the directory, as the caller named it */
	struct buf manifest;	/* manifest.json, checked; empty: none */
	int broken;		/* 1: manifest.json is not whole JSON */
	int bare;		/* 1: no run was started in it */
	int summarized;		/* 1: the figures below are summary.json's */
	int cancelled;		/* 1: runs were cancelled */
	long long runs;		/* number of finished runs */
	long long of;		/* number of planned runs; -1: unknown */
	long long failed;	/* -1: unknown */
	long long judged;	/* runs that were evaluated; -1: none was */
	long long passed;	/* number of evaluated runs that pass */
	double p50, p95;	/* milliseconds; NaN: unknown */
};

/*
 * Reads the state of a directory. Returns 0, or -1 with *e filled in when it
 * cannot be read; s can be released either way.
 */
int status_read(struct status *s, const char *dir, struct err *e);
void status_release(struct status *s);

/* Why the experiment cannot be resumed, a phrase; NULL if it can. */
const char *status_obstacle(const struct status *s);

/* Appends an object of all that is known, as fl-status(1) describes it. */
void status_put_json(struct buf *b, const struct status *s);

/* Appends a sentence without a newline: "DIR: 50 runs, 2 failed, ...". */
void status_put_text(struct buf *b, const struct status *s);

/*
 * Appends the options that the experiment was started with, including --config
 * and --name, as --NAME=VALUE, each followed by a NUL.
 */
void status_put_options(struct buf *b, const struct status *s);

/*
 * The directories in folder whose names end in the time of an experiment, such
 * as _20250131_235959 or _20250131_235959-2, the newest first. Returns a list
 * of n paths, all of which the caller frees; an unreadable folder is empty.
 */
char **status_list(const char *folder, size_t *n);

#endif
