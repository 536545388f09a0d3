#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "annotations.h"
#include "junit.h"
#include "mdreport.h"
#include "pagereport.h"
#include "tap.h"
#include "reports.h"

static const struct report_format formats[] = {
	{ "html", page_report_put, "a page with pictures, for a browser" },
	{ "junit", junit_put, "XML that CI servers show as tests" },
	{ "md", md_report_put, "Markdown for a pull request or a summary" },
	{ "github", github_put, "annotations of a GitHub workflow" },
	{ "tap", tap_put, "the Test Anything Protocol, version 14" }
};

const struct report_format *
report_find(const char *name)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

void
report_list(struct buf *b)
{
	size_t i;

	for (i = 0; i < LEN(formats); i++)
		buf_printf(b, "%s\t%s\n", formats[i].name,
		    formats[i].summary);
}
