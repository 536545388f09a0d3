#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/set.h"
#include "base/util.h"
#include "json/tree.h"
#include "yaml/yamlin.h"
#include "schema.h"

static const char *const want_names[] = {
	[SCHEMA_TEXT] = "a string",
	[SCHEMA_INT] = "a whole number",
	[SCHEMA_NUMBER] = "a number",
	[SCHEMA_BOOL] = "true or false",
	[SCHEMA_LIST] = "a list",
	[SCHEMA_MAP] = "a mapping",
	[SCHEMA_ANY] = "anything",
	[SCHEMA_TEXTS] = "a string or a list of strings",
	[SCHEMA_SCALAR] = "a string or a number"
};

/*
 * Every key there is. '*' stands for any key of a mapping or place in a list.
 * A section stands before what is in it. Keys without effect here are taken
 * so that files of the original FluxLoop can be used.
 */
const struct schema_key schema_keys[] = {
	{ .path = "name", .want = SCHEMA_TEXT, .env = "FLUXLOOP_NAME" },
	{ .path = "description", .want = SCHEMA_TEXT, .neutral = 1 },
	{ .path = "version", .want = SCHEMA_SCALAR, .neutral = 1 },
	{ .path = "runner", .want = SCHEMA_MAP, .preset = "{}" },
	{ .path = "runner.target", .want = SCHEMA_TEXT,
	    .env = "FLUXLOOP_TARGET" },
	{ .path = "runner.module_path", .want = SCHEMA_TEXT },
	{ .path = "runner.function_name", .want = SCHEMA_TEXT },
	{ .path = "runner.factory", .want = SCHEMA_TEXT },
	{ .path = "runner.factory_kwargs", .want = SCHEMA_MAP },
	{ .path = "runner.factory_kwargs.*", .want = SCHEMA_ANY },
	{ .path = "runner.stream_output_path", .want = SCHEMA_TEXT },
	{ .path = "runner.working_directory", .want = SCHEMA_TEXT },
	{ .path = "runner.python", .want = SCHEMA_TEXT,
	    .env = "FLUXLOOP_PYTHON" },
	{ .path = "runner.python_path", .want = SCHEMA_TEXTS },
	{ .path = "runner.environment_vars", .want = SCHEMA_MAP },
	{ .path = "runner.environment_vars.*", .want = SCHEMA_SCALAR },
	{ .path = "runner.timeout_seconds", .want = SCHEMA_NUMBER,
	    .preset = "300", .min = 0.001, .max = 1e9,
	    .env = "FLUXLOOP_TIMEOUT_SECONDS" },
	{ .path = "runner.max_retries", .want = SCHEMA_INT, .preset = "0",
	    .max = 1e6, .env = "FLUXLOOP_MAX_RETRIES" },
	{ .path = "runner.retry_delay", .want = SCHEMA_NUMBER, .preset = "1",
	    .max = 1e6, .env = "FLUXLOOP_RETRY_DELAY", .neutral = 1 },
	{ .path = "runner.concurrency", .want = SCHEMA_INT, .preset = "1",
	    .min = 1, .max = 4096 },
	{ .path = "runner.retry_on", .want = SCHEMA_TEXTS,
	    .words = "error timeout crash protocol" },
	{ .path = "runner.on_error", .want = SCHEMA_TEXT,
	    .preset = "\"continue\"", .words = "continue fail_fast",
	    .neutral = 1 },
	{ .path = "runner.kill_signal", .want = SCHEMA_TEXT,
	    .preset = "\"SIGTERM\"", .words = "SIGTERM SIGINT SIGHUP "
	    "SIGQUIT SIGUSR1 SIGUSR2 SIGABRT SIGKILL" },
	{ .path = "runner.kill_timeout", .want = SCHEMA_NUMBER, .preset = "2",
	    .max = 1e6 },
	{ .path = "runner.isolation", .want = SCHEMA_TEXT,
	    .words = "none call" },
	{ .path = "runner.environment", .want = SCHEMA_TEXT,
	    .preset = "\"inherit\"", .words = "inherit clean" },
	{ .path = "runner.environment_allow", .want = SCHEMA_TEXTS },
	{ .path = "runner.limits", .want = SCHEMA_MAP, .preset = "{}" },
	{ .path = "runner.limits.address_space_mb", .want = SCHEMA_INT,
	    .min = 1, .max = 1e9 },
	{ .path = "runner.limits.cpu_seconds", .want = SCHEMA_INT, .min = 1,
	    .max = 1e9 },
	{ .path = "runner.limits.open_files", .want = SCHEMA_INT, .min = 3,
	    .max = 1e9 },
	{ .path = "runner.limits.file_mb", .want = SCHEMA_INT, .max = 1e9 },
	{ .path = "runner.limits.output_mb", .want = SCHEMA_INT,
	    .preset = "1024", .max = 1e9 },
	{ .path = "runner.process", .want = SCHEMA_MAP },
	{ .path = "runner.process.command", .want = SCHEMA_TEXTS },
	{ .path = "runner.process.protocol", .want = SCHEMA_TEXT,
	    .words = "jsonl lines" },
	{ .path = "runner.process.ready_pattern", .want = SCHEMA_TEXT },
	{ .path = "runner.requirements_file", .want = SCHEMA_TEXT, .idle = 1 },
	{ .path = "runner.setup_commands", .want = SCHEMA_LIST, .idle = 1 },
	{ .path = "runner.setup_commands.*", .want = SCHEMA_ANY },
	{ .path = "runner.use_docker", .want = SCHEMA_BOOL, .idle = 1 },
	{ .path = "runner.docker_image", .want = SCHEMA_TEXT, .idle = 1 },
	{ .path = "runner.docker_build_context", .want = SCHEMA_TEXT, .idle = 1
	    },
	{ .path = "runner.docker_volumes", .want = SCHEMA_LIST, .idle = 1 },
	{ .path = "runner.docker_volumes.*", .want = SCHEMA_ANY },
	{ .path = "replay_args", .want = SCHEMA_MAP, .preset = "{}" },
	{ .path = "replay_args.enabled", .want = SCHEMA_BOOL,
	    .preset = "false" },
	{ .path = "replay_args.recording_file", .want = SCHEMA_TEXT },
	{ .path = "replay_args.callable_providers", .want = SCHEMA_MAP },
	{ .path = "replay_args.callable_providers.*", .want = SCHEMA_TEXT },
	{ .path = "replay_args.override_param_path", .want = SCHEMA_TEXT },
	{ .path = "replay_args.drain_seconds", .want = SCHEMA_NUMBER,
	    .preset = "5", .max = 1e6 },
	{ .path = "inputs_file", .want = SCHEMA_TEXT,
	    .preset = "\"inputs/generated.yaml\"",
	    .env = "FLUXLOOP_INPUTS_FILE", .neutral = 1 },
	{ .path = "base_inputs", .want = SCHEMA_LIST },
	{ .path = "base_inputs.*", .want = SCHEMA_ANY },
	{ .path = "input_template", .want = SCHEMA_TEXT },
	{ .path = "iterations", .want = SCHEMA_INT, .preset = "1", .min = 1,
	    .max = 1e9, .env = "FLUXLOOP_ITERATIONS" },
	{ .path = "parallel_runs", .want = SCHEMA_INT, .preset = "1",
	    .min = 0, .max = 4096, .env = "FLUXLOOP_PARALLEL_RUNS",
	    .neutral = 1 },
	{ .path = "run_delay_seconds", .want = SCHEMA_NUMBER, .preset = "0",
	    .max = 1e6, .env = "FLUXLOOP_RUN_DELAY_SECONDS", .neutral = 1 },
	{ .path = "seed", .want = SCHEMA_INT, .min = -9007199254740992.0,
	    .max = 9007199254740992.0, .env = "FLUXLOOP_SEED" },
	{ .path = "output_directory", .want = SCHEMA_TEXT,
	    .preset = "\"experiments\"", .env = "FLUXLOOP_OUTPUT_DIRECTORY",
	    .neutral = 1 },
	{ .path = "personas", .want = SCHEMA_LIST },
	{ .path = "personas.*", .want = SCHEMA_MAP },
	{ .path = "personas.*.name", .want = SCHEMA_TEXT },
	{ .path = "personas.*.description", .want = SCHEMA_TEXT },
	{ .path = "personas.*.characteristics", .want = SCHEMA_TEXTS },
	{ .path = "personas.*.language", .want = SCHEMA_TEXT },
	{ .path = "personas.*.expertise_level", .want = SCHEMA_TEXT },
	{ .path = "personas.*.goals", .want = SCHEMA_TEXTS },
	{ .path = "personas.*.constraints", .want = SCHEMA_TEXTS, .idle = 1 },
	{ .path = "personas.*.custom_attributes", .want = SCHEMA_MAP,
	    .idle = 1 },
	{ .path = "personas.*.custom_attributes.*", .want = SCHEMA_ANY },
	{ .path = "variation_strategies", .want = SCHEMA_TEXTS, .neutral = 1 },
	{ .path = "variation_count", .want = SCHEMA_INT, .max = 1e6, .neutral =
	    1 },
	{ .path = "variation_temperature", .want = SCHEMA_NUMBER, .max = 2,
	    .idle = 1 },
	{ .path = "variation_model", .want = SCHEMA_TEXT, .idle = 1 },
	{ .path = "custom_variation_prompt", .want = SCHEMA_TEXTS, .neutral = 1
	    },
	{ .path = "input_generation", .want = SCHEMA_MAP, .neutral = 1 },
	{ .path = "input_generation.mode", .want = SCHEMA_TEXT, .idle = 1 },
	{ .path = "input_generation.strategies", .want = SCHEMA_LIST },
	{ .path = "input_generation.strategies.*", .want = SCHEMA_ANY },
	{ .path = "input_generation.limit", .want = SCHEMA_INT, .min = 1,
	    .max = 1e9 },
	{ .path = "input_generation.variation_count", .want = SCHEMA_INT,
	    .max = 1e6 },
	{ .path = "input_generation.llm", .want = SCHEMA_MAP, .idle = 1 },
	{ .path = "input_generation.llm.*", .want = SCHEMA_ANY },
	{ .path = "evaluators", .want = SCHEMA_LIST, .idle = 1 },
	{ .path = "evaluators.*", .want = SCHEMA_ANY },
	{ .path = "evaluation", .want = SCHEMA_ANY, .idle = 1 },
	{ .path = "multi_turn", .want = SCHEMA_ANY, .idle = 1 },
	{ .path = "save_traces", .want = SCHEMA_BOOL, .idle = 1 },
	{ .path = "save_aggregated_metrics", .want = SCHEMA_BOOL, .idle = 1 },
	{ .path = "collector_url", .want = SCHEMA_TEXT, .idle = 1 },
	{ .path = "collector_api_key", .want = SCHEMA_TEXT, .idle = 1 },
	{ .path = "tags", .want = SCHEMA_TEXTS, .neutral = 1 },
	{ .path = "metadata", .want = SCHEMA_MAP, .neutral = 1 },
	{ .path = "metadata.*", .want = SCHEMA_ANY },
};
const size_t schema_nkeys = LEN(schema_keys);

