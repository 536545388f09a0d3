#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/nearest.h"
#include "base/slug.h"
#include "base/util.h"
#include "base/visible.h"
#include "base/warn.h"
#include "json/json.h"
#include "io/out.h"
#include "record/secret.h"
#include "record/secretname.h"
#include "config/config.h"
#include "config/configset.h"
#include "config/env.h"
#include "config/envset.h"
#include "config/existing.h"
#include "config/layout.h"
#include "config/project.h"
#include "config/schema.h"
#include "generate/strategies.h"

static const char usage[] =
"fl-config [-f FILE] COMMAND [ARGUMENT ...]\n"
"Check, show and edit setting.yaml.\n"
"  check               report errors and warnings about the file, and what it\n"
"                      names that is not there\n"
"  check run           leave out what concerns only the making of inputs\n"
"  check generate      leave out what concerns only runs\n"
"  show                print the effective configuration as JSON\n"
"  show --defaults     print the defaults alone, without a file\n"
"  get KEY             print one effective value, such as runner.target\n"
"  set KEY VALUE       change one value and keep the rest of the file\n"
"  unset KEY           remove a key\n"
"  inputs              print base_inputs as JSONL inputs\n"
"  env                 print the variables that agents get from .env files\n"
"                      and the file\n"
"  env get NAME        print one variable of agents\n"
"  env set NAME VALUE  change the .env file in FILE's folder\n"
"For scripts:\n"
"  keys                print each KEY with its TYPE and the VALUES it can have\n"
"  inputs-file         print the file that inputs are read from, as seen from\n"
"                      here; nothing if base_inputs are used\n"
"  path KEY DEFAULT    print the path that KEY or else DEFAULT gives, as seen\n"
"                      from here\n"
"  nearest WORD KNOWN ...  print the known word that WORD probably stands for\n"
"  project NAME DIR    print the folder of a new project NAME in DIR\n"
"  example             print the folder of the example project\n"
"  quote TEXT          print TEXT as a JSON string\n"
"  shell WORD ...      print the words on a line, quoted for a shell\n"
"  slug TEXT           print TEXT as a path component\n"
"  values WORD ...     print a value for each WORD, which ends in a NUL byte:\n"
"                      KEY what it is, or nothing; KEY=DEFAULT what 'path'\n"
"                      prints; inputs-file what 'inputs-file' prints\n"
"  values run WORD ...  check as 'check run' does first\n"
"  values generate WORD ...  check as 'check generate' does first\n"
"  visible TEXT ...    print each TEXT as a line, with escapes for control and\n"
"                      other invisible characters\n"
"Options:\n"
"  -f, --file FILE     use FILE instead of setting.yaml\n"
"      --limit N       print at most N inputs\n";

enum { OPT_LIMIT = CLI_OPT };

static const struct option options[] = {
	{ "file", required_argument, NULL, 'f' },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	CLI_COMMON
};

static struct out out;

/* Maximum number of inputs to print. */
static long long limit = INT64_MAX;

/* 1: report warnings, too. */
static int checking;

static size_t warnings;		/* number of warnings */

static void
report_config(void *file, int error, const struct err *e)
{
	char *text;

	if (!error && !checking)
		return;
	warnings += !error;
	text = err_text(e, file);
	warn("%s%s", error ? "" : "warning: ", text);
	free(text);
}

/* Reports a strategy that fl-generate does not know. */
static void
check_strategy(const struct config *c, const char *key, struct json_span v)
{
	struct nearest near;
	struct err e = { 0 };
	struct buf name = { 0 };
	size_t i;

	if (json_is(v, JSON_OBJECT))
		v = json_get(v, "type");
	if (!json_is(v, JSON_STRING))
		return;
	json_text(&name, v);
	nearest_init(&near, buf_str(&name));
	for (i = 0; i < strategies_count; i++)
		nearest_try(&near, strategies_name(i));
	if (strategies_find(name.p) == strategies_count) {
		err_set(&e, 0, 0, "%s: unknown strategy '%s'%s%s%s", key,
		    name.p, near.found ? "; did you mean '" : "", near.found ?
		    near.found : "", near.found ? "'?" : "");
		configset_locate(c->file, key, &e);
		report_config(c->file, 0, &e);
	}
	err_release(&e);
	buf_release(&name);
}

