#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/set.h"
#include "base/util.h"
#include "json/json.h"
#include "line.h"
#include "ownfiles.h"
#include "plain.h"

int
ownfiles_is_shard(const char *name)
{
	return strspn(name, "0123456789abcdef") == 2 && !name[2];
}

/* Adds a name to the set. Returns 1 if it was not there. */
static int
name_add(struct set *own, const char *name, size_t n)
{
	int added;

	set_add(own, hash_bytes(0, 0, name, n), &added);
	return added;
}

/* Adds the name in a line of the marker. */
static void
add_marked(struct set *own, const struct line *l)
{
	name_add(own, l->p, l->n);
}

/* Adds the file that a line of index.jsonl names. */
static void
add_indexed(struct set *own, const struct line *l)
{
	static const char *const names[] = { "file" };
	struct json_span file;
	struct json_fault f;
	struct buf name = { 0 };

	if (json_scan(l->p, l->n, JSON_LAX, names, &file, 1, &f) < 0 ||
	    !json_is(file, JSON_STRING))
		return;
	json_text(&name, file);
	name_add(own, buf_str(&name), name.len);
	buf_release(&name);
}

static void
add_names(struct set *own, int dir, const char *name,
    void (*add)(struct set *own, const struct line *l))
{
	struct line_reader r;
	struct line l;
	int fd = plain_open(dir, name, O_RDONLY);

	if (fd < 0)
		return;
	line_init(&r, fd);
	while (line_next(&r, &l) > 0)
		add(own, &l);
	line_release(&r);
	close(fd);
}

/* Keeps a name, which may be NULL, in *first if it comes before that. */
static void
keep_first(char **first, char *name)
{
	if (!name)
		return;
	if (*first && strcmp(*first, name) < 0) {
		free(name);
		return;
	}
	free(*first);
	*first = name;
}

/* The first name in the open folder, in which names begin with prefix. */
static char *
first_foreign(struct set *own, int dir, const char *prefix)
{
	int fd = dup(dir);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	char *first = NULL, *name;
	int shard;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		shard = *prefix ? -1 : ownfiles_is_shard(e->d_name) ?
		    plain_open_folder(dir, e->d_name) : -1;
		name = xasprintf("%s%s%s", prefix, e->d_name, shard < 0 ? "" :
		    "/");
		if (shard >= 0) {
			keep_first(&first, first_foreign(own, shard, name));
			close(shard);
		} else if (name_add(own, name, strlen(name))) {
			keep_first(&first, xstrdup(name));
		}
		free(name);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return first;
}

char *
ownfiles_foreign(const char *path)
{
	/* files of versions without names in the marker */
	static const char *const always[] = {
		OWNFILES_MARKER, "index.jsonl", "index.md", "index.html"
	};
	int dir = plain_open_folder(AT_FDCWD, path);
	struct set own = { 0 };
	char *first;
	size_t i;

	if (dir < 0)
		return NULL;
	for (i = 0; i < LEN(always); i++)
		name_add(&own, always[i], strlen(always[i]));
	add_names(&own, dir, OWNFILES_MARKER, add_marked);
	add_names(&own, dir, "index.jsonl", add_indexed);
	first = first_foreign(&own, dir, "");
	close(dir);
	set_release(&own);
	return first;
}