/* --- looking at what is there -------------------------------------------- */

struct check {
	const struct tree *tree;
	const struct yamlin_mark *marks;
	void (*say)(void *arg, int error, const struct err *e);
	void *arg;
	int errors;
};

static void tell(struct check *k, int error, size_t node, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
tell(struct check *k, int error, size_t node, const char *fmt, ...)
{
	const struct yamlin_mark *m = k->marks ? &k->marks[node] : NULL;
	struct err e = { 0 };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&e, m ? m->line : 0, m ? m->col : 0, "%s", text);
	k->errors += error;
	k->say(k->arg, error, &e);
	err_release(&e);
}

const char *
schema_want_name(enum schema_want want)
{
	return want_names[want];
}

/* 1 when a path of the table is path, '*' matching one name. */
static int
matches(const char *pattern, const char *path)
{
	size_t n;

	for (;;) {
		n = strcspn(path, ".");
		if (pattern[0] == '*' && (!pattern[1] || pattern[1] == '.')) {
			pattern++;
		} else if (strncmp(pattern, path, n) == 0 &&
		    (!pattern[n] || pattern[n] == '.')) {
			pattern += n;
		} else {
			return 0;
		}
		path += n;
		if (!*path || !*pattern)
			return !*path && !*pattern;
		path++;
		pattern++;
	}
}

