#ifndef MANIFEST_H
#define MANIFEST_H

/*
 * manifest.json: what an experiment is run with, as fluxloop-records(5) has
 * it, so that it can be told what changed before it is continued.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct buf;
struct config;

/* What is known of it. */
struct manifest {
	const struct config *config;
	int configured;		/* 0: that is only what is assumed */
	const char *inputs;	/* their file; "": none; NULL: not told */
	long long runs;		/* how many there are to be; -1: not told */
	const char *name;	/* of the experiment; NULL: as configured */
	const char **options;	/* more of what it is run with: NAME=VALUE */
	size_t noptions;
};

/*
 * Appends it, laid out for people. older is the checked manifest of an
 * experiment that is continued, whose the parts are that are not told now; p
 * is NULL for a new experiment. now is when a run is added to it again
 * (microseconds since 1970), 0 when none is.
 */
void manifest_put(struct buf *b, const struct manifest *m,
    struct json_span older, int64_t now);

/*
 * Says how a manifest differs from the older one that it was made with, where
 * that can change what a run gives. Returns how many differences there are.
 */
size_t manifest_compare(struct json_span older, struct json_span newer,
    void (*say)(const char *msg));

#endif
