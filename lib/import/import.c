#include <string.h>

#include "base/util.h"
#include "io/source.h"
#include "claudecode.h"
#include "gather.h"
#include "langfuse.h"
#include "openai.h"
#include "openaiagents.h"
#include "otlpin.h"
#include "promptfoo.h"
#include "import.h"

const struct import_kind import_kinds[] = {
	{ "otlp", "OpenTelemetry spans in OTLP JSON of any layout",
	    otlpin_read },
	{ "promptfoo", "results of promptfoo, JSON or JSON lines",
	    promptfoo_read },
	{ "langfuse", "traces and observations of Langfuse, JSON or CSV",
	    langfuse_read },
	{ "openai", "batches, answers and fine-tuning files of OpenAI's API",
	    openai_read },
	{ "openai-agents", "traces and spans of OpenAI's Agents SDK",
	    openaiagents_read },
	{ "claude-code", "sessions of Claude Code and their sidechains",
	    claudecode_read },
};
const size_t import_nkinds = LEN(import_kinds);

const struct import_kind *
import_find(const char *name)
{
	size_t i;

	for (i = 0; i < import_nkinds; i++)
		if (!strcmp(import_kinds[i].name, name))
			return &import_kinds[i];
	return NULL;
}

int
import_run(const struct import_kind *kind, struct source *s, struct out *o,
    enum import_output what)
{
	struct gather m;
	int failed;

	gather_init(&m, o, what);
	kind->read(&m, s);
	failed = gather_finish(&m);
	gather_report(&m, s->report);
	gather_release(&m);
	return failed;
}
