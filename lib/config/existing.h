#ifndef EXISTING_H
#define EXISTING_H

/*
 * Checks that what a configuration names is there.
 */
#include "schema.h"

struct config;

/*
 * Report missing folders, and missing files, as warnings with their places in
 * the configuration. The files are an inputs_file that is not the default, and
 * a recording to replay, unless it is yet to be made: in an existing folder
 * without other recordings.
 */
void existing_folders(const struct config *c, schema_report *report,
    void *arg);
void existing_files(const struct config *c, schema_report *report, void *arg);

/*
 * Sets *file to the path of the file that inputs are read from, relative to the
 * current folder, to be freed: the inputs_file if it exists; NULL if
 * base_inputs are used, which needs some, and the default inputs_file. Returns
 * 0, or -1 with *e filled in.
 */
int existing_inputs(const struct config *c, char **file, struct err *e);

#endif
