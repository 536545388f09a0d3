#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "recognize.h"

/* The lines of a file that are examined. */
#define LINES 4

struct signature {
	const char *begin;	/* the first bytes */
	size_t n;
	const char *what;
};

#define SIGNATURE(begin, what) { begin, sizeof(begin) - 1, what }

static const struct signature signatures[] = {
	SIGNATURE("\x28\xb5\x2f\xfd",
	    "compressed with zstd: try zstd -dc FILE | fl-import KIND"),
	SIGNATURE("\xfd" "7zXZ",
	    "compressed with xz: try xz -dc FILE | fl-import KIND"),
	SIGNATURE("BZh",
	    "compressed with bzip2: try bzip2 -dc FILE | fl-import KIND"),
	SIGNATURE("\x04\x22\x4d\x18",
	    "compressed with lz4: try lz4 -dc FILE | fl-import KIND"),
	SIGNATURE("\xff\x06\0\0sNaPpY",
	    "compressed with snappy: decompress it first"),
	SIGNATURE("PK\x03\x04",
	    "a zip archive: try unzip -p FILE | fl-import KIND"),
	SIGNATURE("PAR1", "a Parquet file: convert it first, such as by "
	    "duckdb -c \"COPY (FROM 'FILE') TO 'FILE.json'\""),
	SIGNATURE("SQLite format 3", "a SQLite database: export its spans as "
	    "JSON first, such as by sqlite3 -json FILE 'SELECT ...'"),
	SIGNATURE("%PDF", "a PDF document, not traces"),
	SIGNATURE("\x89PNG", "an image, not traces"),
	SIGNATURE("\x7f" "ELF", "a program, not traces"),
	SIGNATURE("#!", "a script, not traces: run it, and import what it "
	    "records")
};

/* 1 if the line at p begins with a word and a colon, as YAML's do. */
static int
is_yaml_line(const char *p, const char *end)
{
	const char *word;

	if (end - p > 2 && !strncmp(p, "- ", 2))
		p += 2;
	for (word = p; p < end && (isalnum((unsigned char)*p) || *p == '_' ||
	    *p == '-'); p++)
		;
	return p > word && p < end && *p == ':' &&
	    (p + 1 == end || strchr(" \r\n", p[1]));
}

/* The number of commas in a line of words without spaces before them. */
static int
count_columns(const char *p, const char *end)
{
	int n = 0;

	for (; p < end; p++) {
		if (*p == ',' || *p == ';')
			n++;
		else if (!isalnum((unsigned char)*p) &&
		    !strchr("\"_.- \r", *p))
			return 0;
	}
	return n;
}

/* 1 if the header of a table is that of Langfuse. */
static int
is_langfuse_table(const char *p, const char *end)
{
	static const char *const columns[] = {
		"\"traceId\"", "\"bookmarked\"", "\"statusMessage\"", "traceId,",
		"bookmarked,"
	};
	char line[512];
	size_t n = (size_t)(end - p), i;

	if (n >= sizeof(line))
		n = sizeof(line) - 1;
	memcpy(line, p, n);
	line[n] = '\0';
	for (i = 0; i < LEN(columns); i++)
		if (strstr(line, columns[i]))
			return 1;
	return 0;
}

/* Returns what kind of text has these first lines. */
static const char *
recognize_text(const char *p, size_t n, const char *kind)
{
	const char *end = p + n, *nl;
	int i, columns, yaml = 0;

	while (p < end && isspace((unsigned char)*p))
		p++;
	if (end - p > 5 && *p == '<')
		return !strncasecmp(p, "<!doctype html", 14) ||
		    !strncasecmp(p, "<html", 5) ?
		    "an HTML page: fetch the JSON behind it" :
		    "XML or HTML, not JSON";
	/* JSON may follow what a program printed before it */
	for (nl = p; (nl = memchr(nl, '\n', (size_t)(end - nl))); )
		if (++nl < end && (*nl == '{' || *nl == '['))
			return NULL;
	for (i = 0; i < LINES && p < end; i++, p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		columns = i ? 0 : count_columns(p, nl);
		if (columns > 1 && !strcmp(kind, "langfuse"))
			return NULL;
		if (columns > 1 && is_langfuse_table(p, nl))
			return "a table (CSV) of Langfuse: try fl-import "
			    "langfuse FILE";
		if (columns > 1)
			return "a table (CSV): export the spans as OTLP JSON "
			    "or as JSON lines instead";
		yaml += is_yaml_line(p, nl);
		if (!i && !strncmp(p, "inputs:", 7))
			return "an inputs file: try fl-yaml FILE | fl-run";
	}
	return yaml > 1 ? "YAML: fl-yaml reads inputs files, fl-config reads "
	    "setting.yaml" : NULL;
}

/* 1 if JSON at p begins like the text without white space. */
static int
json_begins(const char *p, const char *text)
{
	for (; *text; text++, p++) {
		p += strspn(p, " \t\r\n");
		if (*p != *text)
			return 0;
	}
	return 1;
}

/*
 * Returns the kind of a JSON document by its start: it may be too long to be
 * read to its end, or look like another one further inside.
 */
static const char *
recognize_json(const char *p, const char *kind)
{
	static const struct {
		const char *begin;
		const char *kind;	/* the kind that it is, or NULL */
		const char *what;
	} openings[] = {
		{ "{\"evalId\"", "promptfoo", "results of promptfoo: try "
		    "fl-import promptfoo FILE" },
		{ "{\"traces\":[{\"traceID\":", NULL, "what a search of Grafana "
		    "Tempo found, without the spans' content: fetch each "
		    "trace from /api/traces/ID" },
	};
	size_t i;

	for (i = 0; i < LEN(openings); i++)
		if ((!openings[i].kind || strcmp(kind, openings[i].kind)) &&
		    json_begins(p, openings[i].begin))
			return openings[i].what;
	return NULL;
}

