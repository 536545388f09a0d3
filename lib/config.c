#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "err.h"
#include "buf.h"
#include "json.h"
#include "out.h"
#include "tree.h"
#include "path.h"
#include "yamlin.h"
#include "environ.h"
#include "config.h"

/* What a value has to be. */
enum want {
	W_TEXT, W_INT, W_NUMBER, W_BOOL, W_LIST, W_MAP, W_ANY,
	W_TEXTS,		/* a list of strings, or one string */
	W_SCALAR		/* a string, number or boolean */
};

static const char *const want_names[] = {
	"a string", "a whole number", "a number", "true or false", "a list",
	"a mapping", "anything", "a string or a list of strings",
	"a string or a number"
};

/*
 * Every key there is. '*' stands for any key of a mapping or place in a list.
 * A section stands before what is in it. Keys without effect here are taken
 * so that files of the original FluxLoop can be used.
 */
static const struct key {
	const char *path;
	enum want want;
	const char *preset;	/* JSON */
	double min, max;	/* where they differ */
	const char *env;	/* the variable that overrides it */
	int idle;		/* 1: has no effect here */
} keys[] = {
	{ .path = "name", .want = W_TEXT, .env = "FLUXLOOP_NAME" },
	{ .path = "description", .want = W_TEXT },
	{ .path = "version", .want = W_SCALAR },
	{ .path = "runner", .want = W_MAP, .preset = "{}" },
	{ .path = "runner.target", .want = W_TEXT,
	    .env = "FLUXLOOP_TARGET" },
	{ .path = "runner.module_path", .want = W_TEXT },
	{ .path = "runner.function_name", .want = W_TEXT },
	{ .path = "runner.factory", .want = W_TEXT },
	{ .path = "runner.factory_kwargs", .want = W_MAP },
	{ .path = "runner.factory_kwargs.*", .want = W_ANY },
	{ .path = "runner.stream_output_path", .want = W_TEXT },
	{ .path = "runner.working_directory", .want = W_TEXT },
	{ .path = "runner.python", .want = W_TEXT,
	    .env = "FLUXLOOP_PYTHON" },
	{ .path = "runner.python_path", .want = W_TEXTS },
	{ .path = "runner.environment_vars", .want = W_MAP },
	{ .path = "runner.environment_vars.*", .want = W_SCALAR },
	{ .path = "runner.timeout_seconds", .want = W_NUMBER,
	    .preset = "300", .min = 0.001, .max = 1e9,
	    .env = "FLUXLOOP_TIMEOUT_SECONDS" },
	{ .path = "runner.max_retries", .want = W_INT, .preset = "0",
	    .max = 1e6, .env = "FLUXLOOP_MAX_RETRIES" },
	{ .path = "runner.retry_delay", .want = W_NUMBER, .preset = "1",
	    .max = 1e6, .env = "FLUXLOOP_RETRY_DELAY" },
	{ .path = "runner.concurrency", .want = W_INT, .preset = "1",
	    .min = 1, .max = 10000 },
	{ .path = "runner.isolation", .want = W_TEXT },
	{ .path = "runner.process", .want = W_MAP },
	{ .path = "runner.process.command", .want = W_TEXTS },
	{ .path = "runner.process.protocol", .want = W_TEXT },
	{ .path = "runner.process.ready_pattern", .want = W_TEXT },
	{ .path = "runner.requirements_file", .want = W_TEXT, .idle = 1 },
	{ .path = "runner.setup_commands", .want = W_LIST, .idle = 1 },
	{ .path = "runner.setup_commands.*", .want = W_ANY },
	{ .path = "runner.use_docker", .want = W_BOOL, .idle = 1 },
	{ .path = "runner.docker_image", .want = W_TEXT, .idle = 1 },
	{ .path = "runner.docker_build_context", .want = W_TEXT, .idle = 1 },
	{ .path = "runner.docker_volumes", .want = W_LIST, .idle = 1 },
	{ .path = "runner.docker_volumes.*", .want = W_ANY },
	{ .path = "replay_args", .want = W_MAP, .preset = "{}" },
	{ .path = "replay_args.enabled", .want = W_BOOL,
	    .preset = "false" },
	{ .path = "replay_args.recording_file", .want = W_TEXT },
	{ .path = "replay_args.callable_providers", .want = W_MAP },
	{ .path = "replay_args.callable_providers.*", .want = W_TEXT },
	{ .path = "replay_args.override_param_path", .want = W_TEXT },
	{ .path = "replay_args.drain_seconds", .want = W_NUMBER,
	    .preset = "5", .max = 1e6 },
	{ .path = "inputs_file", .want = W_TEXT,
	    .preset = "\"inputs/generated.yaml\"",
	    .env = "FLUXLOOP_INPUTS_FILE" },
	{ .path = "base_inputs", .want = W_LIST },
	{ .path = "base_inputs.*", .want = W_ANY },
	{ .path = "input_template", .want = W_TEXT },
	{ .path = "iterations", .want = W_INT, .preset = "1", .min = 1,
	    .max = 1e9, .env = "FLUXLOOP_ITERATIONS" },
	{ .path = "parallel_runs", .want = W_INT, .preset = "1",
	    .min = 0, .max = 4096, .env = "FLUXLOOP_PARALLEL_RUNS" },
	{ .path = "run_delay_seconds", .want = W_NUMBER, .preset = "0",
	    .max = 1e6, .env = "FLUXLOOP_RUN_DELAY_SECONDS" },
	{ .path = "seed", .want = W_INT, .min = -9007199254740992.0,
	    .max = 9007199254740992.0, .env = "FLUXLOOP_SEED" },
	{ .path = "output_directory", .want = W_TEXT,
	    .preset = "\"experiments\"", .env = "FLUXLOOP_OUTPUT_DIRECTORY" },
	{ .path = "personas", .want = W_LIST },
	{ .path = "personas.*", .want = W_MAP },
	{ .path = "personas.*.name", .want = W_TEXT },
	{ .path = "personas.*.description", .want = W_TEXT },
	{ .path = "personas.*.characteristics", .want = W_TEXTS },
	{ .path = "personas.*.language", .want = W_TEXT },
	{ .path = "personas.*.expertise_level", .want = W_TEXT },
	{ .path = "personas.*.goals", .want = W_TEXTS },
	{ .path = "personas.*.constraints", .want = W_TEXTS, .idle = 1 },
	{ .path = "personas.*.custom_attributes", .want = W_MAP,
	    .idle = 1 },
	{ .path = "personas.*.custom_attributes.*", .want = W_ANY },
	{ .path = "variation_strategies", .want = W_TEXTS },
	{ .path = "variation_count", .want = W_INT, .max = 1e6 },
	{ .path = "variation_temperature", .want = W_NUMBER, .max = 2,
	    .idle = 1 },
	{ .path = "variation_model", .want = W_TEXT, .idle = 1 },
	{ .path = "custom_variation_prompt", .want = W_TEXTS },
	{ .path = "input_generation", .want = W_MAP },
	{ .path = "input_generation.mode", .want = W_TEXT, .idle = 1 },
	{ .path = "input_generation.strategies", .want = W_LIST },
	{ .path = "input_generation.strategies.*", .want = W_ANY },
	{ .path = "input_generation.limit", .want = W_INT, .min = 1,
	    .max = 1e9 },
	{ .path = "input_generation.variation_count", .want = W_INT,
	    .max = 1e6 },
	{ .path = "input_generation.llm", .want = W_MAP, .idle = 1 },
	{ .path = "input_generation.llm.*", .want = W_ANY },
	{ .path = "evaluators", .want = W_LIST, .idle = 1 },
	{ .path = "evaluators.*", .want = W_ANY },
	{ .path = "evaluation", .want = W_ANY, .idle = 1 },
	{ .path = "multi_turn", .want = W_ANY, .idle = 1 },
	{ .path = "save_traces", .want = W_BOOL, .idle = 1 },
	{ .path = "save_aggregated_metrics", .want = W_BOOL, .idle = 1 },
	{ .path = "collector_url", .want = W_TEXT, .idle = 1 },
	{ .path = "collector_api_key", .want = W_TEXT, .idle = 1 },
	{ .path = "tags", .want = W_TEXTS },
	{ .path = "metadata", .want = W_MAP },
	{ .path = "metadata.*", .want = W_ANY },
};