static void
check_strategies(const struct config *c)
{
	static const char *const keys[] = {
		"variation_strategies", "input_generation.strategies"
	};
	struct json_span list, index, v;
	struct json_iter it;
	size_t i;

	for (i = 0; i < LEN(keys); i++) {
		list = config_get(c, keys[i]);
		if (json_is(list, JSON_STRING))
			check_strategy(c, keys[i], list);
		if (!json_is(list, JSON_ARRAY))
			continue;
		for (it = json_each(list); json_next(&it, &index, &v); )
			check_strategy(c, keys[i], v);
	}
}

/* The checks are done on a file that was checked when it was read. */
static int
check_run(const struct config *c, char **args)
{
	(void)args;
	existing_folders(c, report_config, c->file);
	return warnings > 0;
}

static int
check_generate(const struct config *c, char **args)
{
	(void)args;
	check_strategies(c);
	return warnings > 0;
}

static int
check(const struct config *c, char **args)
{
	check_run(c, args);
	check_generate(c, args);
	existing_files(c, report_config, c->file);
	return warnings > 0;
}

static int
show(const struct config *c, char **args)
{
	struct buf *b = out_begin(&out), masked = { 0 };

	(void)args;
	secret_mask(&masked, c->root, NULL);
	json_pretty(b, json_buf(&masked), 0);
	buf_byte(b, '\n');
	buf_release(&masked);
	return 0;
}

/* Prints the defaults, without the file and the environment. */
static int
show_defaults(const char *file, char **args)
{
	struct buf *b = out_begin(&out), json = { 0 };

	(void)file;
	(void)args;
	config_defaults(&json);
	json_pretty(b, json_buf(&json), 0);
	buf_byte(b, '\n');
	buf_release(&json);
	return 0;
}

/* Prints the keys that have an effect and a name of their own. */
static int
keys(const char *file, char **args)
{
	const struct schema_key *key;
	struct buf *b = out_begin(&out);
	size_t i;

	(void)file;
	(void)args;
	for (i = 0; i < schema_nkeys; i++) {
		key = &schema_keys[i];
		if (key->ignored || strchr(key->path, '*'))
			continue;
		buf_printf(b, "%s\t%s\t%s\n", key->path,
		    schema_type_name(key->type), key->choices ? key->choices :
		    key->type == SCHEMA_BOOL ? "true false" : "");
	}
	return 0;
}

/* Returns the effective value of a key, or NULL. */
static char *
key_text(const struct config *c, const char *key)
{
	return strcmp(key, "name") ? config_text(c, key) : config_name(c);
}

static int
get(const struct config *c, char **args)
{
	struct buf *b = out_begin(&out);
	char *text = key_text(c, args[0]);

	if (!text)
		return 1;
	buf_puts(b, text);
	buf_byte(b, '\n');
	free(text);
	return 0;
}

static int
inputs(const struct config *c, char **args)
{
	struct json_span list = config_get(c, "base_inputs"), key, v;
	struct json_iter it;
	struct buf *b = out_begin(&out);

	(void)args;
	if (!list.p)
		return 0;
	for (it = json_each(list); limit-- > 0 && json_next(&it, &key, &v); ) {
		if (json_type(v) == JSON_OBJECT) {
			buf_add(b, v.p, v.n);
		} else {
			json_open(b, NULL, '{');
			json_add(b, "input", v);
			json_close(b, '}');
		}
		buf_byte(b, '\n');
		out_end(&out);
	}
	return 0;
}

