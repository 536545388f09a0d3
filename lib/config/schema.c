#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/set.h"
#include "base/util.h"
#include "json/tree.h"
#include "yaml/yamlmark.h"
#include "yaml/yamltype.h"
#include "schema.h"

static const char *const type_names[] = {
	[SCHEMA_STRING] = "a string",
	[SCHEMA_INT] = "a whole number",
	[SCHEMA_NUMBER] = "a number",
	[SCHEMA_BOOL] = "true or false",
	[SCHEMA_LIST] = "a list",
	[SCHEMA_MAP] = "a mapping",
	[SCHEMA_ANY] = "anything",
	[SCHEMA_STRINGS] = "a string or a list of strings",
	[SCHEMA_SCALAR] = "a string or a number",
	[SCHEMA_TIME] = "a time such as 30, 1.5m or 200ms"
};

/*
 * All keys. Keys that are ignored are accepted so that files of the original
 * FluxLoop can be used.
 */
const struct schema_key schema_keys[] = {
	{ .path = "name", .type = SCHEMA_STRING, .env = "FLUXLOOP_NAME" },
	{ .path = "description", .type = SCHEMA_STRING, .neutral = 1 },
	{ .path = "version", .type = SCHEMA_SCALAR, .neutral = 1 },
	{ .path = "runner", .type = SCHEMA_MAP, .preset = "{}" },
	{ .path = "runner.target", .type = SCHEMA_STRING,
	    .env = "FLUXLOOP_TARGET" },
	{ .path = "runner.module_path", .type = SCHEMA_STRING },
	{ .path = "runner.function_name", .type = SCHEMA_STRING },
	{ .path = "runner.factory", .type = SCHEMA_STRING },
	{ .path = "runner.factory_kwargs", .type = SCHEMA_MAP },
	{ .path = "runner.factory_kwargs.*", .type = SCHEMA_ANY },
	{ .path = "runner.args", .type = SCHEMA_MAP },
	{ .path = "runner.args.*", .type = SCHEMA_ANY },
	{ .path = "runner.stream_output_path", .type = SCHEMA_STRING },
	{ .path = "runner.working_directory", .type = SCHEMA_STRING },
	{ .path = "runner.python", .type = SCHEMA_STRING,
	    .env = "FLUXLOOP_PYTHON" },
	{ .path = "runner.python_path", .type = SCHEMA_STRINGS },
	{ .path = "runner.environment_vars", .type = SCHEMA_MAP },
	{ .path = "runner.environment_vars.*", .type = SCHEMA_SCALAR },
	{ .path = "runner.timeout_seconds", .type = SCHEMA_NUMBER,
	    .preset = "300", .min = 0.001, .max = 1e9,
	    .env = "FLUXLOOP_TIMEOUT_SECONDS" },
	{ .path = "runner.max_retries", .type = SCHEMA_INT, .preset = "0",
	    .max = 1e6, .env = "FLUXLOOP_MAX_RETRIES" },
	{ .path = "runner.retry_delay", .type = SCHEMA_NUMBER, .preset = "1",
	    .max = 1e6, .env = "FLUXLOOP_RETRY_DELAY", .neutral = 1 },
	{ .path = "runner.concurrency", .type = SCHEMA_INT, .preset = "1",
	    .min = 1, .max = 4096 },
	{ .path = "runner.retry_on", .type = SCHEMA_STRINGS,
	    .choices = "error timeout crash protocol" },
	{ .path = "runner.on_error", .type = SCHEMA_STRING,
	    .preset = "\"continue\"", .choices = "continue fail_fast",
	    .neutral = 1 },
	{ .path = "runner.kill_signal", .type = SCHEMA_STRING,
	    .preset = "\"SIGTERM\"",
	    .choices = "SIGTERM SIGINT SIGHUP SIGQUIT SIGUSR1 SIGUSR2 "
	    "SIGABRT SIGKILL" },
	{ .path = "runner.kill_timeout", .type = SCHEMA_NUMBER, .preset = "2",
	    .max = 1e6 },
	{ .path = "runner.isolation", .type = SCHEMA_STRING,
	    .choices = "none call" },
	{ .path = "runner.environment", .type = SCHEMA_STRING,
	    .preset = "\"inherit\"", .choices = "inherit clean" },
	{ .path = "runner.environment_allow", .type = SCHEMA_STRINGS },
	{ .path = "runner.limits", .type = SCHEMA_MAP, .preset = "{}" },
	{ .path = "runner.limits.address_space_mb", .type = SCHEMA_INT,
	    .min = 1, .max = 1e9 },
	{ .path = "runner.limits.cpu_seconds", .type = SCHEMA_INT, .min = 1,
	    .max = 1e9 },
	{ .path = "runner.limits.open_files", .type = SCHEMA_INT, .min = 3,
	    .max = 1e9 },
	{ .path = "runner.limits.file_mb", .type = SCHEMA_INT, .max = 1e9 },
	{ .path = "runner.limits.log_mb", .type = SCHEMA_INT,
	    .preset = "64", .max = 1e9 },
	{ .path = "runner.limits.output_mb", .type = SCHEMA_INT,
	    .preset = "1024", .max = 1e9 },
	{ .path = "runner.process", .type = SCHEMA_MAP },
	{ .path = "runner.process.command", .type = SCHEMA_STRINGS },
	{ .path = "runner.process.protocol", .type = SCHEMA_STRING,
	    .choices = "jsonl lines" },
	{ .path = "runner.process.ready_pattern", .type = SCHEMA_STRING },
	{ .path = "runner.process.cwd", .type = SCHEMA_STRING, .ignored = 1,
	    .instead = "set runner.working_directory" },
	{ .path = "runner.process.env", .type = SCHEMA_MAP, .ignored = 1,
	    .instead = "set runner.environment_vars" },
	{ .path = "runner.process.env.*", .type = SCHEMA_ANY },
	{ .path = "runner.process.timeout", .type = SCHEMA_SCALAR,
	    .ignored = 1, .instead = "set runner.timeout_seconds" },
	{ .path = "runner.process.kill_signal", .type = SCHEMA_STRING,
	    .ignored = 1, .instead = "set runner.kill_signal" },
	{ .path = "runner.process.kill_timeout", .type = SCHEMA_SCALAR,
	    .ignored = 1, .instead = "set runner.kill_timeout" },
	{ .path = "runner.process.stream_output_path", .type = SCHEMA_STRING,
	    .ignored = 1, .harmless = "\"delta\"",
	    .instead = "the text of a message is its delta" },
	{ .path = "runner.process.reuse", .type = SCHEMA_BOOL, .ignored = 1,
	    .harmless = "true", .instead = "set runner.isolation to call" },
	{ .path = "runner.http", .type = SCHEMA_MAP },
	{ .path = "runner.http.url", .type = SCHEMA_STRING },
	{ .path = "runner.http.api", .type = SCHEMA_STRING,
	    .choices = "openai-chat openai-responses a2a" },
	{ .path = "runner.http.hosts", .type = SCHEMA_STRINGS },
	{ .path = "runner.http.method", .type = SCHEMA_STRING,
	    .choices = "GET POST PUT PATCH DELETE" },
	{ .path = "runner.http.headers", .type = SCHEMA_MAP },
	{ .path = "runner.http.headers.**", .type = SCHEMA_SCALAR },
	{ .path = "runner.http.query", .type = SCHEMA_MAP },
	{ .path = "runner.http.query.**", .type = SCHEMA_ANY },
	{ .path = "runner.http.body", .type = SCHEMA_ANY },
	{ .path = "runner.http.body_template", .type = SCHEMA_MAP },
	{ .path = "runner.http.body_template.type", .type = SCHEMA_STRING,
	    .choices = "json form text" },
	{ .path = "runner.http.body_template.mapping", .type = SCHEMA_ANY },
	{ .path = "runner.http.model", .type = SCHEMA_STRING },
	{ .path = "runner.http.params", .type = SCHEMA_MAP },
	{ .path = "runner.http.params.**", .type = SCHEMA_ANY },
	{ .path = "runner.http.output_path", .type = SCHEMA_STRING },
	{ .path = "runner.http.stream", .type = SCHEMA_STRING,
	    .choices = "sse jsonl none" },
	{ .path = "runner.http.stream_output_path", .type = SCHEMA_STRING },
	{ .path = "runner.http.stream_event_filter", .type = SCHEMA_STRINGS },
	{ .path = "runner.http.ok_status", .type = SCHEMA_LIST },
	{ .path = "runner.http.ok_status.*", .type = SCHEMA_SCALAR },
	{ .path = "runner.http.timeout", .type = SCHEMA_TIME },
	{ .path = "runner.http.connect_timeout", .type = SCHEMA_TIME },
	{ .path = "runner.http.first_byte_timeout", .type = SCHEMA_TIME },
	{ .path = "runner.http.retry", .type = SCHEMA_MAP },
	{ .path = "runner.http.retry.attempts", .type = SCHEMA_INT,
	    .max = 100 },
	{ .path = "runner.http.retry.backoff", .type = SCHEMA_TIME },
	{ .path = "runner.http.retry.max_wait", .type = SCHEMA_TIME },
	{ .path = "runner.http.retry.status_codes", .type = SCHEMA_LIST },
	{ .path = "runner.http.retry.status_codes.*", .type = SCHEMA_INT,
	    .min = 300, .max = 999 },
	{ .path = "runner.http.rate_limit", .type = SCHEMA_STRING },
	{ .path = "runner.http.max_redirects", .type = SCHEMA_INT,
	    .max = 50 },
	{ .path = "runner.http.max_reply_mb", .type = SCHEMA_INT, .min = 1,
	    .max = 4096 },
	{ .path = "runner.guards", .type = SCHEMA_MAP },
	{ .path = "runner.guards.max_duration", .type = SCHEMA_SCALAR,
	    .ignored = 1, .instead = "set runner.timeout_seconds" },
	{ .path = "runner.guards.output_char_limit", .type = SCHEMA_SCALAR,
	    .ignored = 1, .instead = "set runner.limits.output_mb" },
	{ .path = "runner.requirements_file", .type = SCHEMA_STRING,
	    .ignored = 1, .instead = "install what the handler needs, and set "
	    "runner.python" },
	{ .path = "runner.setup_commands", .type = SCHEMA_LIST, .ignored = 1,
	    .harmless = "[]", .instead = "run them before" },
	{ .path = "runner.setup_commands.*", .type = SCHEMA_ANY },
	{ .path = "runner.use_docker", .type = SCHEMA_BOOL, .ignored = 1,
	    .harmless = "false", .instead = "set runner.process.command to "
	    "docker run" },
	{ .path = "runner.docker_image", .type = SCHEMA_STRING, .ignored = 1,
	    .harmless = "*" },
	{ .path = "runner.docker_build_context", .type = SCHEMA_STRING,
	    .ignored = 1, .harmless = "*" },
	{ .path = "runner.docker_volumes", .type = SCHEMA_LIST, .ignored = 1,
	    .harmless = "*" },
	{ .path = "runner.docker_volumes.*", .type = SCHEMA_ANY },
	{ .path = "replay_args", .type = SCHEMA_MAP, .preset = "{}" },
	{ .path = "replay_args.enabled", .type = SCHEMA_BOOL,
	    .preset = "false" },
	{ .path = "replay_args.recording_file", .type = SCHEMA_STRING },
	{ .path = "replay_args.callable_providers", .type = SCHEMA_MAP },
	{ .path = "replay_args.callable_providers.**", .type = SCHEMA_STRING,
	    .choices = "builtin:collector.send builtin:collector.error" },
	{ .path = "replay_args.override_param_path", .type = SCHEMA_STRING },
	{ .path = "replay_args.set", .type = SCHEMA_MAP },
	{ .path = "replay_args.set.**", .type = SCHEMA_ANY },
	{ .path = "replay_args.revive", .type = SCHEMA_STRING },
	{ .path = "replay_args.drain_seconds", .type = SCHEMA_NUMBER,
	    .preset = "5", .max = 1e6 },
	{ .path = "inputs_file", .type = SCHEMA_STRING,
	    .preset = "\"inputs/generated.yaml\"",
	    .env = "FLUXLOOP_INPUTS_FILE", .neutral = 1 },
	{ .path = "base_inputs", .type = SCHEMA_LIST },
	{ .path = "base_inputs.*", .type = SCHEMA_ANY },
	{ .path = "input_template", .type = SCHEMA_STRING },
	{ .path = "iterations", .type = SCHEMA_INT, .preset = "1", .min = 1,
	    .max = 1e9, .env = "FLUXLOOP_ITERATIONS" },
	{ .path = "parallel_runs", .type = SCHEMA_INT, .preset = "1", .min = 0,
	    .max = 4096, .env = "FLUXLOOP_PARALLEL_RUNS", .neutral = 1 },
	{ .path = "run_delay_seconds", .type = SCHEMA_NUMBER, .preset = "0",
	    .max = 1e6, .env = "FLUXLOOP_RUN_DELAY_SECONDS", .neutral = 1 },
	{ .path = "seed", .type = SCHEMA_INT, .min = -9007199254740992.0,
	    .max = 9007199254740992.0, .env = "FLUXLOOP_SEED" },
	{ .path = "output_directory", .type = SCHEMA_STRING,
	    .preset = "\"experiments\"", .env = "FLUXLOOP_OUTPUT_DIRECTORY",
	    .neutral = 1 },
	{ .path = "personas", .type = SCHEMA_LIST },
	{ .path = "personas.*", .type = SCHEMA_MAP },
	{ .path = "personas.*.name", .type = SCHEMA_STRING },
	{ .path = "personas.*.description", .type = SCHEMA_STRING },
	{ .path = "personas.*.characteristics", .type = SCHEMA_STRINGS },
	{ .path = "personas.*.language", .type = SCHEMA_STRING },
	{ .path = "personas.*.expertise_level", .type = SCHEMA_STRING },
	{ .path = "personas.*.goals", .type = SCHEMA_STRINGS },
	{ .path = "personas.*.constraints", .type = SCHEMA_STRINGS,
	    .ignored = 1, .harmless = "[]",
	    .instead = "only input_template and models use it" },
	{ .path = "personas.*.custom_attributes", .type = SCHEMA_MAP,
	    .ignored = 1, .harmless = "{}" },
	{ .path = "personas.*.custom_attributes.*", .type = SCHEMA_ANY },
	{ .path = "variation_strategies", .type = SCHEMA_STRINGS,
	    .neutral = 1 },
	{ .path = "variation_count", .type = SCHEMA_INT, .max = 1e6,
	    .neutral = 1 },
	{ .path = "variation_temperature", .type = SCHEMA_NUMBER, .max = 2,
	    .ignored = 1, .instead = "variations are made by rules" },
	{ .path = "variation_model", .type = SCHEMA_STRING, .ignored = 1,
	    .instead = "variations are made by rules" },
	{ .path = "custom_variation_prompt", .type = SCHEMA_STRINGS,
	    .neutral = 1 },
	{ .path = "input_generation", .type = SCHEMA_MAP, .neutral = 1 },
	{ .path = "input_generation.mode", .type = SCHEMA_STRING,
	    .choices = "deterministic llm" },
	{ .path = "input_generation.strategies", .type = SCHEMA_LIST },
	{ .path = "input_generation.strategies.*", .type = SCHEMA_ANY },
	{ .path = "input_generation.limit", .type = SCHEMA_INT, .min = 1,
	    .max = 1e9 },
	{ .path = "input_generation.variation_count", .type = SCHEMA_INT,
	    .max = 1e6 },
	{ .path = "input_generation.llm", .type = SCHEMA_MAP },
	{ .path = "input_generation.llm.enabled", .type = SCHEMA_BOOL },
	{ .path = "input_generation.llm.provider", .type = SCHEMA_STRING },
	{ .path = "input_generation.llm.model", .type = SCHEMA_STRING },
	{ .path = "input_generation.llm.base_url", .type = SCHEMA_STRING },
	{ .path = "input_generation.llm.api_key", .type = SCHEMA_STRING },
	{ .path = "input_generation.llm.api_key_env", .type = SCHEMA_STRING },
	{ .path = "input_generation.llm.headers", .type = SCHEMA_MAP },
	{ .path = "input_generation.llm.headers.*", .type = SCHEMA_SCALAR },
	{ .path = "input_generation.llm.system_prompt",
	    .type = SCHEMA_STRING },
	{ .path = "input_generation.llm.user_prompt_template",
	    .type = SCHEMA_STRING },
	{ .path = "input_generation.llm.strategy_prompts",
	    .type = SCHEMA_MAP },
	{ .path = "input_generation.llm.strategy_prompts.*",
	    .type = SCHEMA_STRING },
	{ .path = "input_generation.llm.max_outputs", .type = SCHEMA_INT,
	    .min = 1, .max = 1000 },
	{ .path = "input_generation.llm.temperature", .type = SCHEMA_NUMBER,
	    .max = 2 },
	{ .path = "input_generation.llm.top_p", .type = SCHEMA_NUMBER,
	    .max = 1 },
	{ .path = "input_generation.llm.max_tokens", .type = SCHEMA_INT,
	    .min = 1, .max = 1e6 },
	{ .path = "input_generation.llm.request_timeout",
	    .type = SCHEMA_NUMBER, .max = 86400 },
	{ .path = "input_generation.llm.batch_size", .type = SCHEMA_INT,
	    .ignored = 1, .harmless = "1",
	    .instead = "a request asks for one input" },
	/* keys that fl-evaluate reads and checks */
	{ .path = "evaluators", .type = SCHEMA_LIST, .neutral = 1 },
	{ .path = "evaluators.*", .type = SCHEMA_ANY },
	{ .path = "success_criteria", .type = SCHEMA_ANY, .neutral = 1 },
	{ .path = "evaluation", .type = SCHEMA_ANY, .neutral = 1 },
	{ .path = "evaluation_goal", .type = SCHEMA_ANY, .neutral = 1 },
	{ .path = "aggregate", .type = SCHEMA_ANY, .neutral = 1 },
	{ .path = "limits", .type = SCHEMA_ANY, .ignored = 1,
	    .instead = "those of agents are in runner.limits" },
	{ .path = "additional_analysis", .type = SCHEMA_ANY, .ignored = 1,
	    .harmless = "*" },
	{ .path = "report", .type = SCHEMA_ANY, .ignored = 1,
	    .harmless = "*" },
	{ .path = "advanced", .type = SCHEMA_ANY, .ignored = 1,
	    .harmless = "*" },
	{ .path = "multi_turn", .type = SCHEMA_MAP },
	{ .path = "multi_turn.enabled", .type = SCHEMA_BOOL, .ignored = 1,
	    .harmless = "false", .instead = "each run is one call" },
	{ .path = "multi_turn.max_turns", .type = SCHEMA_INT, .ignored = 1,
	    .harmless = "*" },
	{ .path = "multi_turn.auto_approve_tools", .type = SCHEMA_BOOL,
	    .ignored = 1, .harmless = "*" },
	{ .path = "multi_turn.persona_override", .type = SCHEMA_STRING,
	    .ignored = 1, .harmless = "*" },
	{ .path = "multi_turn.supervisor", .type = SCHEMA_MAP, .ignored = 1,
	    .harmless = "*" },
	{ .path = "multi_turn.supervisor.*", .type = SCHEMA_ANY },
	{ .path = "save_traces", .type = SCHEMA_BOOL, .ignored = 1,
	    .harmless = "true", .instead = "traces are always saved" },
	{ .path = "save_aggregated_metrics", .type = SCHEMA_BOOL,
	    .ignored = 1, .harmless = "true",
	    .instead = "summary.json is always written" },
	{ .path = "collector_url", .type = SCHEMA_STRING, .ignored = 1,
	    .instead = "nothing is sent anywhere" },
	{ .path = "collector_api_key", .type = SCHEMA_STRING, .ignored = 1,
	    .harmless = "*" },
	{ .path = "mask_secrets", .type = SCHEMA_BOOL, .preset = "true",
	    .env = "FLUXLOOP_MASK_SECRETS", .neutral = 1 },
	{ .path = "source_root", .type = SCHEMA_STRING, .ignored = 1,
	    .harmless = "*" },
	{ .path = "output", .type = SCHEMA_MAP },
	{ .path = "output.directory", .type = SCHEMA_STRING, .ignored = 1,
	    .instead = "set output_directory" },
	{ .path = "tags", .type = SCHEMA_STRINGS, .neutral = 1 },
	{ .path = "metadata", .type = SCHEMA_MAP, .neutral = 1 },
	{ .path = "metadata.*", .type = SCHEMA_ANY },
};
const size_t schema_nkeys = LEN(schema_keys);

