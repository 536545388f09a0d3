#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/program.h"
#include "base/slug.h"
#include "base/util.h"
#include "project.h"

/* Whether a folder is called fluxloop and holds projects. */
static int
holds_projects(const char *base)
{
	char *real = realpath(base, NULL), *pattern;
	const char *name = real ? strrchr(real, '/') : NULL;
	glob_t found;
	int holds = 0;

	if (name && !strcmp(name, "/fluxloop")) {
		pattern = xasprintf("%s/*/setting.yaml", base);
		holds = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
		if (holds)
			globfree(&found);
		free(pattern);
	}
	free(real);
	return holds;
}

static int
check_name(const char *name, const char *slug, struct err *e)
{
	const unsigned char *p;

	if (strchr(name, '/'))
		return err_set(e, 0, 0, "--name '%s': a name has no '/'; "
		    "--path says where the project is made", name);
	for (p = (const unsigned char *)name; *p; p++)
		if (*p < ' ' || *p == 127)
			return err_set(e, 0, 0, "--name: a name has no control "
			    "characters");
	return *slug ? 0 : err_set(e, 0, 0, "--name '%s': expected at least "
	    "one letter or digit", name);
}

int
project_folder(struct buf *folder, const char *name, const char *base,
    struct err *e)
{
	struct buf slug = { 0 };
	struct stat st;
	int bad;

	slug_put(&slug, name);
	bad = check_name(name, buf_str(&slug), e);
	if (!bad && (stat(base, &st) || !S_ISDIR(st.st_mode)))
		bad = err_set(e, 0, 0, "%s: no such folder", base);
	if (!bad) {
		/* a path is never taken for an option */
		if (*base == '-')
			buf_puts(folder, "./");
		if (strcmp(base, ".") != 0)
			buf_printf(folder, "%s/", base);
		if (!holds_projects(base))
			buf_puts(folder, "fluxloop/");
		else if (!folder->len && *slug.p == '-')
			buf_puts(folder, "./");
		buf_add(folder, slug.p, slug.len);
	}
	buf_release(&slug);
	return bad;
}

char *
project_example(void)
{
	static const char *const places[] = {
		"../share/fluxloop/example", "../../lib/example"
	};
	const char *package = getenv("FLUXLOOP_PYTHONPATH");
	char *home = program_folder(), *found = NULL, *file;
	size_t i;

	for (i = 0; !found && i <= LEN(places); i++) {
		if (i < LEN(places) && home)
			found = xasprintf("%s/%s", home, places[i]);
		else if (i == LEN(places) && package)
			found = xasprintf("%s/../example", package);
		if (!found)
			continue;
		file = xasprintf("%s/setting.yaml", found);
		if (access(file, R_OK)) {
			free(found);
			found = NULL;
		}
		free(file);
	}
	free(home);
	return found;
}
