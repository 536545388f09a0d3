#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "base/err.h"
#include "base/buf.h"
#include "base/program.h"
#include "json/json.h"
#include "config/env.h"
#include "config/config.h"
#include "command.h"

void
words_add(struct words *l, char *word)
{
	if (l->n + 2 > l->cap) {
		l->cap = grow(l->cap, l->n + 2);
		l->w = xreallocarray(l->w, l->cap, sizeof(*l->w));
	}
	l->w[l->n++] = word;
	l->w[l->n] = NULL;
}

void
words_release(struct words *l)
{
	while (l->n)
		free(l->w[--l->n]);
	free(l->w);
	memset(l, 0, sizeof(*l));
}

/*
 * Splits a command as a shell would, with '...', "..." and \, and nothing
 * else. Returns 0 when a quote is not closed.
 */
static int
split_command(struct words *l, const char *s)
{
	struct buf word = { 0 };
	char quote;
	int any;

	for (;;) {
		s += strspn(s, " \t\n");
		if (!*s)
			return 1;
		for (quote = 0, any = 0; *s && (quote || !strchr(" \t\n",
		    *s)); s++, any = 1) {
			if (!quote && (*s == '\'' || *s == '"'))
				quote = *s;
			else if (quote && *s == quote)
				quote = 0;
			else if (*s == '\\' && quote != '\'' && s[1])
				buf_byte(&word, *++s);
			else
				buf_byte(&word, *s);
		}
		if (quote) {
			buf_release(&word);
			return 0;
		}
		if (any)
			words_add(l, buf_detach(&word, NULL));
	}
}

/* The strings of a list. */
static void
add_texts(struct words *l, struct json_span v)
{
	struct json_span key, item;
	struct json_iter it;
	struct buf text = { 0 };

	if (!json_is(v, JSON_ARRAY))
		return;
	for (it = json_each(v); json_next(&it, &key, &item); ) {
		json_text(&text, item);
		words_add(l, buf_detach(&text, NULL));
	}
}

/* The folder of this name that belongs to the installed programs, or NULL. */
static char *
library_folder(const char *name)
{
	/* installed, in the folder build, in one of its folders */
	static const char *const places[] = {
		"../share/fluxloop", "../../lib", "../../../lib"
	};
	char *folder = program_folder(), *path, *real = NULL;
	size_t i;

	for (i = 0; i < LEN(places) && folder && !real; i++) {
		path = xasprintf("%s/%s/%s", folder, places[i], name);
		real = realpath(path, NULL);
		free(path);
	}
	free(folder);
	return real;
}

static void
command_report_missing(const char *what, const char *remedy, struct err *e)
{
	char *folder = program_folder();

	err_set(e, 0, 0, "no %s found near '%s'%s", what, folder ? folder :
	    "", remedy);
	free(folder);
}

char *
command_package(struct err *e)
{
	const char *set = getenv("FLUXLOOP_PYTHONPATH");
	char *folder;

	if (set && *set)
		return xstrdup(set);
	folder = library_folder("python");
	if (!folder)
		command_report_missing("Python package",
		    ": set FLUXLOOP_PYTHONPATH",
		    e);
	return folder;
}

char *
command_node_package(struct err *e)
{
	char *folder = library_folder("node");

	if (!folder)
		command_report_missing("module for Node", "", e);
	return folder;
}

char *
command_start(const char *module)
{
	return xasprintf("import sys; sys.path.insert(0, sys.argv.pop(1)); "
	    "from fluxloop.%s import main; sys.exit(main())", module);
}

static char *
interpreter(const struct config *c)
{
	char *python = config_text(c, "runner.python");
	const char *venv = env_get(&c->env, "VIRTUAL_ENV");

	if (python && strchr(python, '/') && *python != '/')
		return config_path(c, python);
	if (python)
		return python;
	return venv && *venv ? xasprintf("%s/bin/python", venv) :
	    xstrdup("python3");
}

static void
add_argument(struct words *l, const char *option, char *value)
{
	if (!value)
		return;
	words_add(l, xstrdup(option));
	words_add(l, value);
}

/* runner.python_path, a folder or a list of them. */
static void
add_paths(struct words *l, const struct config *c)
{
	struct words paths = { 0 };
	size_t i;

	if (json_is(config_get(c, "runner.python_path"), JSON_STRING))
		words_add(&paths, config_text(c, "runner.python_path"));
	add_texts(&paths, config_get(c, "runner.python_path"));
	for (i = 0; i < paths.n; i++) {
		add_argument(l, "--path", config_path(c, paths.w[i]));
		free(paths.w[i]);
	}
	free(paths.w);
}