/* --- lookups ------------------------------------------------------------ */

const char *
schema_type_name(enum schema_type type)
{
	return type_names[type];
}

/* The length of the first name in n bytes of a dotted path. */
static size_t
first_name(const char *path, size_t n)
{
	const char *dot = memchr(path, '.', n);

	return dot ? (size_t)(dot - path) : n;
}

/* The last name of a dotted path. */
static const char *
last_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* The length of the path of the section that a key is in. */
static size_t
section_len(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? (size_t)(dot - path) : 0;
}

/*
 * Whether a path matches a pattern, in which a name '*' matches any name and a
 * last name '**' any key that is a path itself.
 */
static int
path_matches(const char *pattern, size_t m, const char *path, size_t n)
{
	size_t i, j;

	for (;;) {
		i = first_name(pattern, m);
		j = first_name(path, n);
		if (i == 2 && m == 2 && !memcmp(pattern, "**", 2))
			return 1;
		if (!(i == 1 && *pattern == '*') &&
		    (i != j || memcmp(pattern, path, i) != 0))
			return 0;
		if (i == m || j == n)
			return i == m && j == n;
		pattern += i + 1;
		m -= i + 1;
		path += j + 1;
		n -= j + 1;
	}
}

static const struct schema_key *
find_key(const char *path, size_t n)
{
	const struct schema_key *key;

	for (key = schema_keys; key < schema_keys + schema_nkeys; key++)
		if (path_matches(key->path, strlen(key->path), path, n))
			return key;
	return NULL;
}