/* Keys that take one of a few words. */
static const struct {
	const char *path;
	const char *words;	/* each between spaces */
} choices[] = {
	{ "runner.isolation", " none call " },
	{ "runner.process.protocol", " jsonl lines " },
};

/* --- looking at what is there -------------------------------------------- */

struct check {
	const struct tree *tree;
	const struct yamlin_mark *marks;
	config_say *say;
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

static const struct key *
find_key(const char *path)
{
	size_t i;

	for (i = 0; i < LEN(keys); i++)
		if (matches(keys[i].path, path))
			return &keys[i];
	return NULL;
}

/*
 * How many letters have to be put in, left out or changed to make a into b
 * (Levenshtein), as far as max.
 */
static size_t
distance(const char *a, const char *b, size_t max)
{
	size_t n = strlen(a), m = strlen(b), i, j, diagonal, old, best;
	size_t row[64];

	if (n > 63 || m > 63)
		return max;
	for (j = 0; j <= m; j++)
		row[j] = j;
	for (i = 1; i <= n; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= m; j++) {
			old = row[j];
			best = diagonal + (a[i - 1] != b[j - 1]);
			if (old + 1 < best)
				best = old + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = old;
		}
	}
	return row[m] < max ? row[m] : max;
}

/* The known key of the same section whose name is nearest, or NULL. */
static const char *
nearest(const char *path)
{
	const char *dot = strrchr(path, '.'), *last, *found = NULL;
	const char *name = dot ? dot + 1 : path;
	size_t i, d, best = strlen(name) / 2 + 1;
	char *section = xmemdup(path, dot ? (size_t)(dot - path) : 0);
	char *known;

	for (i = 0; i < LEN(keys); i++) {
		last = strrchr(keys[i].path, '.');
		last = last ? last + 1 : keys[i].path;
		known = xmemdup(keys[i].path, last == keys[i].path ? 0 :
		    (size_t)(last - keys[i].path - 1));
		if (*last != '*' && (*section ? *known &&
		    matches(known, section) : !*known)) {
			d = distance(name, last, best);
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

	for (i = 0; i < LEN(keys); i++) {
		last = strrchr(keys[i].path, '.');
		if (!strchr(keys[i].path, '*') &&
		    !strcmp(last ? last + 1 : keys[i].path, name))
			return keys[i].path;
	}
	return NULL;
}

static void
unknown_key(struct check *k, size_t node, const char *path)
{
	const char *near = nearest(path), *other = elsewhere(path);

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
suits(const struct tree *t, size_t node, enum want want)
{
	enum json_type type = t->nodes[node].type;

	switch (want) {
	case W_TEXT:
		return type == JSON_STRING;
	case W_INT:
		return is_whole(t->nodes[node].span);
	case W_NUMBER:
		return type == JSON_NUMBER;
	case W_BOOL:
		return type == JSON_BOOL;
	case W_LIST:
		return type == JSON_ARRAY;
	case W_MAP:
		return type == JSON_OBJECT;
	case W_TEXTS:
		return is_texts(t, node);
	case W_SCALAR:
		return type == JSON_STRING || type == JSON_NUMBER ||
		    type == JSON_BOOL;
	case W_ANY:
		break;
	}
	return 1;
}

static void
check_choice(struct check *k, size_t node, const char *path)
{
	struct json_span v = k->tree->nodes[node].span;
	char *padded;
	size_t i;

	for (i = 0; i < LEN(choices); i++) {
		if (strcmp(choices[i].path, path) != 0)
			continue;
		padded = xasprintf(" %.*s ", (int)v.n - 2, v.p + 1);
		if (!strstr(choices[i].words, padded))
			tell(k, 1, node, "'%s' is one of%s, not %.*s", path,
			    choices[i].words, (int)v.n, v.p);
		free(padded);
	}
}

/* Returns 1 when what is in the value can be looked at. */
static int
check_value(struct check *k, const struct key *key, size_t node,
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
	if (n->type == JSON_STRING)
		check_choice(k, node, path);
	if (key->idle)
		tell(k, 0, node, "'%s' has no effect here", path);
	return key->want == W_MAP || key->want == W_LIST;
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
check_double(struct check *k, size_t object, size_t key, const char *path)
{
	const struct tree *t = k->tree;
	struct json_span name = t->nodes[key].span;
	size_t i;

	for (i = object + 1; i < key; i = t->nodes[i].next)
		if (t->nodes[i].span.n == name.n &&
		    !memcmp(t->nodes[i].span.p, name.p, name.n)) {
			tell(k, 1, key, "'%s' is there twice", path);
			return;
		}
}

static void
check_node(struct check *k, size_t node, struct buf *path, int known)
{
	const struct tree *t = k->tree;
	const struct tree_node *n = &t->nodes[node];
	const struct key *key;
	size_t i, at, len = path->len, place = 0;
	int object = n->type == JSON_OBJECT, below;

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
		key = known ? find_key(buf_str(path)) : NULL;
		if (object && n->count <= 1000)
			check_double(k, node, i, buf_str(path));
		if (known && !key)
			unknown_key(k, i, buf_str(path));
		below = key && check_value(k, key, at, buf_str(path));
		check_node(k, at, path, below);
		path->len = len;
	}
}

/* --- defaults and the environment ---------------------------------------- */

static void
put(struct buf *json, const char *path, const char *value)
{
	struct json_span root = { json->p, json->len };
	struct json_span v = { value, strlen(value) };
	struct buf b = { 0 };

	if (!path_set(&b, root, path, v)) {
		buf_release(json);
		*json = b;
	}
}

static int
absent(const struct buf *json, const char *path)
{
	struct json_span root = { json->p, json->len }, v;

	v = path_get(root, path);
	return !v.p || json_type(v) == JSON_NULL;
}

/* An override from the environment, as the JSON its key wants; or NULL. */
static char *
env_value(const struct key *key, const char *text)
{
	struct buf b = { 0 };
	double d;
	char *end;

	if (key->want == W_TEXT) {
		json_put_text(&b, text, strlen(text));
		return buf_detach(&b, NULL);
	}
	d = strtod(text, &end);
	if (end == text || *end || !(d >= key->min && d <= key->max) ||
	    (key->want == W_INT && d != floor(d)))
		return NULL;
	json_add_double(&b, NULL, d);
	return buf_detach(&b, NULL);
}

static int
override(struct buf *json, const struct environ *env, config_say *say,
    void *arg)
{
	const char *text;
	struct err e = { 0 };
	char *value;
	size_t i;
	int bad = 0;

	for (i = 0; i < LEN(keys); i++) {
		text = keys[i].env ? environ_get(env, keys[i].env) : NULL;
		if (!text || !*text)
			continue;
		value = env_value(&keys[i], text);
		if (value) {
			put(json, keys[i].path, value);
		} else {
			bad = err_set(&e, 0, 0, "%s='%s' in the environment: "
			    "'%s' has to be %s", keys[i].env, text,
			    keys[i].path, want_names[keys[i].want]);
			say(arg, 1, &e);
		}
		free(value);
	}
	err_release(&e);
	return bad;
}

static void
assume(struct buf *json)
{
	size_t i;

	for (i = 0; i < LEN(keys); i++)
		if (keys[i].preset && absent(json, keys[i].path))
			put(json, keys[i].path, keys[i].preset);
}

static void
read_env_file(struct environ *env, const char *dir, const char *name,
    config_say *say, void *arg)
{
	struct err e = { 0 }, told = { 0 };
	char *file = xasprintf("%s/%s", dir, name), *text;

	if (environ_read(env, file, &e) < 0) {
		text = err_text(&e, file);
		err_set(&told, 0, 0, "%s", text);
		say(arg, 0, &told);
		free(text);
	}
	err_release(&e);
	err_release(&told);
	free(file);
}

/* Adds the variables of from that are not there. */
static void
add_missing(struct environ *env, const struct environ *from)
{
	const char *eq;
	size_t i;

	for (i = 0; i < from->n; i++) {
		eq = strchr(from->vars[i], '=');
		environ_set(env, from->vars[i], (size_t)(eq - from->vars[i]),
		    eq + 1, 0);
	}
}

static void
add_configured(struct environ *env, struct json_span vars)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	struct buf name = { 0 }, text = { 0 };

	if (!json_is(vars, JSON_OBJECT))
		return;
	for (it = json_each(vars); json_next(&it, &key, &value); ) {
		name.len = text.len = 0;
		json_text(&name, key);
		if (json_type(value) == JSON_STRING)
			json_text(&text, value);
		else if (json_type(value) != JSON_NULL)
			buf_add(&text, value.p, value.n);
		environ_set(env, buf_str(&name), name.len, buf_str(&text), 0);
	}
	buf_release(&name);
	buf_release(&text);
}

/* --- reading --------------------------------------------------------------- */

/* Turns the file into JSON and checks it. */
static int
read_file(struct config *c, struct buf *json, config_say *say, void *arg)
{
	struct yamlin_reader *r;
	struct check k = { 0 };
	struct tree t = { 0 };
	struct buf path = { 0 };
	struct err e = { 0 };
	size_t line, n;
	int fd, got;

	fd = open(c->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_set(&e, 0, 0, "%s", strerror(errno));
		say(arg, 1, &e);
		err_release(&e);
		return -1;
	}
	r = yamlin_new(fd, YAMLIN_DOCUMENTS);
	got = yamlin_next(r, json, &line, &e);
	k.say = say;
	k.arg = arg;
	k.tree = &t;
	if (got < 0) {
		say(arg, k.errors = 1, &e);
	} else if (got > 0 && *json->p == 'n') {
		json->len = 0;	/* only comments */
	} else if (got > 0) {
		tree_parse(&t, (struct json_span){ json->p, json->len });
		k.marks = yamlin_marks(r, &n);
		if (t.nodes[0].type == JSON_OBJECT)
			check_node(&k, 0, &path, 1);
		else
			tell(&k, 1, 0, "the file has to be a mapping, not %s",
			    json_type_name(t.nodes[0].type));
	}
	tree_release(&t);
	buf_release(&path);
	err_release(&e);
	yamlin_free(r);
	close(fd);
	return k.errors ? -1 : 0;
}

/* The folder of a file, as an absolute path where it can be told. */
static char *
folder(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *dir, *real;

	dir = !slash ? xstrdup(".") : slash == file ? xstrdup("/") :
	    xmemdup(file, (size_t)(slash - file));
	real = realpath(dir, NULL);
	if (!real)
		return dir;
	free(dir);
	return real;
}

int
config_load(struct config *c, const char *file, config_say *say, void *arg)
{
	struct environ own = { 0 }, dotenv = { 0 };
	struct buf json = { 0 }, up = { 0 };
	int bad = 0;

	memset(c, 0, sizeof(*c));
	c->file = file ? xstrdup(file) : NULL;
	c->dir = folder(file);
	if (file)
		bad = read_file(c, &json, say, arg);
	if (bad || !json.len) {
		json.len = 0;
		buf_puts(&json, "{}");
	}
	if (file) {
		buf_printf(&up, "%s/..", c->dir);
		read_env_file(&dotenv, buf_str(&up), ".env", say, arg);
		read_env_file(&dotenv, c->dir, ".env", say, arg);
	}
	environ_inherit(&own);
	add_missing(&own, &dotenv);
	environ_release(&dotenv);
	c->env = own;
	assume(&json);
	if (override(&json, &c->env, say, arg))
		bad = -1;
	c->root.n = json.len;
	c->root.p = c->json = buf_detach(&json, NULL);
	add_configured(&c->env, config_get(c, "runner.environment_vars"));
	buf_release(&up);
	return bad;
}

void
config_release(struct config *c)
{
	free(c->file);
	free(c->dir);
	free(c->json);
	environ_release(&c->env);
	memset(c, 0, sizeof(*c));
}

struct json_span
config_get(const struct config *c, const char *path)
{
	struct json_span v = path_get(c->root, path), none = { 0 };

	return v.p && json_type(v) == JSON_NULL ? none : v;
}

char *
config_text(const struct config *c, const char *path)
{
	struct json_span v = config_get(c, path);
	struct buf b = { 0 };

	if (!v.p)
		return NULL;
	if (json_type(v) == JSON_STRING)
		json_text(&b, v);
	else
		buf_add(&b, v.p, v.n);
	return buf_detach(&b, NULL);
}

double
config_number(const struct config *c, const char *path, double absent)
{
	double d = absent;

	json_double(config_get(c, path), &d);
	return d;
}

int
config_true(const struct config *c, const char *path)
{
	return json_is_true(config_get(c, path));
}

char *
config_path(const struct config *c, const char *path)
{
	return *path == '/' ? xstrdup(path) :
	    xasprintf("%s/%s", c->dir, path);
}

char *
config_name(const struct config *c)
{
	char *name = config_text(c, "name");
	const char *slash;

	if (name && *name)
		return name;
	free(name);
	slash = strrchr(c->dir, '/');
	return xstrdup(slash && slash[1] ? slash + 1 : "experiment");
}

/* --- changing ---------------------------------------------------------------- */

/* Whether text is one plain scalar that a key of this type takes. */
static int
fits_plain(const char *text, enum want want)
{
	struct json_span v = { text, strlen(text) };
	struct json_fault f;
	size_t i;

	if (want == W_INT || want == W_NUMBER || want == W_BOOL ||
	    want == W_SCALAR || want == W_ANY)
		if (json_scan(text, v.n, 0, NULL, NULL, 0, &f) >= 0 &&
		    json_type(v) < JSON_STRING)
			return 1;
	if (!*text || yamlin_other_reading(text, v.n) ||
	    json_scan(text, v.n, 0, NULL, NULL, 0, &f) >= 0)
		return 0;
	/* letters, digits and a few marks, beginning with a letter or so */
	for (i = 0; i < v.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./", text[i]))
			return 0;
	return strchr("-.0123456789", *text) == NULL &&
	    strcasecmp(text, "null") && strcasecmp(text, "true") &&
	    strcasecmp(text, "false");
}

static void
put_scalar(struct buf *b, const char *value, enum want want)
{
	if (fits_plain(value, want))
		buf_puts(b, value);
	else
		json_put_text(b, value, strlen(value));
}

/* Appends "section:\n  key: value\n" for the names of key from at on. */
static void
put_new(struct buf *b, const char *key, size_t indent, const char *value,
    enum want want)
{
	size_t n;

	for (;;) {
		n = strcspn(key, ".");
		buf_fill(b, ' ', indent);
		buf_add(b, key, n);
		buf_puts(b, key[n] ? ":\n" : ": ");
		if (!key[n])
			break;
		key += n + 1;
		indent += 2;
	}
	put_scalar(b, value, want);
	buf_byte(b, '\n');
}

/* The end of the line that offset at is on, its newline included. */
static size_t
line_end(const struct buf *text, size_t at)
{
	while (at < text->len && text->p[at] != '\n')
		at++;
	return at < text->len ? at + 1 : at;
}

/*
 * Goes down the path as far as it leads; returns the node and sets *rest to
 * what is left of the path.
 */
static size_t
descend(const struct tree *t, const char *key, const char **rest)
{
	size_t node = 0, down, n;
	char *name;

	for (*rest = key; **rest; ) {
		n = strcspn(*rest, ".");
		name = xmemdup(*rest, n);
		down = tree_get(t, node, name);
		free(name);
		if (!down)
			break;
		node = down;
		*rest += n + ((*rest)[n] == '.');
	}
	return node;
}

/* Splices the value into text. */
static int
edit(struct buf *text, const struct tree *t, const struct yamlin_mark *marks,
    const char *key, const char *value, enum want want, struct err *e)
{
	const struct yamlin_mark *m;
	struct buf b = { 0 };
	const char *rest;
	size_t node, at, indent;

	rest = key;
	node = t->n ? descend(t, key, &rest) : 0;
	m = marks ? &marks[node] : NULL;
	if (m && !*rest) {
		if (m->style != 'p' && m->style != 'q')
			return err_set(e, m->line, m->col, "'%s' is not in "
			    "one line: edit the file", key);
		if (m->start == m->end && text->p[m->start - 1] != ' ')
			buf_byte(&b, ' ');
		put_scalar(&b, value, want);
		buf_splice(text, m->start, m->end - m->start, b.p, b.len);
	} else if (strchr("0123456789", *rest) || strstr(rest, ".0")) {
		return err_set(e, 0, 0, "'%s' is in a list that is not "
		    "there: edit the file", key);
	} else if (m && node && (t->nodes[node].type != JSON_OBJECT || m->style != '-' ||
	    !t->nodes[node].count)) {
		return err_set(e, m->line, m->col, "'%s' cannot be added "
		    "here: edit the file", key);
	} else {
		/* behind the section's first line, or at the end */
		indent = node ? marks[node + 1].col - 1 : 0;
		at = node ? line_end(text, marks[node + 2].end) : text->len;
		if (node && t->nodes[node + 2].type >= JSON_ARRAY)
			at = marks[node + 1].start - indent;
		if (at && text->p[at - 1] != '\n')
			buf_byte(&b, '\n');
		put_new(&b, rest, indent, value, want);
		buf_splice(text, at, 0, b.p, b.len);
	}
	buf_release(&b);
	return 0;
}

static int
read_whole(const char *file, struct buf *text, struct err *e)
{
	ssize_t n;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, 0, 0, "%s", strerror(errno));
	do {
		n = read(fd, buf_room(text, 65536), 65536);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		err_set(e, 0, 0, "%s", strerror(errno));
	close(fd);
	return n < 0 ? -1 : 0;
}

/* Writes a file anew beside its place, then puts it there. */
static int
write_whole(const char *file, const struct buf *text, struct err *e)
{
	struct stat st;
	char *temp = xasprintf("%s.new", file);
	int fd, bad;

	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bad = fd < 0 || out_write_all(fd, text->p, text->len) ||
	    (stat(file, &st) == 0 && fchmod(fd, st.st_mode & 07777)) ||
	    fsync(fd);
	if (fd >= 0 && close(fd))
		bad = 1;
	if (!bad)
		bad = rename(temp, file) != 0;
	if (bad) {
		err_set(e, 0, 0, "%s", strerror(errno));
		unlink(temp);
	}
	free(temp);
	return bad ? -1 : 0;
}

int
config_set(const char *file, const char *key, const char *value,
    struct err *e)
{
	const struct key *k = find_key(key);
	const struct yamlin_mark *marks;
	struct yamlin_reader *r;
	struct buf text = { 0 }, json = { 0 };
	struct tree t = { 0 };
	size_t line, n;
	int fd, got, bad;

	if (!k)
		return err_set(e, 0, 0, "unknown key '%s'%s%s%s", key,
		    nearest(key) ? ": is '" : "",
		    nearest(key) ? nearest(key) : "",
		    nearest(key) ? "' meant?" : "");
	if (read_whole(file, &text, e))
		return -1;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	r = yamlin_new(fd, YAMLIN_DOCUMENTS);
	got = yamlin_next(r, &json, &line, e);
	marks = got > 0 ? yamlin_marks(r, &n) : NULL;
	if (got > 0)
		tree_parse(&t, (struct json_span){ json.p, json.len });
	bad = got < 0 || edit(&text, &t, marks, key, value, k->want, e) ||
	    write_whole(file, &text, e);
	tree_release(&t);
	yamlin_free(r);
	close(fd);
	buf_release(&json);
	buf_release(&text);
	return bad ? -1 : 0;
}
