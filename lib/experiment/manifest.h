#ifndef MANIFEST_H
#define MANIFEST_H

/*
 * manifest.json (fluxloop-records(5)): the settings of an experiment, recorded
 * so that changes are noticed before it is continued.
 */
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct buf;
struct config;

/* The settings known now. */
struct manifest {
	const struct config *config;
	int configured;		/* 0: config has only defaults */
	const char *inputs;	/* inputs file; "": none; NULL: not given */
	long long runs;		/* planned runs; -1: not given */
	const char *name;	/* experiment name; NULL: as configured */
	const char **options;	/* further settings, NAME=VALUE */
	size_t noptions;
};

/*
 * Reads manifest.json in the open directory dir. b stays empty if that is
 * missing or not a whole object. Returns 0, or -1 with errno set.
 */
int manifest_read(struct buf *b, int dir);

/*
 * Appends the manifest, pretty-printed. older is the checked manifest of the
 * experiment being continued, which supplies what is not given now; absent for
 * a new experiment. now is the time of resumption in microseconds since 1970,
 * or 0.
 */
void manifest_put(struct buf *b, const struct manifest *m,
    struct json_span older, int64_t now);

/*
 * Reports whether the configuration and the inputs of a part of an experiment
 * differ from the experiment's; an unknown one does not. Returns how many of
 * the two differ.
 */
size_t manifest_compare_part(struct json_span whole, struct json_span part,
    const char *name, void (*report)(const char *msg));

/*
 * Reports each difference between two manifests that can change the result of a
 * run. Returns their number.
 */
size_t manifest_compare(struct json_span older, struct json_span newer,
    void (*report)(const char *msg));

#endif