const struct schema_key *
schema_find(const char *path)
{
	size_t i;

	for (i = 0; i < schema_nkeys; i++)
		if (matches(schema_keys[i].path, path))
			return &schema_keys[i];
	return NULL;
}

int
schema_neutral(const char *path, size_t n)
{
	const struct schema_key *key;
	char *place;
	int yes;

	do {
		place = xmemdup(path, n);
		key = schema_find(place);
		free(place);
		yes = key && (key->neutral || key->idle);
		while (n && path[--n] != '.')
			;
	} while (n && !yes);
	return yes;
}

/* It is the known key of the same section whose name is nearest. */
const char *
schema_nearest(const char *path)
{
	const char *dot = strrchr(path, '.'), *last, *found = NULL;
	const char *name = dot ? dot + 1 : path;
	size_t i, d, best = strlen(name) / 2 + 1;
	char *section = xmemdup(path, dot ? (size_t)(dot - path) : 0);
	char *known;

	for (i = 0; i < schema_nkeys; i++) {
		last = strrchr(schema_keys[i].path, '.');
		last = last ? last + 1 : schema_keys[i].path;
		known = xmemdup(schema_keys[i].path, last ==
		    schema_keys[i].path ? 0 : (size_t)(last -
		    schema_keys[i].path - 1));
		if (*last != '*' && (*section ? *known &&
		    matches(known, section) : !*known)) {
			d = nearest_distance(name, last, best);
			if (d < best) {
				best = d;
				found = last;
			}
		}
		free(known);
	}
	free(section);
	return found;
}