/*
 * Passes the keyword arguments of the factory in a variable: they may be
 * secrets, and all users can read command lines. Removes an old value.
 */
static void
set_factory_kwargs(struct config *c)
{
	static const char name[] = "FLUXLOOP_FACTORY_KWARGS";
	char *kwargs = config_text(c, "runner.factory_kwargs");

	if (kwargs || env_get(&c->env, name))
		env_set(&c->env, name, strlen(name), kwargs ? kwargs : "", 1);
	free(kwargs);
}

/* The bridge between the protocol and a Python handler. */
static int
python_agent(struct command *agent, struct config *c, const char *target,
    int replay, struct err *e)
{
	struct words *l = &agent->argv;
	const char *old = env_get(&c->env, "PYTHONPATH");
	char *path;

	if (!strchr(target, ':'))
		return err_set(e, 0, 0, "target '%s': expected "
		    "module:function or module:Class.method", target);
	agent->python = interpreter(c);
	agent->package = command_package(e);
	if (!agent->package)
		return -1;
	words_add(l, xstrdup(agent->python));
	add_argument(l, "-c", command_start("bridge"));
	words_add(l, xstrdup(agent->package));
	if (replay) {
		words_add(l, xstrdup("--replay"));
		add_argument(l, "--revive", config_text(c,
		    "replay_args.revive"));
	}
	add_argument(l, "--factory", config_text(c, "runner.factory"));
	set_factory_kwargs(c);
	add_argument(l, "--stream-output-path",
	    config_text(c, "runner.stream_output_path"));
	add_argument(l, "--drain", config_text(c, "replay_args.drain_seconds"));
	add_argument(l, "--concurrency", config_text(c, "runner.concurrency"));
	add_paths(l, c);
	words_add(l, xstrdup(target));
	path = old && *old ? xasprintf("%s:%s", agent->package, old) :
	    xstrdup(agent->package);
	env_set(&c->env, "PYTHONPATH", strlen("PYTHONPATH"), path, 1);
	free(path);
	return 0;
}

/* The target as configured, or NULL. */
static char *
configured_target(const struct config *c)
{
	char *target = config_text(c, "runner.target"), *module, *function;

	if (target)
		return target;
	module = config_text(c, "runner.module_path");
	if (!module)
		return NULL;
	function = config_text(c, "runner.function_name");
	target = xasprintf("%s:%s", module, function ? function : "run");
	free(module);
	free(function);
	return target;
}

static int
command_agent(struct words *l, const struct config *c, const char *command,
    struct err *e)
{
	struct json_span v = config_get(c, "runner.process.command");
	char *text = command ? xstrdup(command) : json_is(v, JSON_STRING) ?
	    config_text(c, "runner.process.command") : NULL;
	int whole = !text || split_command(l, text);

	free(text);
	if (!whole)
		return err_set(e, 0, 0, "the command's quotes are not closed");
	if (!command)
		add_texts(l, v);
	return l->n ? 0 : err_set(e, 0, 0, "the command is empty");
}

static int
set_protocol(struct command *l, const struct config *c, const char *given,
    struct err *e)
{
	char *name = given ? xstrdup(given) :
	    config_text(c, "runner.process.protocol");
	int known;

	l->lines = name && !strcmp(name, "lines");
	known = !name || l->lines || !strcmp(name, "jsonl");
	if (!known)
		err_set(e, 0, 0, "protocol '%s': expected jsonl or lines",
		    name);
	free(name);
	return known ? 0 : -1;
}

/* fl-http: the one beside this program, or that of the PATH. To be freed. */
static char *
find_http(void)
{
	char *folder = program_folder(), *file = NULL;

	if (folder)
		file = program_in(folder, strlen(folder), "fl-http");
	free(folder);
	return file ? file : xstrdup("fl-http");
}

/* Sets the agent for a service, fl-http, which reads the same configuration. */
static int
service_agent(struct command *l, const struct config *c,
    const struct command_limits *limits, struct err *e)
{
	char *file;
	double times;

	if (!c->file)
		return err_set(e, 0, 0, "runner.http needs a configuration "
		    "file");
	file = realpath(c->file, NULL);
	if (!file)
		return err_set(e, 0, 0, "%s: %s", c->file, strerror(errno));
	times = config_number(c, "runner.concurrency");
	if (json_is_str(config_get(c, "runner.isolation"), "call"))
		times = 0;
	words_add(&l->argv, find_http());
	add_argument(&l->argv, "--config", file);
	add_argument(&l->argv, "--concurrency", xasprintf("%.0f",
	    times > 0 ? times * (double)limits->parallel : 1));
	add_argument(&l->argv, "--timeout", xasprintf("%g", limits->timeout));
	l->service = 1;
	l->hello = 1;
	return 0;
}

