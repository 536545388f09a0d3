#ifndef PROJECT_H
#define PROJECT_H

/*
 * Where new projects go.
 */
struct buf;
struct err;

/*
 * Appends the folder of a new project, as seen from here: fluxloop/SLUG in the
 * folder base; where base is a folder called fluxloop that holds projects
 * already, the new one joins them. Returns 0, or -1 with *e filled in for a
 * name that is not fit for a folder, or a base that is not one.
 */
int project_folder(struct buf *folder, const char *name, const char *base,
    struct err *e);

/* The folder of the example project, to be freed; NULL if it is missing. */
char *project_example(void);

#endif