/* Where a key is known that was put into the wrong section. */
static const char *
elsewhere(const char *path)
{
	const char *dot = strrchr(path, '.'), *last;
	const char *name = dot ? dot + 1 : path;
	size_t i;

	for (i = 0; i < schema_nkeys; i++) {
		last = strrchr(schema_keys[i].path, '.');
		if (!strchr(schema_keys[i].path, '*') &&
		    !strcmp(last ? last + 1 : schema_keys[i].path, name))
			return schema_keys[i].path;
	}
	return NULL;
}

static void
unknown_key(struct check *k, size_t node, const char *path)
{
	const char *near = schema_nearest(path), *other = elsewhere(path);

	if (other)
		tell(k, 0, node, "unknown key '%s': '%s' is its place", path,
		    other);
	else if (near)
		tell(k, 0, node, "unknown key '%s': is '%s' meant?", path,
		    near);
	else
		tell(k, 0, node, "unknown key '%s'", path);
}

static int
is_texts(const struct tree *t, size_t node)
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

static int
suits(const struct tree *t, size_t node, enum schema_want want)
{
	enum json_type type = t->nodes[node].type;

	switch (want) {
	case SCHEMA_TEXT:
		return type == JSON_STRING;
	case SCHEMA_INT:
		return is_whole(t->nodes[node].span);
	case SCHEMA_NUMBER:
		return type == JSON_NUMBER;
	case SCHEMA_BOOL:
		return type == JSON_BOOL;
	case SCHEMA_LIST:
		return type == JSON_ARRAY;
	case SCHEMA_MAP:
		return type == JSON_OBJECT;
	case SCHEMA_TEXTS:
		return is_texts(t, node);
	case SCHEMA_SCALAR:
		return type == JSON_STRING || type == JSON_NUMBER ||
		    type == JSON_BOOL;
	case SCHEMA_ANY:
		break;
	}
	return 1;
}

/* Whether a string is one of some words with a space between them. */
static int
is_among(struct json_span v, const char *words)
{
	size_t n;

	for (; *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (v.n == n + 2 && !memcmp(v.p + 1, words, n))
			return 1;
	}
	return 0;
}

/* "a b c" as "a, b or c". */
static void
put_choices(struct buf *b, const char *words)
{
	const char *last = strrchr(words, ' ');

	for (; *words; words++) {
		if (*words != ' ')
			buf_byte(b, *words);
		else
			buf_puts(b, words == last ? " or " : ", ");
	}
}

/* Checks a string, or those of a list. */
static void
check_words(struct check *k, const struct schema_key *key, size_t node,
    const char *path)
{
	const struct tree *t = k->tree;
	struct buf choices = { 0 };
	struct json_span v;
	size_t i = node;

	put_choices(&choices, key->words);
	if (t->nodes[node].type == JSON_ARRAY)
		i++;
	for (; i < t->nodes[node].next; i = t->nodes[i].next) {
		v = t->nodes[i].span;
		if (t->nodes[i].type == JSON_STRING &&
		    !is_among(v, key->words))
			tell(k, 1, i, "'%s' has to be %s, not %.*s", path,
			    buf_str(&choices), (int)v.n, v.p);
	}
	buf_release(&choices);
}

