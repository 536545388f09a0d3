#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "layout.h"

/* The files of a folder configs, in the order in which they are merged. */
static const char *const sections[] = {
	"project.yaml", "scenario.yaml", "input.yaml", "simulation.yaml",
	"evaluation.yaml"
};

/* The keys that belong into input.yaml. */
static const char *const input_keys[] = {
	"personas", "base_inputs", "inputs_file", "input_template",
	"input_generation", "variation_strategies", "variation_count",
	"variation_temperature", "variation_model", "custom_variation_prompt"
};

/* The length of a path up to its last name. */
static size_t
folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The length of a path without the slashes at its end. */
static size_t
bare_len(const char *path, size_t n)
{
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

static int
is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Whether a file is one of the sections in a folder called configs. */
static int
is_section(const char *path)
{
	size_t n = folder_len(path), i;
	char *folder = n ? xmemdup(path, n) : xstrdup(".");
	char *real = realpath(folder, NULL);
	const char *name = real ? strrchr(real, '/') : NULL;
	int is = 0;

	if (name && !strcmp(name, "/configs"))
		for (i = 0; i < LEN(sections); i++)
			is |= !strcmp(path + n, sections[i]);
	free(real);
	free(folder);
	return is;
}

static void
layout_add(struct layout *l, char *file)
{
	l->files = xreallocarray(l->files, l->n + 1, sizeof(*l->files));
	l->files[l->n++] = file;
}

/* The folder above a folder whose path has n bytes, with a slash; to be freed. */
static char *
folder_above(const char *path, size_t n)
{
	const char *last;

	n = bare_len(path, n);
	for (last = path + n; last > path && last[-1] != '/'; last--)
		;
	if (!strncmp(last, ".", n - (size_t)(last - path)) ||
	    !strncmp(last, "..", n - (size_t)(last - path)))
		return xasprintf("%.*s/../", (int)n, path);
	return xmemdup(path, (size_t)(last - path));
}

void
layout_find(struct layout *l, const char *path)
{
	int folder = is_folder(path);
	size_t n = folder ? strlen(path) : folder_len(path), i;
	const char *configs = n ? path : "./";
	char *file;

	memset(l, 0, sizeof(*l));
	if (!n)
		n = 2;
	if (!folder && !is_section(path)) {
		layout_add(l, xstrdup(path));
		l->folder = xmemdup(path, folder_len(path));
		return;
	}
	l->folder = folder_above(configs, n);
	for (i = 0; i < LEN(sections); i++) {
		file = xasprintf("%.*s/%s", (int)bare_len(configs, n),
		    configs, sections[i]);
		if (access(file, F_OK))
			free(file);
		else
			layout_add(l, file);
	}
	if (!l->n)
		layout_add(l, xstrdup(path));
}

void
layout_release(struct layout *l)
{
	while (l->n)
		free(l->files[--l->n]);
	free(l->files);
	free(l->folder);
	memset(l, 0, sizeof(*l));
}

size_t
layout_home(const struct layout *l, const char *key)
{
	const char *home = "simulation.yaml";
	size_t i, n = strcspn(key, ".");

	for (i = 0; i < LEN(input_keys); i++)
		if (strlen(input_keys[i]) == n &&
		    !memcmp(input_keys[i], key, n))
			home = "input.yaml";
	for (i = 0; i < l->n; i++)
		if (!strcmp(l->files[i] + folder_len(l->files[i]), home))
			return i;
	return l->n - 1;
}

char *
layout_beside(const struct layout *l, const char *path)
{
	const char *folder = *path == '/' ? "" : l->folder;

	/* a path is never taken for an option */
	return xasprintf("%s%s%s", *folder == '-' || (!*folder &&
	    *path == '-') ? "./" : "", folder, path);
}
