#include <stdlib.h>
#include <string.h>

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

static const struct format formats[] = {
	{ .name = "md", .put = markdown_put, .as_is = 1,
		.pretty = 1 },
	{ .name = "jsonl", .put = pertrace_put, .file = "per_trace.jsonl" },
	{ .name = "html", .put = html_put, .alone = 1,
		.list = &html_list },
	{ .name = "json", .put = pertrace_put_pretty },
	{ .name = "tree", .put = treeview_put, .suffix = "txt",
		.between = "\n", .as_is = 1 },
	{ .name = "chrome", .put = chrome_put, .suffix = "trace.json",
		.begin = CHROME_BEGIN, .between = CHROME_BETWEEN,
		.end = CHROME_END },
	{ .name = "otlp", .put = otlp_put, .file = "traces.otlp.jsonl" },
};

/* What a program makes of per-trace records. */
static const struct format *
find_filter(const char *name)
{
	static struct format f;
	char *program;

	if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"
	    )])
		return NULL;
	program = xasprintf("fl-format-%s", name);
	f.filter = filter_find(program);
	free(program);
	if (!f.filter)
		return NULL;
	f.name = name;
	f.put = pertrace_put;
	f.file = xasprintf("per_trace.%s", name);
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