/* Whether the process has the variable whose name has n bytes. */
static int
is_inherited(const char *name, size_t n)
{
	char *copy = xmemdup(name, n);
	int is = getenv(copy) != NULL;

	free(copy);
	return is;
}

/* Prints a path and a newline. */
static void
put_path(const char *path)
{
	struct buf *b = out_begin(&out);

	buf_puts(b, path);
	buf_byte(b, '\n');
}

/* Sets *file to the file that inputs are read from, NULL for base_inputs. */
static int
find_inputs_file(const struct config *c, char **file)
{
	struct err e = { 0 };

	*file = NULL;
	if (!existing_inputs(c, file, &e))
		return 0;
	warn("%s", e.msg);
	err_release(&e);
	return -1;
}

static int
inputs_file(const struct config *c, char **args)
{
	char *file;

	(void)args;
	if (find_inputs_file(c, &file))
		return 2;
	if (file)
		put_path(file);
	free(file);
	return 0;
}

/* Returns the path in a key, or else `other`, relative to this folder. */
static char *
key_path(const struct config *c, const char *key, const char *other)
{
	char *name = config_text(c, key), *seen;
	struct layout l;

	layout_find(&l, c->file);
	seen = layout_beside(&l, name ? name : other);
	layout_release(&l);
	free(name);
	return seen;
}

static int
path(const struct config *c, char **args)
{
	char *seen = key_path(c, args[0], args[1]);

	put_path(seen);
	free(seen);
	return 0;
}

/* Prints a word's value and a NUL byte. */
static int
put_value_of(const struct config *c, const char *word)
{
	struct buf *b;
	const char *eq = strchr(word, '=');
	char *key = xmemdup(word, eq ? (size_t)(eq - word) : strlen(word)), *text;
	int bad = 0;

	if (!strcmp(word, "inputs-file"))
		bad = find_inputs_file(c, &text);
	else
		text = eq ? key_path(c, key, eq + 1) : key_text(c, key);
	b = out_begin(&out);
	if (!bad) {
		buf_puts(b, text ? text : "");
		buf_byte(b, '\0');
	}
	free(text);
	free(key);
	return bad;
}

static int
values(const struct config *c, char **args)
{
	for (; *args; args++)
		if (put_value_of(c, *args))
			return 2;
	return 0;
}

static int
values_run(const struct config *c, char **args)
{
	int status = check_run(c, args);

	return values(c, args) ? 2 : status;
}

static int
values_generate(const struct config *c, char **args)
{
	int status = check_generate(c, args);

	return values(c, args) ? 2 : status;
}

static int
env(const struct config *c, char **args)
{
	struct buf *b = out_begin(&out);
	const char *eq;
	size_t i, n;

	(void)args;
	for (i = 0; i < c->env.n; i++) {
		eq = strchr(c->env.vars[i], '=');
		n = (size_t)(eq - c->env.vars[i]);
		if (is_inherited(c->env.vars[i], n))
			continue;
		buf_add(b, c->env.vars[i], n + 1);
		buf_puts(b, secret_name(c->env.vars[i], n) ? "***" : eq + 1);
		buf_byte(b, '\n');
	}
	return 0;
}

static int
get_env(const struct config *c, char **args)
{
	const char *value = getenv(args[0]);
	struct buf *b = out_begin(&out);

	if (!value)
		value = env_get(&c->env, args[0]);
	if (!value)
		return 1;
	buf_puts(b, value);
	buf_byte(b, '\n');
	return 0;
}

static int
set_env(const char *file, char **args)
{
	struct layout l;
	struct err e = { 0 };
	char *dotenv, *text;
	int bad;

	layout_find(&l, file);
	dotenv = layout_beside(&l, ".env");
	layout_release(&l);
	bad = envset_put(dotenv, args[0], args[1], &e);
	if (bad) {
		text = err_text(&e, dotenv);
		warn("%s", text);
		free(text);
	}
	err_release(&e);
	free(dotenv);
	return bad ? 2 : 0;
}