const char *
recognize_bytes(const char *p, size_t n, const char *kind)
{
	const char *first = p + strspn(p, " \t\r\n");
	size_t i;

	if (*first == '{' || *first == '[')
		return recognize_json(first, kind);

	for (i = 0; i < LEN(signatures); i++)
		if (n >= signatures[i].n &&
		    !memcmp(p, signatures[i].begin, signatures[i].n))
			return signatures[i].what;
	/* field 1 of TracesData and its length; JSON has no such bytes */
	if (n > 2 && *p == '\n' && (unsigned char)p[1] >= 0x80 &&
	    memchr(p, '\0', n))
		return "OTLP in protobuf: set the exporter's format or "
		    "protocol to JSON (http/json)";
	if (n > 8 && !p[0] && !p[1] && p[4] == '\n')
		return "OTLP in protobuf with lengths: set the file "
		    "exporter's format to json";
	return recognize_text(p, n, kind);
}

/* A kind of object: members that it has, up to 3. */
struct object_kind {
	const char *members[3];
	const char *what;
};

#define OPENAI_AGENTS "a trace of the OpenAI Agents SDK: try fl-import " \
	"openai-agents FILE"

static const struct object_kind object_kinds[] = {
	{ { "resourceMetrics" }, "OTLP metrics: traces are needed" },
	{ { "target", "kwargs" },
	    "a recorded call: try fl-record-extract FILE" },
	{ { "trace_id", "observations" },
	    "a trace already: try fl-parse FILE" },
	{ { "trace_id", "duration_ms" },
	    "a trace already: try fl-parse FILE" },
	{ { "trace_id", "parent_observation_id" },
	    "an observation of FluxLoop: try fl-parse FILE" },
	{ { "id", "trace_id", "type" },
	    "an observation of FluxLoop: try fl-parse FILE" },
	{ { "traceEvents" }, "a Chrome trace: export the spans as OTLP JSON "
	    "instead" },
	{ { "span_data", "trace_id" }, OPENAI_AGENTS },
	{ { "object", "workflow_name" }, OPENAI_AGENTS },
	{ { "dotted_order", "run_type" }, "a run of LangSmith: set "
	    "LANGSMITH_OTEL_ENABLED=true to record OTLP" },
	{ { "run_type", "trace_id" }, "a run of LangSmith: set "
	    "LANGSMITH_OTEL_ENABLED=true to record OTLP" },
	{ { "evalId", "results" },
	    "results of promptfoo: try fl-import promptfoo FILE" },
	{ { "gradingResult", "testCase" },
	    "a result of promptfoo: try fl-import promptfoo FILE" },
	{ { "custom_id" },
	    "a batch of OpenAI: try fl-import openai FILE" },
	{ { "object", "choices" },
	    "an answer of OpenAI's API: try fl-import openai FILE" },
	{ { "sessionId", "uuid", "type" },
	    "a session of Claude Code: try fl-import claude-code FILE" },
	{ { "type", "session_id", "uuid" }, "messages of Claude's Agent SDK: "
	    "try fl-import claude-code FILE" },
	{ { "type", "leafUuid" },
	    "a session of Claude Code: try fl-import claude-code FILE" },
	{ { "messageId", "snapshot" },
	    "a session of Claude Code: try fl-import claude-code FILE" },
	{ { "id", "projectId", "timestamp" },
	    "an export of Langfuse: try fl-import langfuse FILE" },
	{ { "id", "bookmarked", "timestamp" },
	    "an export of Langfuse: try fl-import langfuse FILE" },
	{ { "data", "meta" },
	    "an answer of Langfuse's API: try fl-import langfuse FILE" },
	{ { "traceId", "startTime", "type" },
	    "an observation of Langfuse: try fl-import langfuse FILE" },
	{ { "experiment_id", "total_runs" }, "a summary of an experiment: try "
	    "fl-parse on its folder" },
	{ { "openapi" }, "an OpenAPI description, not traces" },
	{ { "messages" }, "a conversation: try fl-import openai FILE" },
	{ { "resourceSpans" }, "OTLP traces: try fl-import otlp FILE" },
	{ { "scopeSpans" }, "OTLP traces: try fl-import otlp FILE" },
	{ { "input", "input_id" }, "an input: try fl-run FILE" },
	{ { "input", "metadata" }, "an input: try fl-run FILE" }
};

/* 1 if the text advises to import the kind. */
static int
advises(const char *what, const char *kind)
{
	const char *p = strstr(what, "fl-import ");
	const size_t n = strlen(kind);

	return p && !strncmp(p + 10, kind, n) && p[10 + n] == ' ';
}

const char *
recognize_object(struct json_span v, const char *kind)
{
	const struct object_kind *k;
	size_t i, j;

	if (!json_is(v, JSON_OBJECT))
		return NULL;
	for (i = 0; i < LEN(object_kinds); i++) {
		k = &object_kinds[i];
		for (j = 0; j < LEN(k->members) && k->members[j]; j++)
			if (!json_get(v, k->members[j]).p)
				break;
		/* an object like a record of this kind lacks something */
		if (j == LEN(k->members) || !k->members[j])
			return advises(k->what, kind) ? NULL : k->what;
	}
	return NULL;
}
