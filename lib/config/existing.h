#ifndef EXISTING_H
#define EXISTING_H

/*
 * Checks that what a configuration names is there.
 */
#include "schema.h"

struct config;

/*
 * Report as warnings, with their places in the file, folders that do not exist;
 * and files: an inputs_file that is missing and not the default, and a
 * recording to replay that is missing where there are others, or no folder for
 * it.
 */
void existing_folders(const struct config *c, schema_report *report,
    void *arg);
void existing_files(const struct config *c, schema_report *report, void *arg);

/*
 * The file that the inputs are read from, as seen from here, to be freed: the
 * inputs_file if it is there; NULL for base_inputs if it is not, is not named
 * and there are some. Returns 0, or -1 with *e filled in if there is neither.
 */
int existing_inputs(const struct config *c, char **file, struct err *e);

#endif