static int
nearest(const char *file, char **args)
{
	struct nearest near;
	struct buf *b = out_begin(&out);

	(void)file;
	nearest_init(&near, *args);
	while (*++args)
		nearest_try(&near, *args);
	if (!near.found)
		return 1;
	buf_puts(b, near.found);
	buf_byte(b, '\n');
	return 0;
}

static int
project(const char *file, char **args)
{
	struct buf *b = out_begin(&out);
	struct err e = { 0 };
	int bad = project_folder(b, args[0], args[1], &e);

	(void)file;
	if (bad)
		warn("%s", e.msg);
	else
		buf_byte(b, '\n');
	err_release(&e);
	return bad ? 2 : 0;
}

static int
example(const char *file, char **args)
{
	char *folder = project_example();

	(void)file;
	(void)args;
	if (!folder) {
		warn("the example project is missing: run 'make install'");
		return 2;
	}
	put_path(folder);
	free(folder);
	return 0;
}

static int
quote(const char *file, char **args)
{
	struct buf *b = out_begin(&out);

	(void)file;
	json_put_text(b, args[0], strlen(args[0]));
	buf_byte(b, '\n');
	return 0;
}

static int
slug(const char *file, char **args)
{
	struct buf *b = out_begin(&out);

	(void)file;
	slug_put(b, args[0]);
	buf_byte(b, '\n');
	return 0;
}

/* Appends a word as a shell reads it back, and as a terminal shows it. */
static void
put_shell(struct buf *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=,-";
	struct buf text = { 0 };
	const char *quotes = "'";

	visible_put(&text, word, strlen(word));
	if (strcmp(buf_str(&text), word) != 0)
		quotes = "$'";
	else if (*word && !word[strspn(word, plain)])
		quotes = "";
	text.len = 0;
	for (; *word; word++) {
		if (*quotes == '$' && (*word == '\'' || *word == '\\'))
			buf_byte(&text, '\\');
		if (*quotes == '\'' && *word == '\'')
			buf_puts(&text, "'\\'");
		buf_byte(&text, *word);
	}
	buf_puts(b, quotes);
	visible_put(b, buf_str(&text), text.len);
	if (*quotes)
		buf_byte(b, '\'');
	buf_release(&text);
}

static int
shell(const char *file, char **args)
{
	struct buf *b = out_begin(&out);

	(void)file;
	for (; *args; args++) {
		put_shell(b, *args);
		buf_byte(b, args[1] ? ' ' : '\n');
	}
	return 0;
}

static int
visible(const char *file, char **args)
{
	struct buf *b = out_begin(&out);

	(void)file;
	for (; *args; args++) {
		visible_put(b, *args, strlen(*args));
		buf_byte(b, '\n');
	}
	return 0;
}

static int
set(const char *file, char **args)
{
	struct err e = { 0 };

	int bad = configset_put(file, args[0], args[1], &e);

	if (bad)
		report_config((void *)(uintptr_t)file, 1, &e);
	err_release(&e);
	return bad ? 2 : 0;
}

static int
unset(const char *file, char **args)
{
	struct err e = { 0 };
	int bad = configset_remove(file, args[0], &e);

	if (bad)
		report_config((void *)(uintptr_t)file, 1, &e);
	err_release(&e);
	return bad ? 2 : 0;
}

