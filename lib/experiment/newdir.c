#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slug.h"
#include "base/util.h"
#include "newdir.h"

/* Makes the folders of a path. Returns 0, or -1 with *e filled in. */
static int
newdir_make_parents(const char *path, struct err *e)
{
	char *copy = xasprintf("%s/", path), *slash = copy + 1;
	int bad = 0;

	while (!bad && (slash = strchr(slash, '/'))) {
		*slash = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			bad = err_set(e, 0, 0, "%s: %s", copy,
			    strerror(errno));
		*slash++ = '/';
	}
	free(copy);
	return bad;
}

int
newdir_make(struct buf *path, const char *folder, const char *name,
    struct err *e)
{
	time_t now = time(NULL);
	struct tm tm;
	char stamp[32];
	size_t start, base;
	int n;

	if (newdir_make_parents(folder, e))
		return -1;
	buf_printf(path, "%s/", folder);
	start = path->len;
	slug_put(path, name);
	if (path->len == start)
		buf_puts(path, "experiment");
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "_%Y%m%d_%H%M%S", &tm);
	buf_puts(path, stamp);
	base = path->len;
	/* mkdir decides between two experiments in the same second */
	for (n = 2; mkdir(buf_str(path), 0700); n++) {
		if (errno != EEXIST)
			return err_set(e, 0, 0, "%s: %s", path->p,
			    strerror(errno));
		path->len = base;
		buf_printf(path, "-%d", n);
	}
	return 0;
}
