#ifndef MEND_H
#define MEND_H

/*
 * Removes incomplete and damaged lines from an experiment's files. Nothing is
 * destroyed: such lines, and all other lines of their runs, are moved to
 * damaged.jsonl unchanged.
 */
#include <stddef.h>

#include "io/out.h"
#include "recover.h"

struct err;

/*
 * Mends the RECOVER_FILES files in the open directory dir, which messages call
 * path, so that they hold the whole runs that r found in them and nothing else.
 * The lines taken out are on the disk before a file is touched. The end of a
 * file is cut off; files that are damaged elsewhere are written anew, one after
 * the other, and opened again. After a crash in between, another call completes
 * the work. report is called with what is wrong. Returns 0, or -1 with *e
 * filled in.
 */
int mend(struct out *files, int dir, const char *path,
    struct recover *r, void (*report)(const char *msg), struct err *e);

#endif