const struct schema_key *
schema_find(const char *path)
{
	return find_key(path, strlen(path));
}

int
schema_neutral(const char *path, size_t n)
{
	const struct schema_key *key;

	do {
		key = find_key(path, n);
		if (key && (key->neutral || key->ignored))
			return 1;
		while (n && path[--n] != '.')
			;
	} while (n);
	return 0;
}

const char *
schema_nearest(const char *path)
{
	const struct schema_key *key;
	struct nearest near;
	const char *name;

	nearest_init(&near, last_name(path));
	for (key = schema_keys; key < schema_keys + schema_nkeys; key++) {
		name = last_name(key->path);
		if (*name != '*' && path_matches(key->path,
		    section_len(key->path), path, section_len(path)))
			nearest_try(&near, name);
	}
	return near.found;
}

/* The path of a key with the same name in another section, or NULL. */
static const char *
find_elsewhere(const char *path)
{
	const struct schema_key *key;

	for (key = schema_keys; key < schema_keys + schema_nkeys; key++)
		if (!strchr(key->path, '*') &&
		    !strcmp(last_name(key->path), last_name(path)))
			return key->path;
	return NULL;
}

/* Known variables that do not override a key. */
static const char *const other_variables[] = {
	/* variables of the recorder and of the programs */
	"FLUXLOOP_RECORD_ARGS", "FLUXLOOP_RECORDING_FILE",
	"FLUXLOOP_PYTHONPATH", "FLUXLOOP_PURE_PYTHON", "FLUXLOOP_FACTORY_KWARGS",
	/* variables of the package, and of the original's package */
	"FLUXLOOP_API_KEY", "FLUXLOOP_BASE_PATH", "FLUXLOOP_BATCH_SIZE",
	"FLUXLOOP_COLLECTOR_URL", "FLUXLOOP_DEBUG", "FLUXLOOP_ENABLED",
	"FLUXLOOP_ENVIRONMENT", "FLUXLOOP_FLUSH_INTERVAL",
	"FLUXLOOP_MAX_QUEUE_SIZE", "FLUXLOOP_OFFLINE_DIR",
	"FLUXLOOP_OFFLINE_ENABLED", "FLUXLOOP_SAMPLE_RATE",
	"FLUXLOOP_SERVICE_NAME", "FLUXLOOP_STORAGE", "FLUXLOOP_SYNC_API_KEY",
	"FLUXLOOP_SYNC_URL", "FLUXLOOP_TIMEOUT", "FLUXLOOP_USE_COLLECTOR"
};

