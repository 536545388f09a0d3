#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/set.h"
#include "base/util.h"
#include "listing.h"
#include "markdown.h"
#include "trace/pertrace.h"
#include "html.h"
#include "treeview.h"
#include "chrome.h"
#include "filter.h"
#include "otlp.h"
#include "format.h"

/* In the order that usage texts list them; the first is the default. */
static const struct format formats[] = {
	{ .name = "md", .put = markdown_put, .as_is = 1, .pretty = 1,
		.summary = "Markdown" },
	{ .name = "html", .put = html_put, .alone = 1, .list = &html_list,
		.summary = "a page for a browser" },
	{ .name = "tree", .put = treeview_put, .suffix = "txt",
		.between = "\n", .as_is = 1,
		.summary = "a tree for the terminal" },
	{ .name = "json", .put = pertrace_put_pretty,
		.summary = "per-trace records, indented" },
	{ .name = "jsonl", .put = pertrace_put, .file = "per_trace.jsonl",
		.summary = "per-trace records, one a line" },
	{ .name = "chrome", .put = chrome_put, .suffix = "trace.json",
		.begin = CHROME_BEGIN, .between = CHROME_BETWEEN,
		.end = CHROME_END,
		.summary = "events for Perfetto and chrome://tracing" },
	{ .name = "otlp", .put = otlp_put, .file = "traces.otlp.jsonl",
		.summary = "OpenTelemetry spans as JSON" },
};

#define FILTER_PREFIX "fl-format-"

/* The name that the user gives a program's format is a plain one. */
static int
is_filter_name(const char *name)
{
	return *name && !name[strspn(name,
	    "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

/* The file that a program's format writes, which the caller frees. */
static char *
filter_file(const char *name)
{
	return xasprintf("per_trace.%s", name);
}

/* What a program makes of per-trace records. */
static const struct format *
find_filter(const char *name)
{
	static struct format f;
	char *program;

	if (!is_filter_name(name))
		return NULL;
	program = xasprintf(FILTER_PREFIX "%s", name);
	f.filter = filter_find(program);
	free(program);
	if (!f.filter)
		return NULL;
	f.name = name;
	f.put = pertrace_put;
	f.file = filter_file(name);
	return &f;
}

const struct format *
format_find(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return find_filter(name);
}

const char *
format_names(void)
{
	static char *names;
	char *longer;
	size_t i;

	for (i = names ? LEN(formats) : 0; i < LEN(formats); i++) {
		longer = xasprintf("%s%s%s", names ? names : "",
		    names ? ", " : "", formats[i].name);
		free(names);
		names = longer;
	}
	return names;
}

const char *
format_nearest(const char *name)
{
	struct nearest near;
	size_t i;

	nearest_init(&near, name);
	for (i = 0; i < LEN(formats); i++)
		nearest_try(&near, formats[i].name);
	return near.found;
}

void
format_usage(struct buf *b)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		buf_printf(b, "  %-19s  %s%s\n", formats[i].name,
		    formats[i].summary, i ? "" : " (the default)");
	buf_printf(b, "  %-19s  the output of a program " FILTER_PREFIX
	    "NAME\n", "NAME");
}

/* The list so far, and the names of programs in it. */
struct filter_list {
	struct buf *b;
	struct set names;
};

static void
list_filter(void *arg, const char *name, const char *path)
{
	struct filter_list *l = arg;
	char *file;
	int added;

	if (!is_filter_name(name))
		return;
	set_add(&l->names, hash_bytes(0, 0, name, strlen(name)), &added);
	if (!added)
		return;
	file = filter_file(name);
	buf_printf(l->b, "%s\t%s\tthe output of %s\n", name, file, path);
	free(file);
}

void
format_list(struct buf *b)
{
	struct filter_list l = { .b = b };
	int added;
	size_t i;

	for (i = 0; i < LEN(formats); i++) {
		buf_printf(b, "%s\t%s\t%s\n", formats[i].name,
		    formats[i].file ? formats[i].file : "-",
		    formats[i].summary);
		/* a program of that name is never run */
		set_add(&l.names, hash_bytes(0, 0, formats[i].name,
		    strlen(formats[i].name)), &added);
	}
	filter_each(FILTER_PREFIX, list_filter, &l);
	set_release(&l.names);
}
