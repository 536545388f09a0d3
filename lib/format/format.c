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
#include "csvtable.h"
#include "filter.h"
#include "otlp.h"
#include "whole.h"
#include "format.h"

/*
 * The built-in formats, in the order of the usage text; the first is the
 * default. A new format is a row here and its two files.
 */
static const struct format formats[] = {
	{ .name = "md", .put = markdown_put, .as_is = 1, .pretty = 1,
		.summary = "Markdown" },
	{ .name = "html", .put_with = html_put, .alone = 1,
		.lists = { &html_list, &html_order }, .shared = html_shared,
		.summary = "a page for a browser" },
	{ .name = "tree", .put_with = treeview_put, .suffix = "txt",
		.between = "\n", .as_is = 1, .coloured = 1,
		.summary = "a tree for the terminal" },
	{ .name = "json", .put = pertrace_put_pretty,
		.summary = "per-trace records, indented" },
	{ .name = "jsonl", .put = pertrace_put, .file = "per_trace.jsonl",
		.summary = "per-trace records, one a line" },
	{ .name = "traces", .put = whole_put, .file = "whole_traces.jsonl",
		.summary = "traces as fl-run writes them, one a line" },
	{ .name = "chrome", .put = chrome_put, .suffix = "trace.json",
		.begin = CHROME_BEGIN, .between = CHROME_BETWEEN,
		.end = CHROME_END,
		.summary = "events for Perfetto and chrome://tracing" },
	{ .name = "otlp", .put = otlp_put, .file = "traces.otlp.jsonl",
		.summary = "OpenTelemetry spans as JSON" },
	{ .name = "csv", .put = csvtable_put, .file = "per_trace.csv",
		.begin = CSVTABLE_BEGIN, .rows = 1,
		.summary = "a table for a spreadsheet, a line for each trace" },
};

#define FILTER_PREFIX "fl-format-"

/* 1 if a name can be the NAME of a program fl-format-NAME. */
static int
is_filter_name(const char *name)
{
	return *name && !name[strspn(name,
	    "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

/* The option that asks a program for the extension of its file. */
#define FILTER_ASK "--extension"

/* The most bytes of an extension with its dot. */
#define EXTENSION_MAX 32

/* 1 if text is one line with an extension and its dot. */
static int
is_extension(struct buf *text)
{
	const char *s = buf_str(text);

	return text->len > 2 && text->len <= EXTENSION_MAX && s[0] == '.' &&
	    s[1] != '.' && strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == text->len - 1 &&
	    s[text->len - 1] == '\n';
}

/*
 * Returns the name of the file of a program's output, to be freed. The output
 * of a program that does not know the option is not an extension; then the name
 * of the format is the extension.
 */
static char *
filter_file(const char *name, const char *path)
{
	struct buf answer = { 0 };
	char *file;

	if (!filter_ask(path, FILTER_ASK, &answer, EXTENSION_MAX) &&
	    is_extension(&answer))
		file = xasprintf("per_trace%.*s", (int)answer.len - 1,
		    answer.p);
	else
		file = xasprintf("per_trace.%s", name);
	buf_release(&answer);
	return file;
}

/* Fills in *f with the format of a program; see format_find. */
static int
find_program_format(struct format *f, const char *name)
{
	char *program;

	if (!is_filter_name(name))
		return -1;
	memset(f, 0, sizeof(*f));
	program = xasprintf(FILTER_PREFIX "%s", name);
	f->filter = filter_find(program);
	free(program);
	if (!f->filter)
		return -1;
	f->name = name;
	f->put = pertrace_put;
	return 0;
}

int
format_find(struct format *f, const char *name)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		if (!strcmp(formats[i].name, name)) {
			*f = formats[i];
			return 0;
		}
	return find_program_format(f, name);
}

void
format_name_file(struct format *f)
{
	if (f->filter && !f->file)
		f->file = filter_file(f->name, f->filter);
}

void
format_put(const struct format *f, const struct format_options *o,
    struct buf *b, struct trace *t)
{
	if (f->put_with)
		f->put_with(b, t, o);
	else
		f->put(b, t);
}

void
format_names(struct buf *b)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		buf_printf(b, "%s%s", i ? ", " : "", formats[i].name);
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

/* The list of formats while it is being written. */
struct filter_list {
	struct buf *b;
	struct set names;	/* hashes of the names in it */
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
	file = filter_file(name, path);
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
		/* a program with the name of a built-in format is never run */
		set_add(&l.names, hash_bytes(0, 0, formats[i].name,
		    strlen(formats[i].name)), &added);
	}
	filter_each(FILTER_PREFIX, list_filter, &l);
	set_release(&l.names);
}