/* The known variable with this index, or NULL after the last. */
static const char *
known_variable(size_t i)
{
	if (i < schema_nkeys)
		return schema_keys[i].env ? schema_keys[i].env : "";
	i -= schema_nkeys;
	return i < LEN(other_variables) ? other_variables[i] : NULL;
}

int
schema_has_variable(const char *name)
{
	const char *known;
	size_t i;

	for (i = 0; (known = known_variable(i)); i++)
		if (!strcmp(known, name))
			return 1;
	return 0;
}

const char *
schema_nearest_variable(const char *name)
{
	const size_t prefix = strlen("FLUXLOOP_");
	const char *known;
	struct nearest near;
	size_t i;

	/* the common prefix does not make names alike */
	nearest_init(&near, name + prefix);
	for (i = 0; (known = known_variable(i)); i++)
		if (*known)
			nearest_try(&near, known + prefix);
	return near.found ? near.found - prefix : NULL;
}

/* --- checks ------------------------------------------------------------- */

struct check {
	const struct tree *tree;
	const struct yamlmark *marks;	/* NULL: positions unknown */
	schema_report *report;
	void *arg;			/* argument of report */
	int errors;			/* number of errors so far */
};

static void report_at(struct check *k, int error, size_t node, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* Reports an error, or a warning if error is 0, at a node. */
static void
report_at(struct check *k, int error, size_t node, const char *fmt, ...)
{
	const struct yamlmark *m = k->marks ? &k->marks[node] : NULL;
	struct err e = { 0 };
	va_list ap;

	va_start(ap, fmt);
	err_vset(&e, m ? m->line : 0, m ? m->col : 0, fmt, ap);
	va_end(ap);
	k->errors += error;
	k->report(k->arg, error, &e);
	err_release(&e);
}

static void
schema_report_unknown(struct check *k, size_t node, const char *path)
{
	const char *guess = find_elsewhere(path);

	if (!guess)
		guess = schema_nearest(path);
	if (guess)
		report_at(k, 0, node, "unknown key '%s'; did you mean '%s'?",
		    path, guess);
	else
		report_at(k, 0, node, "unknown key '%s'", path);
}

static int
is_strings(const struct tree *t, size_t node)
{
	const struct tree_node *n = &t->nodes[node];
	size_t i;

	if (n->type == JSON_STRING)
		return 1;
	if (n->type != JSON_ARRAY)
		return 0;
	for (i = node + 1; i < n->next; i = t->nodes[i].next)
		if (t->nodes[i].type != JSON_STRING)
			return 0;
	return 1;
}

static int
is_whole(struct json_span v)
{
	double d = 0.5;

	return json_double(v, &d) && d == floor(d);
}

int
schema_seconds(struct json_span v, double *seconds)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {
		{ "", 1 }, { "ms", 0.001 }, { "s", 1 }, { "m", 60 },
		{ "h", 3600 }
	};
	struct buf text = { 0 };
	char *end = NULL;
	size_t i = LEN(units);

	if (json_double(v, seconds))
		return *seconds >= 0 && *seconds < 1e9;
	if (!json_is(v, JSON_STRING))
		return 0;
	json_text(&text, v);
	if (buf_str(&text)[0] >= '0' && text.p[0] <= '9') {
		*seconds = strtod(text.p, &end);
		for (i = 0; i < LEN(units); i++)
			if (!strcmp(end, units[i].name))
				break;
	}
	buf_release(&text);
	if (i == LEN(units))
		return 0;
	*seconds *= units[i].seconds;
	return *seconds < 1e9;
}