/* --- limits -------------------------------------------------------------- */

/*
 * Limits that the shell can set: ulimit's letter, the number of its units (KiB
 * of address space, blocks of 512 bytes) in one of the configuration's, and the
 * distance of the hard limit from the soft one. If both limits are equal, Linux
 * ends a process that exceeds its CPU time by SIGKILL, which hides the reason.
 */
static const struct {
	const char *key;
	char letter;
	long long factor, above;
} limits[] = {
	{ "runner.limits.address_space_mb", 'v', 1024, 0 },
	{ "runner.limits.cpu_seconds", 't', 1, 1 },
	{ "runner.limits.open_files", 'n', 1, 0 },
	{ "runner.limits.file_mb", 'f', 2048, 0 },
};

/* Whether a program can be found from the folder as posix_spawnp would. */
static int
is_program(const char *name, const char *dir)
{
	char *file;
	int found;

	if (strchr(name, '/')) {
		file = xasprintf("%s/%s", dir && *name != '/' ? dir : "",
		    name);
		found = access(dir ? file : name, X_OK) == 0;
		free(file);
		return found;
	}
	file = program_find(name);
	found = file != NULL;
	free(file);
	return found;
}

/*
 * Puts a shell in front that sets the limits and then executes the agent:
 * limits set from outside might come too late.
 */
static int
set_process_limits(struct words *l, const struct config *c, const char *dir,
    struct err *e)
{
	struct words all = { 0 };
	struct buf script = { 0 };
	long long most;
	double d;
	size_t i;

	for (i = 0; i < LEN(limits); i++) {
		if (!json_double(config_get(c, limits[i].key), &d))
			continue;
		most = (long long)d * limits[i].factor;
		/* a hard limit that cannot be set is lower already */
		buf_printf(&script, "ulimit -S%c %lld && "
		    "{ ulimit -H%c %lld 2>/dev/null || :; } && ",
		    limits[i].letter, most, limits[i].letter,
		    most + limits[i].above);
	}
	if (!script.len)
		return 0;
	buf_puts(&script, "exec \"$@\"");
	add_argument(&all, "sh", xstrdup("-c"));
	words_add(&all, buf_detach(&script, NULL));
	words_add(&all, xstrdup("sh"));
	for (i = 0; i < l->n; i++)
		words_add(&all, l->w[i]);
	free(l->w);
	*l = all;
	return is_program(l->w[4], dir) ? 0 : err_set(e, 0, 0, "cannot start "
	    "'%s': No such file or directory", l->w[4]);
}

/* --- all of it ----------------------------------------------------------- */

/* The folder to start in. */
static char *
working_directory(const struct config *c)
{
	char *dir = config_text(c, "runner.working_directory"), *path;

	if (!dir)
		return c->file ? xstrdup(c->dir) : NULL;
	path = config_path(c, dir);
	free(dir);
	return path;
}

int
command_init(struct command *l, struct config *c, const char *target,
    const char *command, const char *protocol, int replay,
    const struct command_limits *most, struct err *e)
{
	int service = !target && !command &&
	    (config_get(c, "runner.http.url").p ||
	    config_get(c, "runner.http.api").p);

	memset(l, 0, sizeof(*l));
	l->dir = working_directory(c);
	l->target = target ? xstrdup(target) : configured_target(c);
	if (service && (l->target ||
	    config_get(c, "runner.process.command").p))
		return err_set(e, 0, 0, "runner.http and %s are both set: "
		    "remove one", l->target ? "runner.target" :
		    "runner.process.command");
	if (service) {
		if (service_agent(l, c, most, e))
			return -1;
	} else if (command || (!target && config_get(c,
	    "runner.process.command").p)) {
		if (command_agent(&l->argv, c, command, e) ||
		    set_protocol(l, c, protocol, e))
			return -1;
	} else if (!l->target) {
		return err_set(e, 0, 0, "nothing to run: give --target or "
		    "--command, or set runner.target or runner.http.url");
	} else {
		l->hello = 1;
		if (python_agent(l, c, l->target, replay, e))
			return -1;
	}
	return set_process_limits(&l->argv, c, l->dir, e);
}

void
command_release(struct command *l)
{
	words_release(&l->argv);
	free(l->target);
	free(l->dir);
	free(l->python);
	free(l->package);
}
