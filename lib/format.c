#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "markdown.h"
#include "pertrace.h"
#include "format.h"

static const struct format formats[] = {
	{ .name = "md", .put = markdown_put },
	{ .name = "jsonl", .put = pertrace_put, .file = "per_trace.jsonl" },
};

const struct format *
format_find(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
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