static int
has_type(const struct tree *t, size_t node, enum schema_type type)
{
	enum json_type json = t->nodes[node].type;
	double seconds;

	switch (type) {
	case SCHEMA_STRING:
		return json == JSON_STRING;
	case SCHEMA_INT:
		return is_whole(t->nodes[node].span);
	case SCHEMA_NUMBER:
		return json == JSON_NUMBER;
	case SCHEMA_BOOL:
		return json == JSON_BOOL;
	case SCHEMA_LIST:
		return json == JSON_ARRAY;
	case SCHEMA_MAP:
		return json == JSON_OBJECT;
	case SCHEMA_STRINGS:
		return is_strings(t, node);
	case SCHEMA_SCALAR:
		return json == JSON_STRING || json == JSON_NUMBER ||
		    json == JSON_BOOL;
	case SCHEMA_TIME:
		return schema_seconds(t->nodes[node].span, &seconds);
	case SCHEMA_ANY:
		break;
	}
	return 1;
}

/* Whether a string is one of the choices, which are separated by spaces. */
static int
is_choice(struct json_span v, const char *choices)
{
	size_t n;

	for (; *choices; choices += n + (choices[n] == ' ')) {
		n = strcspn(choices, " ");
		if (v.n == n + 2 && !memcmp(v.p + 1, choices, n))
			return 1;
	}
	return 0;
}

