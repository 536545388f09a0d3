#ifndef IMPORT_H
#define IMPORT_H

/*
 * Converts recordings of other programs to traces. Each row of the table in
 * import.c is a kind of input.
 */
#include <stddef.h>

#include "outputs.h"

struct gather;
struct out;
struct source;

struct import_kind {
	const char *name;
	const char *what;	/* what the kind reads, for the usage */
	/* private: reads all files of s, which reports bad ones */
	void (*read)(struct gather *m, struct source *s);
};
extern const struct import_kind import_kinds[];
extern const size_t import_nkinds;

/* The kind of that name, or NULL. */
const struct import_kind *import_find(const char *name);

/*
 * Reads all of s, which reports bad lines and what was not imported, and writes
 * to o. Returns 0, or -1 if a temporary file or the output failed.
 */
int import_run(const struct import_kind *kind, struct source *s,
    struct out *o, enum import_output what);

#endif