/* A command of two words comes before the command of its first word alone. */
static const struct command {
	const char *name;
	const char *second;	/* the second word, or NULL */
	int args;		/* number of arguments after the words */
	int more;		/* 1: any number of arguments may follow */
	int warns;		/* 1: report warnings about the file */
	/* one of: run on the effective configuration; edit on the file's name */
	int (*run)(const struct config *c, char **args);
	int (*edit)(const char *file, char **args);
} commands[] = {
	{ .name = "check", .second = "run", .warns = 1,
	  .run = check_run },
	{ .name = "check", .second = "generate", .warns = 1,
	  .run = check_generate },
	{ .name = "check", .warns = 1, .run = check },
	{ .name = "show", .second = "--defaults", .edit = show_defaults },
	{ .name = "show", .run = show },
	{ .name = "keys", .edit = keys },
	{ .name = "get", .args = 1, .run = get },
	{ .name = "set", .args = 2, .edit = set },
	{ .name = "unset", .args = 1, .edit = unset },
	{ .name = "inputs", .run = inputs },
	{ .name = "inputs-file", .run = inputs_file },
	{ .name = "path", .args = 2, .run = path },
	{ .name = "env", .second = "get", .args = 1, .run = get_env },
	{ .name = "env", .second = "set", .args = 2, .edit = set_env },
	{ .name = "env", .run = env },
	{ .name = "nearest", .args = 1, .more = 1, .edit = nearest },
	{ .name = "project", .args = 2, .edit = project },
	{ .name = "example", .edit = example },
	{ .name = "quote", .args = 1, .edit = quote },
	{ .name = "shell", .args = 1, .more = 1, .edit = shell },
	{ .name = "slug", .args = 1, .edit = slug },
	{ .name = "values", .second = "run", .more = 1, .warns = 1,
	  .run = values_run },
	{ .name = "values", .second = "generate", .more = 1, .warns = 1,
	  .run = values_generate },
	{ .name = "values", .more = 1, .run = values },
	{ .name = "visible", .args = 1, .more = 1, .edit = visible },
};

/* Runs a command. Returns the exit status. */
static int
run_command(const struct command *cmd, const char *file, char **args)
{
	struct config c;
	int status = 2;

	if (cmd->edit)
		return cmd->edit(file, args);
	checking = cmd->warns;
	if (!config_load(&c, file, report_config,
	    (void *)(uintptr_t)file))
		status = cmd->run(&c, args);
	config_release(&c);
	return status;
}

/* Finds the command that the words, which end in NULL, begin with. */
static const struct command *
match_command(char **words)
{
	struct nearest near;
	size_t i;

	nearest_init(&near, words[0]);
	for (i = 0; i < LEN(commands); i++) {
		if (!strcmp(commands[i].name, words[0]) &&
		    (!commands[i].second || (words[1] &&
		    !strcmp(commands[i].second, words[1]))))
			return &commands[i];
		nearest_try(&near, commands[i].name);
	}
	if (near.found)
		cli_misused(usage, "unknown command '%s'; did you mean '%s'?",
		    words[0], near.found);
	cli_misused(usage, "unknown command '%s'", words[0]);
}

int
main(int argc, char **argv)
{
	const char *file = "setting.yaml";
	const struct command *cmd;
	int c, words, status;

	util_init(argv[0]);
	while ((c = cli_option(argc, argv, "+f:", options)) != -1) {
		switch (c) {
		case 'f': file = optarg; break;
		case OPT_LIMIT:
			limit = cli_int("--limit", optarg, 0, INT64_MAX);
			break;
		default: cli_common(c, usage);
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc)
		cli_misused(usage, "missing command");
	cmd = match_command(argv);
	words = cmd->second ? 2 : 1;
	if (argc - words < cmd->args || (argc - words > cmd->args &&
	    !cmd->more))
		cli_misused(usage, "'%s%s%s' takes %d argument%s%s", cmd->name,
		    cmd->second ? " " : "", cmd->second ? cmd->second : "",
		    cmd->args, cmd->args == 1 ? "" : "s",
		    cmd->more ? " or more" : "");
	out_init(&out, STDOUT_FILENO, 0);
	status = run_command(cmd, file, argv + words);
	if (out_close(&out))
		die("<stdout>: %s", strerror(out.error));
	return status;
}