/* Appends choices "a b c" as "a, b or c". */
static void
put_choices(struct buf *b, const char *choices)
{
	const char *last = strrchr(choices, ' ');

	for (; *choices; choices++) {
		if (*choices != ' ')
			buf_byte(b, *choices);
		else
			buf_puts(b, choices == last ? " or " : ", ");
	}
}

/* Checks a string, or the strings of a list, against the key's choices. */
static void
check_choices(struct check *k, const struct schema_key *key, size_t node,
    const char *path)
{
	const struct tree *t = k->tree;
	struct buf choices = { 0 };
	struct json_span v;
	size_t i = node;

	put_choices(&choices, key->choices);
	if (t->nodes[node].type == JSON_ARRAY)
		i++;
	for (; i < t->nodes[node].next; i = t->nodes[i].next) {
		v = t->nodes[i].span;
		if (t->nodes[i].type == JSON_STRING &&
		    !is_choice(v, key->choices))
			report_at(k, 1, i, "'%s' must be %s, not %.*s", path,
			    buf_str(&choices), (int)v.n, v.p);
	}
	buf_release(&choices);
}

static void
report_type(struct check *k, const struct schema_key *key, size_t node,
    const char *path)
{
	const struct tree_node *n = &k->tree->nodes[node];

	if (n->type < JSON_ARRAY && n->span.n < 100)
		report_at(k, 1, node, "'%s' must be %s, not %.*s", path,
		    type_names[key->type], (int)n->span.n, n->span.p);
	else
		report_at(k, 1, node, "'%s' must be %s, not %s", path,
		    type_names[key->type], json_type_name(n->type));
}