/* Returns 1 when what is in the value can be looked at. */
static int
check_value(struct check *k, const struct schema_key *key, size_t node,
    const char *path)
{
	const struct tree_node *n = &k->tree->nodes[node];
	double d;

	if (n->type == JSON_NULL)
		return 0;
	if (!suits(k->tree, node, key->want)) {
		if (n->type < JSON_ARRAY && n->span.n < 100)
			tell(k, 1, node, "'%s' has to be %s, not %.*s", path,
			    want_names[key->want], (int)n->span.n, n->span.p);
		else
			tell(k, 1, node, "'%s' has to be %s, not %s", path,
			    want_names[key->want], json_type_name(n->type));
		return 0;
	}
	if (n->type == JSON_NUMBER && key->min != key->max &&
	    json_double(n->span, &d) && (d < key->min || d > key->max))
		tell(k, 1, node, "'%s' has to be from %.10g to %.10g", path,
		    key->min, key->max);
	if (key->words)
		check_words(k, key, node, path);
	if (key->idle)
		tell(k, 0, node, "'%s' has no effect here", path);
	return key->want == SCHEMA_MAP || key->want == SCHEMA_LIST;
}

/* Says when PyYAML would have read a plain scalar as something else. */
static void
check_reading(struct check *k, size_t node)
{
	struct json_span v = k->tree->nodes[node].span;
	const char *other;

	if (!k->marks || k->marks[node].style != 'p' || *v.p != '"')
		return;
	other = yamlin_other_reading(v.p + 1, v.n - 2);
	if (other)
		tell(k, 0, node, "%.*s is read as a string; other YAML "
		    "readers take it for %s: put it in quotes or change it",
		    (int)v.n - 2, v.p + 1, other);
}

static void
check_node(struct check *k, size_t node, struct buf *path, int known)
{
	const struct tree *t = k->tree;
	const struct tree_node *n = &t->nodes[node];
	const struct schema_key *key;
	struct set names = { 0 };
	struct json_span name;
	size_t i, at, len = path->len, place = 0;
	int object = n->type == JSON_OBJECT, below, added;

	check_reading(k, node);
	if (n->type < JSON_ARRAY)
		return;
	for (i = node + 1; i < n->next; i = t->nodes[i].next, place++) {
		at = object ? i + 1 : i;
		if (len)
			buf_byte(path, '.');
		if (object)
			json_text(path, t->nodes[i].span);
		else
			buf_printf(path, "%zu", place);
		/* below a key that takes anything, nothing is known */
		key = known ? schema_find(buf_str(path)) : NULL;
		name = t->nodes[i].span;
		set_add(&names, hash_bytes(0, 0, name.p, name.n), &added);
		if (object && !added)
			tell(k, 1, i, "'%s' is there twice", buf_str(path));
		if (known && !key)
			unknown_key(k, i, buf_str(path));
		below = key && check_value(k, key, at, buf_str(path));
		check_node(k, at, path, below);
		path->len = len;
	}
	set_release(&names);
}

int
schema_check(const struct tree *t, const struct yamlin_mark *marks,
    void (*say)(void *arg, int error, const struct err *e), void *arg)
{
	struct check k = { t, marks, say, arg, 0 };
	struct buf path = { 0 };

	if (t->nodes[0].type == JSON_OBJECT)
		check_node(&k, 0, &path, 1);
	else
		tell(&k, 1, 0, "the file has to be a mapping, not %s",
		    json_type_name(t->nodes[0].type));
	buf_release(&path);
	return k.errors;
}

static void
keep_error(void *arg, int error, const struct err *e)
{
	if (error)
		err_set(arg, e->line, e->col, "%s", e->msg);
}

int
schema_check_value(const struct schema_key *key, const char *path,
    struct json_span value, struct err *e)
{
	struct tree t = { 0 };
	struct check k = { &t, NULL, keep_error, e, 0 };

	if (tree_parse(&t, value))
		return err_set(e, 0, 0, "'%s': not a value", path);
	check_value(&k, key, 0, path);
	tree_release(&t);
	return k.errors ? -1 : 0;
}
