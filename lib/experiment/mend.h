#ifndef MEND_H
#define MEND_H

/*
 * Takes out of an experiment's files what is torn or damaged. Nothing is
 * destroyed: such lines, and all other lines of their runs, go to
 * damaged.jsonl as they are.
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
 * the other, and opened again. A crash in between leaves what another call
 * mends. report is called with what is wrong. Returns 0, or -1 with *e filled
 * in.
 */
int mend(struct out *files, int dir, const char *path,
    struct recover *r, void (*report)(const char *msg), struct err *e);

#endif