/*
 * Whether the value of an ignored key is harmless, so that nothing is reported.
 */
static int
is_harmless(const struct schema_key *key, struct json_span v)
{
	struct buf compact = { 0 };
	int is = key->harmless && *key->harmless == '*';

	if (key->harmless && !is) {
		json_compact(&compact, v);
		is = !strcmp(buf_str(&compact), key->harmless);
	}
	buf_release(&compact);
	return is;
}

/*
 * Checks the value of a key. Returns 1 when it holds values for which the
 * schema has keys, too.
 */
static int
check_key(struct check *k, const struct schema_key *key, size_t node,
    const char *path)
{
	const struct tree_node *n = &k->tree->nodes[node];
	double d;

	if (n->type == JSON_NULL)
		return 0;
	if (!has_type(k->tree, node, key->type)) {
		report_type(k, key, node, path);
		return 0;
	}
	if (n->type == JSON_NUMBER && key->min != key->max &&
	    json_double(n->span, &d) && (d < key->min || d > key->max))
		report_at(k, 1, node, "'%s' must be from %.10g to %.10g", path,
		    key->min, key->max);
	if (key->choices)
		check_choices(k, key, node, path);
	if (key->ignored && !is_harmless(key, n->span))
		report_at(k, 0, node, "'%s' has no effect here%s%s", path,
		    key->instead ? ": " : "", key->instead ? key->instead :
		    "");
	return key->type == SCHEMA_MAP || key->type == SCHEMA_LIST;
}

