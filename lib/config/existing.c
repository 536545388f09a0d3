#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/nearest.h"
#include "base/util.h"
#include "json/json.h"
#include "config.h"
#include "configset.h"
#include "layout.h"
#include "existing.h"

struct existing {
	const struct config *config;
	schema_report *report;
	void *arg;
};

static void existing_warn(struct existing *x, const char *key, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Reports a warning at the place of a key. */
static void
existing_warn(struct existing *x, const char *key, const char *fmt, ...)
{
	struct err e = { 0 };
	va_list ap;

	va_start(ap, fmt);
	err_vset(&e, 0, 0, fmt, ap);
	va_end(ap);
	configset_locate(x->config->file, key, &e);
	x->report(x->arg, 0, &e);
	err_release(&e);
}

/* --- folders ------------------------------------------------------------- */

static void
check_folder(struct existing *x, const char *key, struct json_span name)
{
	struct buf text = { 0 };
	struct stat st;
	char *path;

	json_text(&text, name);
	path = config_path(x->config, buf_str(&text));
	if (stat(path, &st))
		existing_warn(x, key, "%s: folder '%s': %s", key, text.p,
		    strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		existing_warn(x, key, "%s: '%s' is not a folder", key, text.p);
	free(path);
	buf_release(&text);
}

/* Checks a folder, or a list of folders. */
static void
check_folders(struct existing *x, const char *key)
{
	struct json_span v = config_get(x->config, key), index, item;
	struct json_iter it;

	if (json_is(v, JSON_STRING))
		check_folder(x, key, v);
	if (!json_is(v, JSON_ARRAY))
		return;
	for (it = json_each(v); json_next(&it, &index, &item); )
		check_folder(x, key, item);
}

/* Checks that results can be written into a folder, which may be missing. */
static void
check_output(struct existing *x, const char *key)
{
	char *name = config_text(x->config, key);
	char *path = config_path(x->config, name);
	struct stat st;

	if (!stat(path, &st) && !S_ISDIR(st.st_mode))
		existing_warn(x, key, "%s: '%s' is not a folder", key, name);
	free(path);
	free(name);
}

/* --- files --------------------------------------------------------------- */

/*
 * Searches a file's folder for others of its kind, by the end of their names,
 * and sets near to the nearest name. Returns their number, or -1 without a
 * folder.
 */
static int
look_around(const char *path, struct buf *near)
{
	const char *slash = strrchr(path, '/'), *end;
	char *folder = xmemdup(path, (size_t)(slash - path) + 1);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct nearest n;
	int others = 0;

	free(folder);
	if (!dir)
		return -1;
	nearest_init(&n, slash + 1);
	end = strrchr(slash + 1, '.');
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.' || (end && (strlen(entry->d_name) <
		    strlen(end) || strcmp(entry->d_name +
		    strlen(entry->d_name) - strlen(end), end) != 0)))
			continue;
		others++;
		n.found = NULL;
		nearest_try(&n, entry->d_name);
		if (n.found) {
			near->len = 0;
			buf_puts(near, n.found);
		}
	}
	closedir(dir);
	return others;
}

/*
 * Checks that a file exists. Unless it is required, it may be missing from a
 * folder without other files of its kind: it may be written later.
 */
static void
check_file(struct existing *x, const char *key, int required)
{
	char *name = config_text(x->config, key), *path;
	struct buf near = { 0 };
	int others;

	if (!name)
		return;
	path = config_path(x->config, name);
	if (access(path, F_OK)) {
		others = look_around(path, &near);
		if (near.len)
			existing_warn(x, key, "%s: '%s': no such file; did you "
			    "mean '%s'?", key, name, buf_str(&near));
		else if (others || required)
			existing_warn(x, key, "%s: '%s': no such file%s", key,
			    name, others < 0 ? ", and no such folder" : "");
	}
	buf_release(&near);
	free(path);
	free(name);
}

/* Whether inputs_file is another file than the default. */
static int
existing_is_named(const struct config *c)
{
	const struct schema_key *key = schema_find("inputs_file");
	struct json_span v = config_get(c, "inputs_file");

	return v.p && (v.n != strlen(key->preset) ||
	    memcmp(v.p, key->preset, v.n) != 0);
}

void
existing_folders(const struct config *c, schema_report *report, void *arg)
{
	struct existing x = { c, report, arg };

	check_folders(&x, "runner.working_directory");
	check_folders(&x, "runner.python_path");
	check_output(&x, "output_directory");
}

void
existing_files(const struct config *c, schema_report *report, void *arg)
{
	struct existing x = { c, report, arg };

	if (existing_is_named(c))
		check_file(&x, "inputs_file", 1);
	if (config_true(c, "replay_args.enabled"))
		check_file(&x, "replay_args.recording_file", 0);
}

int
existing_inputs(const struct config *c, char **file, struct err *e)
{
	struct json_span base = config_get(c, "base_inputs"), key, v;
	char *name = config_text(c, "inputs_file");
	char *path = config_path(c, name);
	struct layout l;
	struct json_iter it;
	int bad = 0;

	layout_find(&l, c->file);
	*file = layout_beside(&l, name);
	layout_release(&l);
	if (!access(path, F_OK))
		goto out;
	if (base.p)
		it = json_each(base);
	if (!base.p || !json_next(&it, &key, &v))
		bad = err_set(e, 0, 0, "%s is missing and base_inputs is "
		    "empty: 'fluxloop generate inputs' makes some", *file);
	else if (existing_is_named(c))
		bad = err_set(e, 0, 0, "%s: no such file: name another in "
		    "inputs_file, or make it with 'fluxloop generate inputs'",
		    *file);
	free(*file);
	*file = NULL;
out:
	free(path);
	free(name);
	return bad;
}
