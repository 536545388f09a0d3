#ifndef LAYOUT_H
#define LAYOUT_H

/*
 * The files that a configuration consists of: setting.yaml, or the files of a
 * folder configs, which the original FluxLoop has from 0.3 on.
 */
#include <stddef.h>

/* Zeroed memory is an empty layout. */
struct layout {
	char **files;		/* paths, the file of least precedence first */
	size_t n;
	char *folder;		/* of the project, as it was spelled, with a
				   slash at its end; "" is the current folder */
};

/*
 * Finds the files of the configuration that a path names. A folder, or one of
 * project.yaml, scenario.yaml, input.yaml, simulation.yaml and evaluation.yaml
 * in a folder called configs, stands for those of the five that exist; the
 * project's folder is above it. Any other path is the only file.
 */
void layout_find(struct layout *l, const char *path);
void layout_release(struct layout *l);

/*
 * The index of the file that a new key belongs in: in a folder configs, what is
 * about inputs goes to input.yaml, all else to simulation.yaml, where these
 * exist.
 */
size_t layout_home(const struct layout *l, const char *key);

/* A path relative to the project's folder, as seen from here; to be freed. */
char *layout_beside(const struct layout *l, const char *path);

#endif