/* Warns when other YAML readers read a plain scalar as another type. */
static void
check_reading(struct check *k, size_t node)
{
	struct json_span v = k->tree->nodes[node].span;
	const char *other;

	if (!k->marks || k->marks[node].style != YAMLMARK_PLAIN || *v.p != '"')
		return;
	other = yamltype_other_reading(v.p + 1, v.n - 2);
	if (other)
		report_at(k, 0, node, "%.*s is read as a string, but as %s by "
		    "other YAML readers; quote or change it", (int)v.n - 2,
		    v.p + 1, other);
}

/* Checks a node and all nodes in it. known: the schema has keys for these. */
static void
check_node(struct check *k, size_t node, struct buf *path, int known)
{
	const struct tree *t = k->tree;
	const struct tree_node *n = &t->nodes[node];
	const struct schema_key *key;
	struct set names = { 0 };
	struct json_span name;
	size_t i, value, len = path->len, index = 0;
	int object = n->type == JSON_OBJECT, added;

	check_reading(k, node);
	if (n->type < JSON_ARRAY)
		return;
	for (i = node + 1; i < n->next; i = t->nodes[i].next, index++) {
		value = object ? i + 1 : i;
		if (len)
			buf_byte(path, '.');
		if (object)
			json_text(path, t->nodes[i].span);
		else
			buf_uint(path, index);
		key = known ? schema_find(buf_str(path)) : NULL;
		name = t->nodes[i].span;
		set_add(&names, hash_bytes(0, 0, name.p, name.n), &added);
		if (object && !added)
			report_at(k, 1, i, "duplicate key '%s'", buf_str(path));
		if (known && !key)
			schema_report_unknown(k, i, buf_str(path));
		check_node(k, value, path,
		    key && check_key(k, key, value, buf_str(path)));
		path->len = len;
	}
	set_release(&names);
}

int
schema_check(const struct tree *t, const struct yamlmark *marks,
    schema_report *to, void *arg)
{
	struct check k = { t, marks, to, arg, 0 };
	struct buf path = { 0 };

	if (t->nodes[0].type == JSON_OBJECT)
		check_node(&k, 0, &path, 1);
	else
		report_at(&k, 1, 0, "the file must be a mapping, not %s",
		    json_type_name(t->nodes[0].type));
	buf_release(&path);
	return k.errors;
}

static void
schema_keep_error(void *arg, int error, const struct err *e)
{
	if (error)
		err_set(arg, e->line, e->col, "%s", e->msg);
}

int
schema_check_value(const struct schema_key *key, const char *path,
    struct json_span value, struct err *e)
{
	struct tree t = { 0 };
	struct check k = { &t, NULL, schema_keep_error, e, 0 };

	if (tree_parse(&t, value))
		return err_set(e, 0, 0, "'%s': not a value", path);
	check_key(&k, key, 0, path);
	tree_release(&t);
	return k.errors ? -1 : 0;
}
